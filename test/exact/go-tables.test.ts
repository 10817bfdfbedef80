import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { goTablesIn, readGoTables, type GoTables } from '../../harness/exact/index.ts';
import { seededRandom } from '../profile/format/mutate.ts';
import { buildProgram, NEWEST_GO, startNative, testFolder } from './counted-program.ts';
import { MODULE_WORDS, moduleDataAt, subjectOf } from './spoiled-tables.ts';
import { fuzzTables } from './table-fuzz.ts';

const folder = testFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Addresses all over the program: first from function to function, then a prime stride apart within each. */
const addressesOf = (tables: GoTables, most: number): readonly number[] => {
  const found: number[] = [];
  let address = tables.codeStart;
  let skipped = 0;
  while (skipped < 0x20000) {
    const inside = tables.functionAt(address);
    if (inside === undefined) {
      skipped += 16;
      address += 16;
      continue;
    }
    skipped = 0;
    for (let at = inside.entry; at < inside.end; at += 37) found.push(at);
    address = inside.end;
  }
  const step = Math.max(1, Math.floor(found.length / most));
  return found.filter((_, i) => i % step === 0);
};

/** As Go prints names: type arguments, from the first bracket to the last, collapsed (runtime.funcNameForPrint). */
const withoutTypes = (frame: string): string => frame.replace(/\[.*\]/, '[...]');

/** Of the text's first instruction Go tells the line and no name. */
const isNameless = (frame: string): boolean => frame.startsWith(' ');

/** Where Go's own runtime says the program's functions are, less where they were linked. */
const biasOf = (tables: GoTables, addresses: readonly number[], entry: string): number => {
  const linked = addresses.find((address) => tables.functionAt(address)?.name === 'main.obey') ?? 0;
  return Number.parseInt(entry, 16) - (tables.functionAt(linked)?.entry ?? 0);
};

const EXTERNAL = '-ldflags=-linkmode=external';

const ours = (tables: GoTables, address: number): readonly string[] =>
  tables.framesAt(address).map((frame) => `${frame.function} ${frame.file}:${frame.line}`);

describe('what the tables of a binary say of an address', () => {
  it.each([
    ['as go build makes it', 'local', []],
    ['stripped and trimmed', 'local', ['-trimpath', '-ldflags=-s -w']],
    ['with functions moved by the linker', 'local', ['-ldflags=-randlayout=3']],
    ['position-independent, linked by the C linker', 'local', ['-buildmode=pie', EXTERNAL]],
    ['of the newest Go', NEWEST_GO, []],
    ['of the newest Go, position-independent and stripped', NEWEST_GO, ['-buildmode=pie', '-ldflags=-s -w']],
    ['of the newest Go, linked by the C linker', NEWEST_GO, [EXTERNAL]],
    ['of the newest Go, position-independent, linked by the C linker', NEWEST_GO, ['-buildmode=pie', EXTERNAL]],
  ])('agrees with Go’s own runtime on function, file and line: %s', async (_, toolchain, flags) => {
    const binary = buildProgram(folder, flags, toolchain);
    const tables = readGoTables(binary);
    const addresses = addressesOf(tables, 4000);
    expect(addresses.length).toBeGreaterThan(3000);
    const subject = startNative(binary);
    try {
      const [entry = ''] = await subject.tell('entry 0');
      const bias = biasOf(tables, addresses, entry);
      const loaded = addresses.map((address) => (address + bias).toString(16));
      const theirs = await subject.tell(`frames 0 ${loaded.join(' ')}`);
      // Between functions lies padding, for which there are no lines; Go's runtime guesses there.
      const padding = addresses.filter((address) => ours(tables, address)[0]?.endsWith(' ?:0'));
      expect(padding.length).toBeLessThan(addresses.length / 20);
      const wrong = addresses.flatMap((address, i) => {
        const got = ours(tables, address)[0] ?? '';
        const expected = theirs[i] ?? '';
        if (isNameless(expected) || padding.includes(address)) return [];
        return withoutTypes(got) === expected ? [] : [{ address, got, expected }];
      });
      expect(wrong.slice(0, 3)).toEqual([]);
    } finally {
      await subject.stop();
    }
  });

  it('agrees with a stack that Go walked itself on what was inlined into what', async () => {
    const binary = buildProgram(folder);
    const tables = readGoTables(binary);
    const subject = startNative(binary);
    try {
      const [address = '', stack = ''] = await subject.tell('stack 1');
      const chain = ours(tables, Number.parseInt(address, 16));
      expect(chain.map((frame) => frame.split(' ')[0])).toEqual(['main.innermost', 'main.middle', 'main.outermost']);
      expect(stack.split('|').slice(0, 3)).toEqual(chain);
    } finally {
      await subject.stop();
    }
  });

  it('is the same for every address of a stretch, and stretches lie side by side', () => {
    const tables = readGoTables(buildProgram(folder));
    let lengths = 0;
    for (const address of addressesOf(tables, 300)) {
      const { start, end } = tables.stretchAt(address) ?? { start: 0, end: 0 };
      expect(start <= address && address < end).toBe(true);
      const frames = ours(tables, address);
      for (let at = start; at < end; at++) expect(ours(tables, at)).toEqual(frames);
      const inside = tables.functionAt(address);
      if (end < (inside?.end ?? 0)) expect(tables.stretchAt(end)?.start).toBe(end);
      lengths += end - start;
    }
    expect(lengths).toBeGreaterThan(1500);
  });

  it('has its code from the file as often as it is released, and says so where the file is gone', () => {
    const file = path.join(folder, 'copy');
    copyFileSync(buildProgram(folder), file);
    const [kept, fromFile] = [goTablesIn(readFileSync(file), 'program'), readGoTables(file)];
    const places = addressesOf(kept, 50);
    expect(places.length).toBeGreaterThan(20);
    for (const address of places) {
      const code = kept.codeAt(address, 5);
      expect(code).toHaveLength(5);
      expect(fromFile.codeAt(address, 5)).toEqual(code);
      fromFile.releaseCode();
    }
    expect(fromFile.codeAt(0x10, 5)).toHaveLength(0);
    fromFile.releaseCode();
    rmSync(file);
    expect(() => fromFile.codeAt(places[0] ?? 0, 5)).toThrow(/copy cannot be read/);
  });

  it('knows nothing outside the program’s Go code', () => {
    const tables = readGoTables(buildProgram(folder));
    expect(tables.framesAt(0x10)).toEqual([]);
    expect(tables.stretchAt(0x10)).toBeUndefined();
    expect(tables.functionAt(2 ** 47)).toBeUndefined();
  });
});

