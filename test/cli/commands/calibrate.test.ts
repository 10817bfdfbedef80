import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeNoise } from '../../../harness/baseline/index.ts';
import { describeNoise } from '../../../harness/cli/commands/calibrate.ts';
import { noiseSentence, noiseWarnings, withNoiseNotes } from '../../../harness/measure/noise-notes.ts';
import type { NoiseMetric, NoiseProfile } from '../../../harness/model/index.ts';
import { cpuRun, fileOf } from '../../builders/synthetic-run.ts';

const cpu: NoiseMetric = {
  metric: 'cpuNsPerRequest',
  sdRatio: 0.012,
  smallestDetectableRatio: 0.0132,
  practicalRatio: 0.01,
  suggestedRatio: 0.014,
};

const profile: NoiseProfile = {
  createdAt: '2026-01-02T03:04:05Z',
  godynoVersion: '0.1.0',
  scenarioDigest: 'd1',
  cpuModel: 'Test CPU',
  cpus: 2,
  launches: { equal: 12, moved: 28 },
  secondsPerLaunch: 3,
  horizon: { seconds: 120, launches: 31 },
  falseAlarms: { seen: [], replays: 400, alarms: 1 },
  launchSdRatio: 0.006,
  layoutSdRatio: 0.009,
  metrics: [cpu, { ...cpu, metric: 'mallocsPerRequest', smallestDetectableRatio: 0.01, suggestedRatio: 0.01 }],
};

describe('what is said of a runner', () => {
  test('is what it sees, and in how long', () => {
    expect(noiseSentence(profile)).toBe('this runner sees CPU changes above 1.3 % in 2m');
  });

  test('is that it cannot decide, where it cannot', () => {
    const blind = {
      ...profile,
      horizon: { seconds: 120, launches: 6 },
      metrics: [{ ...cpu, smallestDetectableRatio: null }],
    };
    expect(noiseSentence(blind)).toBe('this runner cannot decide CPU in 2m: 6 launches fit');
  });

  test('warns of a threshold below the noise with both figures, and of no other', () => {
    expect(noiseWarnings(profile)).toEqual([
      'CPU per request fails at +1 %, but this runner sees +1.3 % in 2m: smaller changes will often be inconclusive.',
    ]);
    expect(noiseWarnings({ ...profile, metrics: [{ ...cpu, practicalRatio: 0.05 }] })).toEqual([]);
  });

  test('is printed with alarms, spreads and a suggestion per metric', () => {
    const text = describeNoise('demo', profile);
    for (const part of [
      'none in 2 runs, 1 in 400 replays',
      '0.6 % between launches',
      '0.9 % more',
      'suggested +1.4 %',
    ]) {
      expect(text).toContain(part);
    }
  });
});

describe('a run on a calibrated machine', () => {
  let dir = '';
  const key = { scenario: 'demo', fingerprint: 'f1' };
  const run = fileOf([cpuRun([0.01, 0.02])]);

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'noise-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const notes = async (folder: string): Promise<readonly string[]> =>
    (await withNoiseNotes(run, folder)).runs.flatMap((one) => one.notes);

  test('that was never calibrated says nothing of it', async () => {
    expect(await notes(join(dir, 'none'))).toEqual([]);
  });

  test('quotes it, with the day and the warnings', async () => {
    await storeNoise({ dir, ...key }, profile);
    expect(await notes(dir)).toEqual([
      'Calibrated on 2026-01-02: this runner sees CPU changes above 1.3 % in 2m.',
      ...noiseWarnings(profile),
    ]);
  });

  test('does not quote the noise of another scenario under the same name', async () => {
    const other = join(dir, 'other');
    await storeNoise({ dir: other, ...key }, { ...profile, scenarioDigest: 'd2' });
    expect(await notes(other)).toEqual([]);
  });

  test('says that a stored file is broken, and is not lost for it', async () => {
    const broken = join(dir, 'broken');
    const path = await storeNoise({ dir: broken, ...key }, { hello: 'world' });
    expect(await notes(broken)).toEqual([expect.stringMatching(/not a noise profile.*calibrate/)]);
    writeFileSync(path, '{');
    expect(await notes(broken)).toEqual([expect.stringMatching(/\.json.*calibrate/)]);
  });
});
