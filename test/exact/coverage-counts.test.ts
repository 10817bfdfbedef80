import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callsBetween, type FunctionCalls, readCoverageCounters, readCoverageMeta } from '../../harness/exact/index.ts';
import { NEWEST_GO, testFolder } from './counted-program.ts';

const FILES = {
  'go.mod': 'module example.com/called.v2\n\ngo 1.22\n',
  'main.go': `package main

import (
	"os"
	"strconv"

	"example.com/called.v2/deep.v1"
)

type stack[T any] struct{ kept []T }

func (s *stack[T]) push(one T) { s.kept = append(s.kept, one) }

type point struct{ x int }

func (p point) sum() int { return p.x }

func (p *point) move() {
	for i := 0; i < 3; i++ {
		p.x += i
	}
}

func double[T int | float64](x T) T { return 2 * x }

func nothing() {}

func main() {
	times, _ := strconv.Atoi(os.Args[1])
	kept, at := &stack[int]{}, &point{}
	for i := 0; i < times; i++ {
		kept.push(double(i))
		at.move()
		nothing()
	}
	func() {
		println(at.sum(), deep.Fathom(times))
	}()
}
`,
  'deep.v1/deep.go': `package deep

func Fathom(depth int) int {
	if depth == 0 {
		return 0
	}
	return 1 + Fathom(depth-1)
}

func Unused() {}
`,
};

const folder = testFolder();
const TOOLCHAINS = ['local', NEWEST_GO] as const;
type Toolchain = (typeof TOOLCHAINS)[number];