describe('a program whose tables are spoiled', () => {
  const program = (): Buffer => readFileSync(buildProgram(folder));

  it.each<readonly [string, (data: Buffer, module: number) => void]>([
    ['a length beyond the file', (data, module) => data.writeBigUInt64LE(2n ** 40n, module + 8 * 8)],
    ['a field more', (data, module) => data.copyWithin(module + 8 * 5, module + 8 * 4, module + 8 * MODULE_WORDS)],
    ['a field less', (data, module) => data.copyWithin(module + 8 * 4, module + 8 * 5, module + 8 * MODULE_WORDS)],
    ['code that begins elsewhere', (data, module) => data.writeBigUInt64LE(0x1000n, module + 8 * 22)],
  ])('is refused in one sentence: %s', (_, spoil) => {
    const data = program();
    spoil(data, moduleDataAt(data));
    expect(() => goTablesIn(data, 'program')).toThrow(
      'program: the record of its main module (moduledata) was not found or is laid out in another way',
    );
  });

  it('is refused where its inlined calls go in a circle', () => {
    const data = program();
    const tables = goTablesIn(data, 'program');
    const home = addressesOf(tables, 200_000)
      .map((address) => tables.functionAt(address))
      .find((each) => each?.name === 'main.outermost');
    const { entry = 0, end = 0 } = home ?? {};
    const offsets = Array.from({ length: end - entry }, (_, at) => at);
    const offset = offsets.find((at) => tables.framesAt(entry + at)[0]?.function === 'main.innermost') ?? 0;
    expect(tables.framesAt(entry + offset)).toHaveLength(3);
    const [names = 0] = subjectOf(data).parts;
    const name = Buffer.alloc(4);
    name.writeUInt32LE(data.indexOf('\0main.innermost\0') + 1 - names);
    // The call stands where it was inlined: in itself.
    for (let at = data.indexOf(name); at >= 0; at = data.indexOf(name, at + 1)) data.writeInt32LE(offset, at + 4);
    expect(() => goTablesIn(data, 'program').framesAt(entry + offset)).toThrow(
      'program: its inlined calls go in a circle',
    );
  });

  it('is read or refused in one sentence, and never misread where only the layout differs: 240 at random', () => {
    const originals = [program(), readFileSync(buildProgram(folder, ['-buildmode=pie', EXTERNAL], NEWEST_GO))];
    const { read, refused } = fuzzTables(originals, 240, seededRandom(127), null);
    expect(read).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(80);
  }, 60_000);
});

describe('a file that cannot be counted', () => {
  it('is refused when it is not there', () => {
    expect(() => readGoTables(path.join(folder, 'nothing'))).toThrow(
      /^.*nothing cannot be read: there is no such file/,
    );
  });

  it('is refused when it is no program', () => {
    const file = path.join(folder, 'text');
    writeFileSync(file, 'no program at all');
    expect(() => readGoTables(file)).toThrow(/is not an ELF file/);
  });

  it('is refused when it is not a Go program', () => {
    const other = ['/bin/true', '/usr/bin/true'].find((each) => existsSync(each)) ?? process.execPath;
    expect(() => readGoTables(other)).toThrow(/no table of Go functions/);
    expect(readdirSync(folder)).toContain('text');
  });
});
