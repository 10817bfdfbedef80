/** Services whose requests a child takes: what is measured is what serves, or the run says that it cannot. */
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScenarioRun } from '../../harness/model/index.ts';
import { makePlace, type Place, removeClean } from './cli.ts';
import { comparisonIn, rowOf, runIn, unaccountedIn } from './results.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
});

const SCENARIO = `name: child
target: { ready: GET /ready }
load: { requests: [{ http: GET /work }], latency: false }
measure: { exact: off, explain: false }
`;

const run = async (mode: string, budget: string, more = 64) => {
  for (const [side, kilobytes] of [
    ['b', 4],
    ['h', 4 + more],
  ] as const) {
    await cp(path.resolve(import.meta.dirname, '../targets/child'), path.join(place.dir, side), { recursive: true });
    await writeFile(path.join(place.dir, side, 'mode.txt'), `${mode} ${kilobytes}\n`);
  }
  place.file('s.yml', SCENARIO);
  return place.run(['run', 's.yml', '--base', './b', '--head', './h', '--out', 'out', '--budget', budget]);
};

const out = (): string => path.join(place.dir, 'out');

describe.skipIf(process.platform !== 'linux')('a service whose child serves', () => {
  it('has the allocations and the CPU of the child counted', async () => {
    const ended = await run('shell', '4s');
    expect(ended.code, ended.stderr).toBe(0);
    expect(unaccountedIn(runIn(out()))).toEqual([]);
    const { base, head } = rowOf(comparisonIn(out()), 'allocBytesPerRequest');
    expect(head! - base!).toBeGreaterThan(60_000);
    expect(head! - base!).toBeLessThan(70_000);
    for (const { base: window } of runIn(out()).runs[0]!.launches.flatMap(({ pairs }) => pairs)) {
      expect(window.counters.cpuNs! / window.answered).toBeGreaterThan(10_000);
    }
  });

  it('and so has one whose requests several take, each with a socket of its own', async () => {
    const ended = await run('several', '6s');
    expect(ended.code, ended.stderr).toBe(0);
    expect(unaccountedIn(runIn(out()))).toEqual([]);
    const { base, head } = rowOf(comparisonIn(out()), 'allocBytesPerRequest');
    expect(head! - base!).toBeGreaterThan(60_000);
    expect(head! - base!).toBeLessThan(70_000);
    const [{ notes, launches }] = runIn(out()).runs as [ScenarioRun];
    expect(notes.join('\n')).toMatch(/head: 2 processes of the service take the requests; their counters are added up/);
    for (const { pairs, sides } of launches) {
      expect(pairs.map(({ base: window }) => window.counters.cpuNs)).not.toContain(undefined);
      expect(sides.head.profiles).toMatchObject({ cpu: {}, allocs: {}, heap: {}, goroutine: {} });
    }
  });

  it('with an environment of its own has no agent in it: the reason is said, and what to do', async () => {
    const ended = await run('bare', '9s');
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/No agent answered in process \d+.*GODYNO_AGENT/s);
  });
});
