/** What was captured to explain what moved, what was not and why. */
import { CAPTURES, metricDef } from '../../metrics/index.ts';
import type { CaptureId, Diagnosed, ScenarioComparison } from '../../model/index.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const REASONS: Readonly<Record<Exclude<Diagnosed['leftOut'], null>, string>> = {
  time: 'too little time was left',
  off: 'the scenario leaves it out',
  named: 'counted instructions name the function',
  sampled: 'the judged launches hold samples enough',
  seen: 'Go’s own profile shows what became slower',
  impossible: 'it cannot be had here',
};

/** Null: it ran, and says something. */
const whyNot = ({ capture, leftOut, budgetMinutes }: Diagnosed, { exact }: ScenarioComparison): string | null => {
  if (leftOut === null) return capture === 'counts' && exact?.refusal !== null ? 'they gave no verdict' : null;
  return `${REASONS[leftOut]}${budgetMinutes === undefined ? '' : `, --budget ${budgetMinutes}m would have held it`}`;
};

const causesOf = ({ because }: Diagnosed): string => because.map((metric) => metricDef(metric).label).join(', ');

/**
 * `what requests wait for (median latency); not CPU samples at full speed (CPU per request): counted instructions name the
 * function`. Null where nothing moved that more would explain.
 */
export const diagnosisText = (scenario: ScenarioComparison): string | null => {
  const { diagnosis = [] } = scenario;
  if (diagnosis.length === 0) return null;
  return diagnosis
    .map((one) => {
      const why = whyNot(one, scenario);
      const what = `${CAPTURES[one.capture].what} (${causesOf(one)})`;
      return why === null ? what : `not ${what}: ${why}`;
    })
    .join('; ');
};

/** Captures that name a function which nothing else names: that there was no time for them is worth a line in sight. */
const MISSED: readonly CaptureId[] = ['allocations', 'trace', 'samples'];

export const diagnosisCautions = ({ diagnosis = [] }: ScenarioComparison): readonly InlineText[] =>
  diagnosis
    .filter(({ capture, leftOut }) => leftOut === 'time' && MISSED.includes(capture))
    .map(({ capture, budgetMinutes }) => [
      `Too little time was left for ${CAPTURES[capture].what}; `,
      code(`--budget ${budgetMinutes}m`),
      ' would have held it.',
    ]);
