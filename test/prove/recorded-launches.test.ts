import { describe, expect, test } from 'vitest';
import { normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import type { EvidenceRow } from './campaign.ts';
import {
  lagOneCorrelation,
  launchCount,
  launchesFrom,
  type Recorded,
  recordedIn,
  replayRuns,
} from './recorded-launches.ts';

const normal = normalDeviates(randomFrom(7));

/** 20 runs of 12 launches; each remembers `memory` of the one before. */
const recordedWith = (sd: number, memory = 0): Recorded => ({
  name: 'made',
  runs: Array.from({ length: 20 }, () => {
    let last = sd * normal();
    return Array.from({ length: 12 }, () => {
      last = memory * last + Math.sqrt(1 - memory ** 2) * sd * normal();
      return {
        cpuNsPerRequest: last,
        mallocsPerRequest: 1e-5 * normal(),
        allocBytesPerRequest: 1e-4 * normal(),
        heapGrowthBytesPerRequest: 2 * normal(),
        goroutineGrowthPerRequest: 0,
      };
    });
  }),
});

describe('launches of identical code, drawn again', () => {
  test('raise no alarm in any gate and are told unchanged, and +3 % put into them is found', () => {
    const recorded = recordedWith(0.011);
    const quiet = replayRuns(recorded, { effect: 0, block: 1, runs: 200, seed: 1 });
    expect(quiet.flatMap(({ alarms }) => alarms)).toEqual([]);
    expect(quiet.filter(({ cpu }) => cpu === 'unchanged').length).toBeGreaterThan(190);
    const dearer = replayRuns(recorded, { effect: Math.log(1.03), block: 1, runs: 100, seed: 2 });
    expect(dearer.filter(({ cpu }) => cpu === 'regressed').length).toBeGreaterThan(97);
    expect(dearer.filter(({ covered }) => covered).length).toBeGreaterThan(97);
  });

  test('keep their spells when neighbours are drawn together: intervals then miss the truth more often than apart', () => {
    const recorded = recordedWith(0.02, 0.8);
    expect(lagOneCorrelation(recorded)).toBeGreaterThan(0.6);
    const missed = (block: number): number =>
      replayRuns(recorded, { effect: 0, block, runs: 150, seed: 3 }).filter(({ covered }) => !covered).length;
    expect(missed(6)).toBeGreaterThan(missed(1));
  });
});

const row = (changes: Partial<EvidenceRow>): EvidenceRow => ({
  date: '2026-01-01T00:00',
  commit: 'c',
  machine: 'm',
  condition: 'as it is',
  service: 'demo',
  rung: 'equal',
  seed: 1,
  foreignCpus: 0,
  verdict: 'unchanged',
  reason: null,
  gates: {},
  launches: 2,
  discardedPairs: 0,
  measureSeconds: 30,
  named: null,
  contrasts: { cpuNsPerRequest: [0.01, -0.02], mallocsPerRequest: [0, 1e-5] },
  ...changes,
});

test('only identical code that was worth judging is noise, and services and conditions stay apart', () => {
  const rows = [
    row({}),
    row({ rung: 'cpu 5' }),
    row({ verdict: 'invalid' }),
    row({ rung: 'none' }),
    row({ condition: 'noise' }),
  ];
  const found = recordedIn(rows);
  expect(found.map(({ name }) => name)).toEqual(['demo, as it is', 'demo, noise']);
  expect(found.map(launchCount)).toEqual([4, 2]);
  expect(launchesFrom(rows[0]?.contrasts ?? {})).toEqual([
    { cpuNsPerRequest: 0.01, mallocsPerRequest: 0 },
    { cpuNsPerRequest: -0.02, mallocsPerRequest: 1e-5 },
  ]);
});
