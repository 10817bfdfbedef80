/** `run --base baseline` where the base cannot be built: head alone, measured and counted as the baseline was. */
import type { Baseline } from '../../baseline/index.ts';
import { compareStored, type ScenarioFindings } from '../../compare/index.ts';
import type { MeasureRequest } from '../../measure/index.ts';
import type { Comparison, RunFile, Scenario } from '../../model/index.ts';
import { headCounts, headLaunches, type ReadFile } from '../../results/index.ts';
import { findingsBetween } from './stored-findings.ts';

const uncounted = (scenario: Scenario): Scenario => ({ ...scenario, measure: { ...scenario.measure, exact: 'off' } });

/** More CPU samples are for those who compare functions by them: where counts do not, and where a function has a limit. */
const sampledFor = (scenario: Scenario, { counts, launches }: Baseline): Scenario => {
  const { exact, explain } = scenario.measure;
  const isLimited = scenario.functionGates?.some(({ profile }) => profile === 'cpu') === true;
  const wanted = launches !== null && (counts === null || exact === 'off' || isLimited);
  return { ...scenario, measure: { ...scenario.measure, explain: explain && wanted } };
};

/** Counted with the requests that the baseline was counted with; not at all where it was not. */
export const asStored = (request: MeasureRequest, baselines: readonly Baseline[]): MeasureRequest => {
  const countAs = new Map(
    baselines.flatMap(({ entry, counts }) => (counts === null ? [] : [[entry.scenario, counts.conditions] as const])),
  );
  const scenarios = request.scenarios.map((scenario) => {
    const counted = countAs.has(scenario.name) ? scenario : uncounted(scenario);
    const baseline = baselines.find(({ entry }) => entry.scenario === scenario.name);
    return baseline === undefined ? counted : sampledFor(counted, baseline);
  });
  return { ...request, scenarios, base: undefined, purpose: 'record', countAs };
};

/** `asked`: the scenarios as they were asked for; `run`: what {@link asStored} made of them. */
export const compareWithStored = async (
  asked: readonly Scenario[],
  baselines: readonly Baseline[],
  run: RunFile,
  read: ReadFile,
): Promise<Comparison> => {
  const found = new Map<string, Partial<ScenarioFindings>>();
  for (const { entry, scenarioRun, counts, launches } of baselines) {
    const after = run.runs.find(({ scenario }) => scenario.name === entry.scenario);
    if (after === undefined) continue;
    const counting = asked.some(({ name, measure }) => name === entry.scenario && measure.exact !== 'off');
    const head = { run: after, ...(await headCounts(after, read)), launches: await headLaunches(run, after, read) };
    found.set(
      entry.scenario,
      findingsBetween({ run: scenarioRun, counts, refusal: null, launches }, head, { counting }),
    );
  }
  const [first] = baselines;
  const together = { ...(first?.run ?? run), runs: baselines.flatMap(({ run: { runs } }) => runs) };
  return compareStored(together, run, ({ scenario }) => found.get(scenario.name) ?? {});
};
