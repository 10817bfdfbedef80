/** A whole run file → the comparison. */
import {
  COMPARISON_SCHEMA_VERSION,
  worstVerdict,
  type Comparison,
  type RunFile,
  type ScenarioComparison,
  type ScenarioRun,
} from '../model/index.ts';
import { sum } from '../stats/index.ts';
import { familyOf } from './verdict/gates.ts';
import { assembleScenario, judgeScenario } from './scenario.ts';
import { NO_FINDINGS, type ScenarioFindings } from './verdict/findings.ts';

/** What profiles and exact mode found in one scenario; called once per scenario. */
export type FindingsOf = (run: ScenarioRun) => Partial<ScenarioFindings>;

const nothingFound: FindingsOf = () => NO_FINDINGS;

/** The comparison of a duet from its scenarios; its verdict is the worst of theirs. */
export const assemble = (file: RunFile, scenarios: readonly ScenarioComparison[]): Comparison => ({
  schemaVersion: COMPARISON_SCHEMA_VERSION,
  godynoVersion: file.godynoVersion,
  verdict: worstVerdict(scenarios.map(({ verdict }) => verdict)),
  base: { revision: file.base.revision, label: file.base.label },
  head: { revision: file.head.revision, label: file.head.label },
  seed: file.seed,
  method: 'duet',
  scenarios,
  ...(file.newOnHead === undefined ? {} : { newOnHead: file.newOnHead }),
  ...tookOf(file),
});

/** As far as the run tells: what came after it is known to whoever made its report. */
const tookOf = ({ sourcesSeconds, runs }: RunFile): Pick<Comparison, 'took'> => {
  const each = runs.map(({ timing }) => timing.wholeSeconds);
  if (sourcesSeconds === undefined || each.includes(undefined)) return {};
  return { took: { wholeSeconds: sum([sourcesSeconds, ...each.map((seconds = 0) => seconds)]), sourcesSeconds } };
};

/**
 * Judges a duet: every metric of every scenario. `findingsOf` brings in what the profiles explain; a verdict never depends
 * on it, except for the rows of exact mode. Throws {@link UsageError} when a scenario's gates are finer than their metrics
 * can carry.
 */
export const compareRun = (file: RunFile, findingsOf: FindingsOf = nothingFound): Comparison => {
  const family = familyOf(file.runs.map(({ scenario }) => scenario));
  return assemble(
    file,
    file.runs.map((run) => {
      const findings = { ...NO_FINDINGS, ...findingsOf(run) };
      return assembleScenario(judgeScenario(run, family, findings), file, findings.exact, findings);
    }),
  );
};
