/** `run --base baseline` where the base cannot be built: head alone, measured and counted as the baseline was. */
import type { Baseline } from '../../baseline/index.ts';
import { compareStored, type ScenarioFindings } from '../../compare/index.ts';
import type { MeasureRequest } from '../../measure/index.ts';
import type { Comparison, RunFile, Scenario } from '../../model/index.ts';
import { compareCounts, headCounts, type ReadFile } from '../../results/index.ts';

const uncounted = (scenario: Scenario): Scenario => ({ ...scenario, measure: { ...scenario.measure, exact: 'off' } });

/** Counted with the requests that the baseline was counted with; not at all where it was not. */
export const asStored = (request: MeasureRequest, baselines: readonly Baseline[]): MeasureRequest => {
  const countAs = new Map(
    baselines.flatMap(({ entry, counts }) => (counts === null ? [] : [[entry.scenario, counts.conditions] as const])),
  );
  const scenarios = request.scenarios.map((scenario) => (countAs.has(scenario.name) ? scenario : uncounted(scenario)));
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
  for (const { entry, scenarioRun, counts } of baselines) {
    const after = run.runs.find(({ scenario }) => scenario.name === entry.scenario);
    const wanted = asked.some(({ name, measure }) => name === entry.scenario && measure.exact !== 'off');
    if (after === undefined || !wanted) continue;
    const before = { run: scenarioRun, counts, refusal: null };
    found.set(entry.scenario, compareCounts(before, { run: after, ...(await headCounts(after, read)) }));
  }
  const [first] = baselines;
  const together = { ...(first?.run ?? run), runs: baselines.flatMap(({ run: { runs } }) => runs) };
  return compareStored(together, run, ({ scenario }) => found.get(scenario.name) ?? {});
};
