import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Bundle,
  findBundle,
  packBundle,
  pruneBundles,
  type ToPack,
  unpackBundle,
  whyUnusable,
} from '../../harness/bundle/index.ts';
import { UsageError } from '../../harness/errors.ts';
import type { CompiledBuild } from '../../harness/service/index.ts';

let place: string;
let store: string;

beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'bundle-'));
  store = path.join(place, 'store');
});
afterEach(() => rmSync(place, { recursive: true }));

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const write = (name: string, text: string, mode = 0o644): string => {
  const file = path.join(place, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
  return file;
};

const compiled = (name: string): CompiledBuild => ({
  importPath: 'example.com/shop',
  modulePath: 'example.com/shop',
  agentImportPath: 'example.com/shop/internal/zzgodyno',
  goVersion: 'go1.26.8',
  platform: 'linux/amd64',
  linkerDigest: sha256('the linker'),
  givenFlags: ['-tags=x'],
  ldflags: '-X main.version=1',
  packages: ['runtime', 'example.com/shop'],
  unseededReason: null,
  unmovable: null,
  movesPorts: false,
  link: {
    flags: ['-buildmode=exe', '-randlayout=7'],
    linkSeed: 7,
    modinfo: 'modinfo "path\\tshop"',
    env: { GOOS: 'linux' },
    main: write(`archives/${name}-main.a`, `main of ${name}`),
    archives: [{ importPath: 'runtime', file: write('archives/runtime.a', 'the runtime') }],
  },
});

const toPack = (change: Partial<ToPack> = {}): ToPack => {
  write('tree/go.mod', 'module example.com/shop\n');
  write('tree/main.go', 'package main\n');
  write('tree/bin/setup.sh', '#!/bin/sh\n', 0o755);
  write('tree/.git/HEAD', 'never kept\n');
  return {
    scenario: 'shop',
    revision: { revision: 'a'.repeat(40), label: 'main', kind: 'git' },
    rootDir: path.join(place, 'tree'),
    module: '',
    judged: compiled('judged'),
    counted: { build: compiled('counted'), unsteadyReason: null },
    countedReason: null,
    ...change,
  };
};

const AT = new Date('2026-11-30T12:00:00Z');

const found = async (digest: string): Promise<Bundle> => {
  const bundle = await findBundle(store, { digest, bytes: 0 });
  if (bundle === null) throw new Error('no bundle');
  return bundle;
};

const unpackInto = async (bundle: Bundle, name: string) =>
  unpackBundle(bundle, { source: path.join(place, name, 'base'), archives: path.join(place, name, 'archives') });

const storeFiles = (): readonly string[] =>
  readdirSync(path.join(store, 'files'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.zst'));

describe('a bundle', () => {
  it('gives back the files, their execute bits, links inside and the archives, but nothing of git', async () => {
    symlinkSync('../go.mod', path.join(write('tree/bin/x', ''), '../to-go-mod'));
    symlinkSync('/etc/passwd', path.join(place, 'tree/outside'));
    const { digest, bytes } = await packBundle(store, toPack(), AT);
    const bundle = await found(digest);
    const unpacked = await unpackInto(bundle, 'u');
    const names = readdirSync(unpacked.rootDir, { recursive: true, encoding: 'utf8' }).toSorted();
    expect(names).toEqual(['bin', 'bin/setup.sh', 'bin/to-go-mod', 'bin/x', 'go.mod', 'main.go']);
    expect(statSync(path.join(unpacked.rootDir, 'bin/setup.sh')).mode & 0o111).not.toBe(0);
    expect(statSync(path.join(unpacked.rootDir, 'main.go')).mode & 0o111).toBe(0);
    expect(readlinkSync(path.join(unpacked.rootDir, 'bin/to-go-mod'))).toBe('../go.mod');
    expect(readFileSync(unpacked.judged.link.main, 'utf8')).toBe('main of judged');
    expect(readFileSync(unpacked.counted?.build.link.main ?? '', 'utf8')).toBe('main of counted');
    expect(
      unpacked.judged.link.archives.map(({ importPath, file }) => [importPath, readFileSync(file, 'utf8')]),
    ).toEqual([['runtime', 'the runtime']]);
    const { link: _, ...facts } = unpacked.judged;
    const { link: __, ...given } = toPack().judged;
    expect(facts).toEqual(given);
    expect(bundle.manifest.revision).toEqual({ revision: 'a'.repeat(40), label: 'main', kind: 'baseline' });
    expect(bytes).toBeGreaterThan(50);
  });

  it('shares what it has in common with another one', async () => {
    const first = await packBundle(store, toPack(), AT);
    const files = storeFiles().length;
    const second = await packBundle(
      store,
      toPack({ revision: { revision: 'b'.repeat(40), label: 'b', kind: 'git' } }),
      AT,
    );
    expect(second.digest).not.toBe(first.digest);
    expect(storeFiles()).toHaveLength(files);
    expect(second.addedBytes).toBeLessThan(first.addedBytes);
  });

  it('that is not in the store is null, and one whose manifest was changed is refused', async () => {
    expect(await findBundle(store, { digest: 'c'.repeat(64), bytes: 0 })).toBeNull();
    const { digest } = await packBundle(store, toPack(), AT);
    const manifest = path.join(store, 'bundles', `${digest}.json`);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('go1.26.8', 'go1.26.9'));
    await expect(found(digest)).rejects.toThrow(/is not the one that the baseline names/);
  });
});

/** A manifest that says what it should not, stored under its own digest: whoever made it is not to be believed. */
const forged = async (change: (text: string) => string): Promise<Bundle> => {
  const { digest } = await packBundle(store, toPack(), AT);
  const text = readFileSync(path.join(store, 'bundles', `${digest}.json`), 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(path.join(store, 'bundles', `${sha256(changed)}.json`), changed);
  return found(sha256(changed));
};

describe('a bundle that is hostile', () => {
  it.each([
    ['a file above', (text: string) => text.replace('"path":"main.go"', '"path":"../main.go"')],
    ['an absolute file', (text: string) => text.replace('"path":"main.go"', '"path":"/main.go"')],
    ['a file in no folder', (text: string) => text.replace('"path":"bin/setup.sh"', '"path":"bin//setup.sh"')],
    ['a module elsewhere', (text: string) => text.replace('"module":""', '"module":"../x"')],
    ['a link upwards', (text: string) => text.replace('"links":[]', '"links":[{"path":"l","to":"../x"}]')],
    ['a link to the root', (text: string) => text.replace('"links":[]', '"links":[{"path":"l","to":"/etc"}]')],
    [
      'a way up behind a way down',
      (text: string) => text.replace('"links":[]', '"links":[{"path":"a/l","to":"m/../../.."}]'),
    ],
    [
      'a link below a link',
      (text: string) =>
        text.replace('"links":[]', '"links":[{"path":"d/e/l","to":"../.."},{"path":"d/e/l/m","to":"../.."}]'),
    ],
    ['a digest that is a path', (text: string) => text.replace(sha256('package main\n'), '../'.repeat(21) + 'x')],
    ['another output', (text: string) => text.replace('-buildmode=exe', '-o=/tmp/x')],
    ['a profile of the linker', (text: string) => text.replace('-buildmode=exe', '-cpuprofile=/tmp/x')],
    [
      'two lines for one package',
      (text: string) => text.replaceAll('"importPath":"runtime"', String.raw`"importPath":"a\nb"`),
    ],
    ['too many bytes', (text: string) => text.replaceAll(/"bytes":\d+/g, '"bytes":1000000000')],
    ['a negative size', (text: string) => text.replace(/"bytes":\d+/, '"bytes":-1')],
    ['no schema version', (text: string) => text.replace('"schemaVersion":1,', '')],
    ['half a text', (text: string) => text.slice(0, text.length / 2)],
  ])('is refused: %s', async (_, change) => {
    await expect(forged(change)).rejects.toMatchObject({ name: 'UsageError', code: 'BUNDLE_BROKEN' });
  });

  it('of a later version is refused with what to do', async () => {
    const later = forged((text) => text.replace('"schemaVersion":1', '"schemaVersion":2'));
    await expect(later).rejects.toMatchObject({ code: 'BUNDLE_NEWER' });
  });

  it('of an older version is refused with the command that makes it anew', async () => {
    const older = forged((text) => text.replace('"schemaVersion":1', '"schemaVersion":0'));
    await expect(older).rejects.toMatchObject({
      code: 'BUNDLE_OLDER',
      hint: 'Record the baseline again: godyno baseline record.',
    });
  });

  it('of another agent is not used, and says which godyno made it and what makes it anew', async () => {
    const bundle = await forged((text) =>
      text.replace(/"agentDigest":"[0-9a-f]{64}"/, `"agentDigest":"${'0'.repeat(64)}"`),
    );
    expect(await whyUnusable(bundle, AbortSignal.timeout(60_000))).toMatch(
      /made by godyno \S+ on 20\d\d-\d\d-\d\d, whose agent is another one; make it anew: godyno baseline record$/,
    );
  });

  const fileOf = (text: string): string => {
    const digest = sha256(text);
    return path.join(store, 'files', digest.slice(0, 2), `${digest}.zst`);
  };

  it.each([
    ['that is another one', (file: string) => writeFileSync(file, zstdCompressSync(Buffer.from('package evil\n')))],
    ['of the same length', (file: string) => writeFileSync(file, zstdCompressSync(Buffer.from('package nain\n')))],
    ['that is cut short', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 9))],
    ['that is not packed', (file: string) => writeFileSync(file, 'package main\n')],
    ['that unpacks to more', (file: string) => writeFileSync(file, zstdCompressSync(Buffer.alloc(2 ** 20)))],
    ['that is far too large', (file: string) => writeFileSync(file, Buffer.alloc(2 ** 20, 7))],
    ['that is gone', (file: string) => rmSync(file)],
  ])('with a file %s is refused before anything of it is written', async (_, change) => {
    const { digest } = await packBundle(store, toPack(), AT);
    change(fileOf('package main\n'));
    await expect(unpackInto(await found(digest), 'u')).rejects.toMatchObject({ code: 'BUNDLE_BROKEN' });
    const written = readdirSync(path.join(place, 'u'), { recursive: true, encoding: 'utf8' });
    expect(written.filter((name) => name.endsWith('main.go'))).toEqual([]);
  });

  it('writes nothing any more once it is refused', async () => {
    for (let n = 0; n < 40; n++) write(`tree/deep/${n}/file.txt`, `${n}`.repeat(50_000));
    const { digest } = await packBundle(store, toPack(), AT);
    rmSync(fileOf('0'.repeat(50_000)));
    await expect(unpackInto(await found(digest), 'u')).rejects.toMatchObject({ code: 'BUNDLE_BROKEN' });
    rmSync(path.join(place, 'u'), { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(readdirSync(place)).not.toContain('u');
  });

  it('never ends otherwise than whole or refused, whatever byte of it is changed', async () => {
    const { digest } = await packBundle(store, toPack(), AT);
    const manifest = path.join(store, 'bundles', `${digest}.json`);
    const files = [manifest, ...storeFiles().map((name) => path.join(store, 'files', name))];
    let seed = 12_345;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    const ends = { whole: 0, refused: 0 };
    for (let round = 0; round < 60; round++) {
      const file = files[round % files.length] ?? manifest;
      const whole = readFileSync(file);
      const changed = Buffer.from(whole);
      const at = random(changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << random(8));
      writeFileSync(file, changed);
      try {
        await unpackInto(await found(digest), `round${round}`);
        ends.whole += 1;
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        ends.refused += 1;
      }
      writeFileSync(file, whole);
    }
    expect(ends.refused).toBeGreaterThan(40);
  });
});

describe('the store', () => {
  const revision = (letter: string): ToPack['revision'] => ({
    revision: letter.repeat(40),
    label: letter,
    kind: 'git',
  });

  const packedAt = async (letter: string, at: number): Promise<string> => {
    write('tree/only.txt', letter.repeat(4000 + at));
    const { digest } = await packBundle(store, toPack({ revision: revision(letter) }), AT);
    utimesSync(path.join(store, 'bundles', `${digest}.json`), at, at);
    return digest;
  };

  it('loses its oldest bundle and what only that one has when it is too large', async () => {
    const oldest = await packedAt('a', 1000);
    const newest = await packedAt('b', 2000);
    const files = storeFiles().length;
    expect(await pruneBundles(store, 10 ** 9)).toMatchObject({ bundles: 0 });
    expect(storeFiles()).toHaveLength(files);
    const { bundles, bytes } = await pruneBundles(store, 100);
    expect(bundles).toBe(1);
    expect(bytes).toBeGreaterThan(100);
    expect(storeFiles()).toHaveLength(files - 1);
    expect(await findBundle(store, { digest: oldest, bytes: 0 })).toBeNull();
    await unpackInto(await found(newest), 'u');
  });
});
