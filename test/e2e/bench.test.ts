import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BenchComparison } from '../../harness/bench/index.ts';
import { makePlace, type Place, removeClean } from './cli.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
});

/** One side: `size` is what an operation allocates; `fails` ends a benchmark, `extra` is a further one. */
const writeSide = (side: 'b' | 'h', size: number, fails: string, extra: string): void => {
  place.file(`${side}/go.mod`, 'module example.com/tiny\n\ngo 1.22\n');
  place.file(`${side}/same/same_test.go`, 'package same\n\nimport "testing"\n\nfunc BenchmarkSame(b *testing.B) {}\n');
  place.file(
    `${side}/tiny_test.go`,
    `package tiny

import (
	"fmt"
	"os"
	"testing"
)

var kept []byte

func BenchmarkAlloc(b *testing.B) {
	b.Run("a b", func(b *testing.B) {
		fmt.Println("BenchmarkAlloc/a_b 1 1 ns/op garbage")
		for i := 0; i < b.N; i++ {
			kept = make([]byte, ${size})
		}
		b.ReportMetric(7, "widgets/op")
	})
}

func BenchmarkFails(b *testing.B) {
	${fails}
}

func BenchmarkExits(b *testing.B) { os.Exit(3) }

func Benchmark${extra}(b *testing.B) {}
`,
  );
};

const judgedIn = (folder: string): BenchComparison =>
  JSON.parse(readFileSync(path.join(folder, 'comparison.json'), 'utf8')) as BenchComparison;

it('judges benchmarks that print, fail, exit and come and go, and leaves nothing running', async () => {
  writeSide('b', 512, '', 'Gone');
  writeSide('h', 16384, 'b.Fatal("no such table")', 'New');
  const ended = await place.run(['bench', '--base', './b', '--head', './h', '--out', 'out', '--budget', '6s']);
  expect(ended.code, ended.stderr).toBe(1);
  const { benchmarks } = judgedIn(path.join(place.dir, 'out'));
  const of = (name: string) => benchmarks.find((one) => one.name === name);
  // On a busy machine there may be too few launches for more.
  expect(of('BenchmarkAlloc/a_b')?.verdict, ended.stderr).toBeOneOf(['regressed', 'inconclusive']);
  expect(of('BenchmarkAlloc/a_b')?.reported).toMatchObject([{ unit: 'widgets/op', base: 7, head: 7 }]);
  expect(of('BenchmarkFails')).toMatchObject({
    verdict: 'regressed',
    reason: expect.stringContaining('no such table') as string,
  });
  expect(of('BenchmarkExits')).toMatchObject({
    verdict: 'notJudged',
    reason: expect.stringMatching(/^fails on base and head: .*exit code 3/) as string,
  });
  expect(of('BenchmarkNew')?.reason).toContain('new');
  expect(of('BenchmarkGone')?.reason).toContain('gone');
  expect(of('BenchmarkSame')?.reason).toContain('unchanged code path');
  const samples = readFileSync(path.join(place.dir, 'out/head.txt'), 'utf8');
  expect(samples).toMatch(
    /^BenchmarkAlloc\/a_b\t\d+\t\S+ ns\/op\t\S+ cpu-ns\/op\t16384\S* B\/op\t1\S* allocs\/op\t7 widgets\/op$/m,
  );
}, 90_000);
