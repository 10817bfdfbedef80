/** Counts of heads, to be kept with a baseline and compared with those that were kept. */
import { judgeStoredCounts, keepCounts, type ScenarioFindings } from '../compare/index.ts';
import { counterPerRequest, countedPairs } from '../metrics/index.ts';
import type { ScenarioRun, StoredCounts } from '../model/index.ts';
import { openCounts } from './counts.ts';
import type { ReadFile } from './profile-files.ts';

/** What a head's launches under the emulator left, wherever they lie; neither: it was not counted. */
interface HeadCounts {
  readonly counts: StoredCounts | null;
  /** Why it was not. */
  readonly refusal: string | null;
}

export const headCounts = async (run: ScenarioRun, read: ReadFile): Promise<HeadCounts> => {
  const { exact, scenario } = run;
  if (exact === undefined) return { counts: null, refusal: null };
  const { launches } = await openCounts(run, read);
  const heads = launches.filter(({ launch }) => launch.side === 'head');
  return { counts: keepCounts(scenario.name, exact, heads), refusal: exact.refusal };
};

/** CPU per request of its head by the kernel, over the judged windows; null where it was not measured. */
const headCpuNs = ({ launches }: ScenarioRun): number | null =>
  counterPerRequest(
    launches.filter(({ stage }) => stage === 'judged').flatMap((launch) => countedPairs(launch, 'cost')),
    'head',
    'cpuNs',
  ) ?? null;

export interface CountedRun extends HeadCounts {
  readonly run: ScenarioRun;
}

const refused = (refusal: string): Partial<ScenarioFindings> => ({
  exact: { engine: 'qemu', aaSpreadRatio: 0, refusal },
});

/** What counts decide between two heads, `before` stored. */
export const compareCounts = (before: CountedRun, after: CountedRun): Partial<ScenarioFindings> => {
  if (before.counts === null)
    return refused('the baseline holds no counts: `godyno baseline record` keeps them where the emulator is installed');
  if (after.counts === null) return refused(after.refusal ?? 'head was not counted');
  return judgeStoredCounts({
    before: before.counts,
    after: after.counts,
    scenario: after.run.scenario,
    cpuNsPerRequest: headCpuNs(before.run),
    modulePath: after.run.builds.head.modulePath || null,
  });
};

/** Why counts are not worth keeping: what would refuse them when they are compared with their like. */
export const whyNotKept = ({ counts, refusal, run }: CountedRun): string | null => {
  if (counts === null) return refusal ?? 'their profiles cannot be read';
  const { scenario } = run;
  const itself = judgeStoredCounts({
    before: counts,
    after: counts,
    scenario,
    cpuNsPerRequest: null,
    modulePath: null,
  });
  const unstable = itself.exactRows.find(({ verdict }) => verdict === 'notJudged');
  return itself.exact.refusal ?? unstable?.reason ?? null;
};
