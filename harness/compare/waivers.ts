/**
 * Known regressions, accepted beforehand: one line each, with a ceiling, a reason and a last day.
 *
 *     demo cpuNsPerRequest +3% until 2027-01-31: safer encoder, #123
 *
 * The measured verdict stays what it is; a waiver only keeps it from failing the run, and only while the effect is
 * within its ceiling. What does not apply is said. Failing requests cannot be waived.
 */
import { UsageError } from '../errors.ts';
import { metricDef } from '../metrics/index.ts';
import {
  type AppliedWaiver,
  type Comparison,
  METRIC_IDS,
  type MetricComparison,
  type MetricId,
  type RunVerdict,
  type ScenarioComparison,
  worstVerdict,
} from '../model/index.ts';
import { formatSignedPercent, formatSignedQuantity } from '../units/index.ts';
import { withFunctionGates } from './verdict/function-limits.ts';
import { scenarioVerdictOf } from './verdict/scenario-verdict.ts';

export type Waiver = Omit<AppliedWaiver, 'effect'>;

/** The commit trailer's key: `Godyno-Waiver: demo cpuNsPerRequest +3% until 2027-01-31: safer encoder`. */
export const WAIVER_TRAILER = 'Godyno-Waiver';

/** Scenario, metric, ceiling with or without %, last day, reason. */
const LINE = /^(\S+)\s+(\S+)\s+\+?(\d+(?:\.\d+)?)\s*(%?)\s+until\s+(\S+?)\s*:\s*(\S.*)$/;

const HINT = 'Write it as: demo cpuNsPerRequest +3% until 2027-01-31: why it is accepted.';

const refuse = (source: string, what: string, hint = HINT): never => {
  throw new UsageError('WAIVER_INVALID', `${source}: ${what}`, hint);
};

const metricNamed = (name: string, source: string): MetricId => {
  const metric = METRIC_IDS.find((id) => id === name);
  if (metric === undefined) return refuse(source, `"${name}" is no metric`, `Metrics are ${METRIC_IDS.join(', ')}.`);
  if (metric === 'errorRatio') {
    return refuse(
      source,
      'failing requests cannot be waived',
      'If the new answers are right, say so in the scenario: expect: { status: … }.',
    );
  }
  return metric;
};

/** A day that exists; 2027-02-30 does not. */
const isDay = (text: string): boolean => {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
};

/** Reads one line. `source` is where it stands, for messages and the report. Throws UsageError `WAIVER_INVALID`. */
export const parseWaiver = (line: string, source: string): Waiver => {
  const found = LINE.exec(line.trim());
  if (found === null) return refuse(source, `"${line.trim().slice(0, 200)}" is no waiver`);
  const [, scenario = '', name = '', amount = '', percent = '', expires = '', reason = ''] = found;
  const metric = metricNamed(name, source);
  const kind = metricDef(metric).method === 'growth' ? 'absolute' : 'ratio';
  if ((kind === 'ratio') !== (percent === '%')) {
    const unit = kind === 'ratio' ? 'in percent, like +3%' : `as a number in ${metricDef(metric).unit}, like +64`;
    return refuse(source, `the ceiling of ${metric} is "${amount}${percent}"`, `Give it ${unit}.`);
  }
  if (!isDay(expires)) return refuse(source, `"${expires}" is no day`, 'Write the last day as YYYY-MM-DD.');
  const ceiling = kind === 'ratio' ? Number(amount) / 100 : Number(amount);
  return { scenario, metric, ceiling, kind, reason: reason.trim(), expires, source };
};

