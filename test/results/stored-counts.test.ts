/** Counts of a run's folder: kept with a baseline, compared with those that were kept, or why not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ExactRun, ScenarioRun } from '../../harness/model/index.ts';
import { encodeProfile } from '../../harness/profile/index.ts';
import { compareCounts, folderReader, headCounts, whyNotKept } from '../../harness/results/index.ts';
import { runOf } from '../builders/synthetic-run.ts';
import { countedHead, type Work } from '../builders/stored-counts.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'sc-'));
afterAll(() => rmSync(dir, { recursive: true }));

const WORK: Work = { 'main.encode': 600_000, 'main.sort': 300_000 };
const works = (more = 0): readonly Work[] =>
  [0, 20, 10, 5, 15].map((odd) => ({ ...WORK, 'main.encode': 600_000 + odd + more }));

/** A run with its profiles in the folder. */
const counted = (name: string, more = 0): ScenarioRun => {
  const { exact, launches } = countedHead(works(more));
  const placed = launches.map(({ launch, profile }) => {
    const file = `${name}-${launch.index}.pb.gz`;
    writeFileSync(path.join(dir, file), encodeProfile(profile));
    return { ...launch, profile: file };
  });
  return { ...runOf([]), exact: { ...exact, launches: placed } };
};

const refusedRun = (refusal: string): ScenarioRun => {
  const { conditions: _, ...exact } = countedHead(works()).exact;
  return { ...runOf([]), exact: { ...exact, launches: [], refusal } satisfies ExactRun };
};

const read = folderReader(dir);
const open = async (run: ScenarioRun) => ({ run, ...(await headCounts(run, read)) });

describe('counts of a folder', () => {
  it('are those of its profiles, function by function', async () => {
    const { counts, refusal } = await open(counted('a'));
    expect(refusal).toBeNull();
    expect(counts).toEqual(countedHead(works()).counts);
  });

  it('decide between two heads, and name the function', async () => {
    const found = compareCounts(await open(counted('a')), await open(counted('b', 18_000)));
    expect(found.exactRows?.[0]).toMatchObject({ metric: 'instructionsPerRequest', verdict: 'regressed' });
    expect(found.attribution?.culprit).toBe('main.encode');
    expect(compareCounts(await open(counted('a')), await open(counted('c'))).exactRows?.[0]?.verdict).toBe('unchanged');
  });

  it('are compared with nothing where one side has none, and say why', async () => {
    const [some, none] = [await open(counted('a')), await open(runOf([]))];
    expect(compareCounts(none, some).exact?.refusal).toContain('the baseline holds no counts');
    expect(compareCounts(some, none).exact?.refusal).toBe('head was not counted');
    const refused = await open(refusedRun('it ended under the emulator'));
    expect(compareCounts(some, refused).exact?.refusal).toBe('it ended under the emulator');
  });
});

describe('counts are kept', () => {
  it('where they could be compared with their like', async () => {
    expect(whyNotKept(await open(counted('a')))).toBeNull();
  });

  it('not where counting was refused, nor where their profiles are gone', async () => {
    expect(whyNotKept(await open(refusedRun('it took too long')))).toBe('it took too long');
    const { exact } = countedHead(works());
    expect(whyNotKept(await open({ ...runOf([]), exact }))).toBe('their profiles cannot be read');
  });

  it('not where launches do not agree', async () => {
    const odd = [1, 1.01, 1.02, 1.03, 1.04].map((times) => ({ ...WORK, 'main.sort': 300_000 * times }));
    const { counts } = countedHead(odd);
    expect(whyNotKept({ run: runOf([]), counts, refusal: null })).toMatch(/^unstable: .*main\.sort/);
  });
});
