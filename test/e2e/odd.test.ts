import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeOddTarget, type OddKind } from '../helpers/odd-target.ts';
import { makePlace, type Place, removeClean } from './cli.ts';
import { comparisonIn, rowOf, runIn, unaccountedIn } from './results.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
});

const out = (): string => path.join(place.dir, 'out');

const SCENARIO = `name: odd
target:
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests: [{ http: "GET /job/\${n}" }]
  latency: false
measure: { exact: off, explain: false }
`;

/** A single launch begins within any budget and is finished. */
const oneLaunchOf = async (kind: OddKind) => {
  for (const side of ['b', 'h']) await makeOddTarget({ to: path.join(place.dir, side), kind, more: 0 });
  place.file('s.yml', SCENARIO);
  const ended = await place.run(['run', 's.yml', '--base', './b', '--head', './h', '--out', 'out', '--budget', '4s']);
  expect(ended.code, ended.stderr).toBe(0);
  const run = runIn(out());
  expect(unaccountedIn(run)).toEqual([]);
  return (run.runs[0]?.launches ?? []).flatMap(({ pairs }) => pairs.filter(({ phase }) => phase === 'cost'));
};

describe('one launch of identical code', () => {
  it('of a service of some 20 ms a request has windows of at least 30 requests, and its CPU is read from them', async () => {
    const pairs = await oneLaunchOf('slow');
    expect(pairs.length).toBeGreaterThanOrEqual(3);
    for (const { base, head } of pairs) {
      expect(base.answered).toBeGreaterThanOrEqual(30);
      expect(base.answered).toBe(head.answered);
      // Per request far more than the tick of any clock, on both sides alike.
      const [b, h] = [base, head].map(({ counters, answered }) => (counters.cpuNs ?? 0) / answered);
      expect(b).toBeGreaterThan(5e6);
      expect(Math.abs(Math.log((h ?? 0) / (b ?? 1)))).toBeLessThan(0.3);
    }
    expect(rowOf(comparisonIn(out()), 'cpuNsPerRequest')).toMatchObject({ gate: true, verdict: 'inconclusive' });
  });

  it('of a service of some 30 µs a request has windows of at least 150 requests and some 100 ms of CPU', async () => {
    for (const { base, head } of await oneLaunchOf('tiny')) {
      expect(base.answered).toBeGreaterThanOrEqual(150);
      for (const { counters } of [base, head]) expect(counters.cpuNs).toBeGreaterThan(0.06e9);
    }
  });
});