/** Reads a waiver file: a line each, `#` starts a remark, blank lines are nothing. */
export const parseWaivers = (text: string, file: string): readonly Waiver[] =>
  text.split('\n').flatMap((line, index) => {
    const meant = line.replace(/(?:^|\s)#(?!\d).*$/, '').trim();
    return meant === '' ? [] : [parseWaiver(meant, `${file}:${index + 1}`)];
  });

const effectOf = (row: MetricComparison, kind: Waiver['kind']): number | null =>
  kind === 'ratio' ? row.effectRatio : row.effectAbsolute;

const shown = (value: number, { kind, metric }: Waiver): string =>
  kind === 'ratio' ? formatSignedPercent(value) : formatSignedQuantity(value, metricDef(metric).unit);

type Ruling = { readonly applied: AppliedWaiver } | { readonly remark: string };

/** Compares text as days are written, so the last day still holds. */
const hasExpired = (waiver: Waiver, today: string): boolean => waiver.expires < today;

const rule = (waiver: Waiver, scenario: ScenarioComparison, today: string): Ruling => {
  const name = `${waiver.source}: the waiver for ${waiver.metric} of ${waiver.scenario}`;
  const row = scenario.metrics.find(({ metric }) => metric === waiver.metric);
  if (row === undefined || !row.gate) return { remark: `${name} is not needed: that metric fails nothing here` };
  if (row.verdict !== 'regressed') {
    return row.verdict === 'unchanged' || row.verdict === 'improved' || row.verdict === 'changed'
      ? { remark: `${name} is no longer needed: remove it` }
      : { remark: `${name} was not used: the metric is not decided in this run` };
  }
  if (hasExpired(waiver, today)) return { remark: `${name} expired on ${waiver.expires}` };
  const effect = effectOf(row, waiver.kind);
  if (effect === null) return { remark: `${name} was not used: this run has no such effect` };
  return effect <= waiver.ceiling
    ? { applied: { ...waiver, effect } }
    : {
        remark: `${name} does not cover ${shown(effect, waiver)}: its ceiling is ${shown(waiver.ceiling, waiver)}`,
      };
};

/** The first waiver of a metric counts; others beside it are named. */
const withoutDoubles = (
  waivers: readonly Waiver[],
): { readonly kept: readonly Waiver[]; readonly remarks: readonly string[] } => {
  const first = new Map<string, Waiver>();
  const remarks: string[] = [];
  for (const waiver of waivers) {
    const key = `${waiver.scenario} ${waiver.metric}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, waiver);
    else
      remarks.push(
        `${waiver.source}: there is a waiver for ${waiver.metric} of ${waiver.scenario} in ${other.source} already`,
      );
  }
  return { kept: [...first.values()], remarks };
};

const verdictWithout = (scenario: ScenarioComparison, applied: readonly AppliedWaiver[]): RunVerdict => {
  if (scenario.verdict !== 'regressed') return scenario.verdict;
  const waived = new Set(applied.filter((one) => one.scenario === scenario.scenario).map(({ metric }) => metric));
  const rows = scenario.metrics.map((row) => (waived.has(row.metric) ? { ...row, gate: false } : row));
  if (waived.size === 0) return 'regressed';
  return withFunctionGates(scenarioVerdictOf(rows, null), scenario.functionGates).verdict;
};

/**
 * The comparison with what waivers do to it. `today` is `YYYY-MM-DD`, UTC. Waivers of scenarios that are not in it say
 * nothing: another part of a matrix may have them. Without waivers the comparison comes back as it is.
 */
export const applyWaivers = (comparison: Comparison, waivers: readonly Waiver[], today: string): Comparison => {
  if (waivers.length === 0) return comparison;
  const { kept, remarks } = withoutDoubles(waivers);
  const rulings = kept.flatMap((waiver) =>
    comparison.scenarios
      .filter(({ scenario }) => scenario === waiver.scenario)
      .map((scenario) => rule(waiver, scenario, today)),
  );
  const applied = rulings.flatMap((ruling) => ('applied' in ruling ? [ruling.applied] : []));
  return {
    ...comparison,
    waivers: {
      verdictWithout: worstVerdict(comparison.scenarios.map((scenario) => verdictWithout(scenario, applied))),
      applied,
      remarks: [...rulings.flatMap((ruling) => ('remark' in ruling ? [ruling.remark] : [])), ...remarks],
    },
  };
};
