import { createHash } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeBadTarget } from '../helpers/bad-target.ts';
import { makePlace, type Place, removeClean } from './cli.ts';
import { comparisonIn, rowOf, runIn } from './results.ts';

const SCENARIO = `name: api
target:
  package: .
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests: [{ http: GET /work }]
`;

/** Speaks as the helper does on a CPU with a counter: the head executes 4 % more for the same 100 requests. */
const HELPER = `#!/bin/sh
[ "$1" = probe ] && exit 0
case "$(readlink /proc/$2/exe)" in */build/head/*) counted=104000000 ;; *) counted=100000000 ;; esac
asked=0
answer() {
  asked=$((asked + 1))
  case $asked in 1) total=1000 ;; 2) total=2000 ;; *) total=$((2000 + counted)) ;; esac
  echo $asked $total
}
trap answer USR1
echo 0 0
while :; do sleep 1 & wait $!; done
`;

let place: Place;
beforeAll(async () => {
  place = makePlace();
  await makeBadTarget({ to: path.join(place.dir, 'b'), mode: 'ok' });
  place.file('s.yml', SCENARIO);
});
afterAll(() => {
  removeClean(place);
});

/** No emulator, and in the place of the compiled helper one whose answers stand above. */
const simulated = (): Readonly<Record<string, string>> => {
  const source = readFileSync(path.resolve(import.meta.dirname, '../../harness/exact/perf/main.go'));
  const helper = `cache/exact/perf-${process.arch}-${createHash('sha256').update(source).digest('hex').slice(0, 16)}`;
  const programs = { 'programs/qemu-x86_64': 'exit 1', 'programs/qemu-aarch64': 'exit 1' };
  for (const [name, script] of Object.entries(programs)) place.file(name, `#!/bin/sh\n${script}\n`);
  place.file(helper, HELPER);
  for (const name of [...Object.keys(programs), helper]) chmodSync(path.join(place.dir, name), 0o755);
  const own = process.env['PATH'] ?? '';
  return { PATH: `${path.join(place.dir, 'programs')}:${own}`, GODYNO_CACHE: path.join(place.dir, 'cache') };
};

it('gives a verdict on instructions by the CPU’s counter where there is no emulator, and says how little it was tried', async () => {
  const words = ['run', 's.yml', '--base', './b', '--head', './b', '--out', 'out', '--exact', 'only'];
  const ended = await place.run(words, { env: simulated() });
  const out = path.join(place.dir, 'out');
  expect(ended.code, ended.stderr).toBe(1);
  expect(ended.stderr).toMatch(/`api`: instructions per request/);
  const comparison = comparisonIn(out);
  expect(comparison.scenarios[0]?.exact).toEqual({ engine: 'perf', aaSpreadRatio: 0, refusal: null });
  expect(rowOf(comparison, 'instructionsPerRequest')).toMatchObject({
    base: 1_000_000,
    head: 1_040_000,
    verdict: 'regressed',
    smallestDetectableRatio: 0.02,
  });
  expect(runIn(out).runs[0]?.exact?.totals).toHaveLength(6);
  const report = readFileSync(path.join(out, 'report.md'), 'utf8');
  expect(report).toMatch(/the CPU’s own counter \(totals; tested without such hardware\)/);
  // The standard library is compiled once more where this Go was never patched before.
}, 600_000);