const envOf = (toolchain: Toolchain) => ({ ...process.env, GOFLAGS: '', GOWORK: 'off', GOTOOLCHAIN: toolchain });
const programOf = (toolchain: Toolchain): string => path.join(folder, `program-${toolchain}`);

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(path.dirname(path.join(folder, 'source', name)), { recursive: true });
    writeFileSync(path.join(folder, 'source', name), text);
  }
  for (const toolchain of TOOLCHAINS) {
    const args = ['build', '-cover', '-covermode=atomic', '-o', programOf(toolchain), '.'];
    execFileSync('go', args, { cwd: path.join(folder, 'source'), env: envOf(toolchain), stdio: 'pipe' });
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Data {
  readonly dir: string;
  readonly meta: Buffer;
  readonly counters: Buffer;
}

/** Go writes both files when the program ends. */
const dataOf = (times: number, toolchain: Toolchain = 'local'): Data => {
  const dir = path.join(folder, `data-${toolchain}-${times}`);
  mkdirSync(dir, { recursive: true });
  const env = { ...envOf(toolchain), GOCOVERDIR: dir };
  execFileSync(programOf(toolchain), [String(times)], { env, stdio: 'pipe' });
  const file = (prefix: string): Buffer =>
    readFileSync(path.join(dir, readdirSync(dir).find((name) => name.startsWith(prefix)) ?? 'missing'));
  return { dir, meta: file('covmeta'), counters: file('covcounters') };
};

const callsOf = (found: readonly FunctionCalls[]): Readonly<Record<string, number>> =>
  Object.fromEntries(found.map(({ function: { name }, calls }) => [name, calls]));

describe.each(TOOLCHAINS)('coverage counters of the Go %s', (toolchain) => {
  it('count every call of every function once, under the names that profiles have', () => {
    const { meta, counters } = dataOf(7, toolchain);
    const found = callsBetween(readCoverageMeta(meta), new Map(), readCoverageCounters(counters));
    expect(callsOf(found)).toEqual({
      'main.main': 1,
      'main.push': 7,
      'main.(*point).move': 7,
      'main.point.sum': 1,
      'main.double': 7,
      'main.nothing': 7,
      'example.com/called.v2/deep%2ev1.Fathom': 8,
    });
  });

  it('name the file and the line where the body begins', () => {
    const { meta, counters } = dataOf(7, toolchain);
    const found = callsBetween(readCoverageMeta(meta), new Map(), readCoverageCounters(counters));
    const lines = FILES['main.go'].split('\n');
    const places = found.filter(({ function: { file } }) => file === 'example.com/called.v2/main.go');
    expect(places).toHaveLength(6);
    for (const { function: at } of places) {
      const [bare = ''] = at.name.split('.').slice(-1);
      const declared = lines.findIndex((line) => line.startsWith('func') && line.includes(`${bare}(`)) + 1;
      const generic = lines.findIndex((line) => line.startsWith(`func ${bare}[`)) + 1;
      const line = Math.max(declared, generic);
      expect(line, at.name).toBeGreaterThan(0);
      expect(at.line - line, at.name).toBeOneOf([0, 1]);
      // A body of one line ends where it began; of the others the brace stands alone, the code a line above.
      const end = lines.slice(line - 1).findIndex((each) => each.endsWith('}') && !each.startsWith('\t')) + line;
      expect(end - at.lastLine, at.name).toBeOneOf([0, 1]);
    }
  });

  it('agree with go tool covdata, block by block of every first block', () => {
    const { dir, meta, counters } = dataOf(5, toolchain);
    const dump = execFileSync('go', ['tool', 'covdata', 'debugdump', `-i=${dir}`], {
      env: envOf(toolchain),
      encoding: 'utf8',
    });
    const told = [...dump.matchAll(/^Func: (\S+)\nSrcfile: (\S+)\nLiteral: \w+\n0: L(\d+):.* = (\d+)$/gm)];
    const ours = callsBetween(readCoverageMeta(meta), new Map(), readCoverageCounters(counters));
    const called = told.filter(([, , , , count]) => count !== '0');
    expect(called).toHaveLength(7);
    expect(ours.map(({ function: { file, line }, calls }) => `${file} ${line} ${calls}`).toSorted()).toEqual(
      called.map(([, , file, line, count]) => `${file} ${line} ${count}`).toSorted(),
    );
    expect(readCoverageMeta(meta).flat()).toHaveLength(told.length);
  });
});

describe('coverage counters', () => {
  it('tell what happened between two readings, over the edge of 32 bits, too', () => {
    const { meta, counters } = dataOf(7);
    const few = readCoverageCounters(dataOf(3).counters);
    const many = readCoverageCounters(counters);
    expect(callsOf(callsBetween(readCoverageMeta(meta), few, many))).toEqual({
      'main.push': 4,
      'main.(*point).move': 4,
      'main.double': 4,
      'main.nothing': 4,
      'example.com/called.v2/deep%2ev1.Fathom': 4,
    });
    const before = new Map([['0 0', 2 ** 32 - 2]]);
    const wrapped = callsBetween([[{ name: 'f', file: '', line: 1, lastLine: 1 }]], before, new Map([['0 0', 3]]));
    expect(callsOf(wrapped)).toEqual({ f: 5 });
  });

  it('are refused when cut off anywhere, and when they are something else', () => {
    const { meta, counters } = dataOf(7);
    for (const length of [0, 3, 20, 60, meta.length >> 1]) {
      expect(() => readCoverageMeta(meta.subarray(0, length)), `${length} bytes`).toThrow(/cannot be read/);
    }
    for (const length of [0, 20, 40, counters.length >> 1]) {
      expect(() => readCoverageCounters(counters.subarray(0, length)), `${length} bytes`).toThrow(/cannot be read/);
    }
    expect(() => readCoverageMeta(counters)).toThrow(/holds no coverage meta-data/);
    const newer = Buffer.from(meta);
    newer.writeUInt32LE(2, 4);
    expect(() => readCoverageMeta(newer)).toThrow(/version 2, not 1/);
    const boasting = Buffer.from(meta);
    boasting.writeBigUInt64LE(2n ** 60n, 16);
    expect(() => readCoverageMeta(boasting)).toThrow(/holds less than it says/);
  });
});
