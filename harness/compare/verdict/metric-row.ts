/** A metric's outcome as a row of comparison.json. */
import { metricDef } from '../../metrics/index.ts';
import type { Launch, MetricComparison, MetricVerdict } from '../../model/index.ts';
import { benjaminiHochberg } from '../../stats/index.ts';
import type { JudgedMetric } from './gates.ts';
import type { MetricOutcome } from './metric-outcome.ts';
import type { Judgement } from './judge.ts';

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const interval = ([low, high]: readonly [number, number]): readonly [number, number] | null =>
  Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null;

type Effects = Pick<
  MetricComparison,
  | 'effectRatio'
  | 'ciRatio'
  | 'effectAbsolute'
  | 'ciAbsolute'
  | 'practicalRatio'
  | 'practicalAbsolute'
  | 'smallestDetectableRatio'
>;

const ratioEffects = ({ centre, interval: [low, high], limits, detectable }: Judgement): Effects => ({
  effectRatio: Math.expm1(centre),
  ciRatio: interval([Math.expm1(low), Math.expm1(high)]),
  effectAbsolute: null,
  ciAbsolute: null,
  // Back from ln(1 + τ) without its rounding, since people typed it.
  practicalRatio: Number(Math.expm1(limits.practical).toPrecision(12)),
  practicalAbsolute: null,
  smallestDetectableRatio: finite(Math.expm1(detectable)),
});

const absoluteEffects = (judgement: Judgement, practicalAbsolute: number): Effects => ({
  effectRatio: null,
  ciRatio: null,
  effectAbsolute: judgement.centre,
  ciAbsolute: interval(judgement.interval),
  practicalRatio: null,
  practicalAbsolute,
  smallestDetectableRatio: null,
});

const noEffects = ({ judged }: MetricOutcome): Effects => ({
  effectRatio: null,
  ciRatio: null,
  effectAbsolute: null,
  ciAbsolute: null,
  practicalRatio: judged.practicalRatio,
  practicalAbsolute: judged.practicalRatio === null ? judged.practicalAbsolute : null,
  smallestDetectableRatio: null,
});

const effectsOf = (outcome: MetricOutcome): Effects => {
  const { judgement, judged } = outcome;
  if (!judgement) return noEffects(outcome);
  if (judgement.scale === 'ratio') return ratioEffects(judgement);
  const growth = metricDef(judged.metric).method === 'growth';
  return absoluteEffects(judgement, growth ? judged.practicalAbsolute : judgement.limits.practical);
};

/** Distinct link seeds among launches. */
export const countLinkSeeds = (launches: readonly Launch[]): number =>
  new Set(launches.flatMap(({ linkSeed }) => linkSeed ?? [])).size;

/** An open metric at the end of the run: a gate is inconclusive, anything else was only shown. */
const finalVerdict = ({ verdict, judged }: MetricOutcome): MetricVerdict => {
  if (verdict !== 'open') return verdict;
  return judged.gate ? 'inconclusive' : 'notJudged';
};

/** What a row is of, whoever judged it. */
export const rowHead = ({
  metric,
  gate,
  required,
}: JudgedMetric): Pick<MetricComparison, 'metric' | 'unit' | 'better' | 'gate' | 'required'> => {
  const { unit, better } = metricDef(metric);
  return { metric, unit, better, gate, required };
};

/** `launches`: the launches behind the judgement, for its link seeds. */
export const rowOf = (outcome: MetricOutcome, launches: readonly Launch[]): MetricComparison => {
  const { judged, judgement, stage } = outcome;
  const verdict = finalVerdict(outcome);
  const linkSeeds = countLinkSeeds(launches);
  const bySeed =
    judgement !== null && judgement.unit === 'launch' && linkSeeds === judgement.n && launches.length > linkSeeds;
  return {
    ...rowHead(judged),
    base: judgement?.base ?? null,
    head: judgement?.head ?? null,
    ...effectsOf(outcome),
    ciLevel: judgement ? 1 - 2 * judgement.level : 0,
    pValue: outcome.pValue,
    qValue: null,
    verdict,
    reason: outcome.reason,
    decidedBy: judgement && { stage, unit: bySeed ? 'linkSeed' : judgement.unit, n: judgement.n, linkSeeds },
    unitsNeeded: verdict === 'inconclusive' && judgement ? finite(judgement.needed) : null,
    warnings: outcome.warnings,
  };
};

/** Adds false-discovery values over the rows that have a p-value; for information, nothing is decided by them. */
export const withQValues = (rows: readonly MetricComparison[]): readonly MetricComparison[] => {
  const tested = rows.flatMap(({ pValue }) => pValue ?? []);
  const qValues = benjaminiHochberg(tested);
  let next = 0;
  return rows.map((row) => (row.pValue === null ? row : { ...row, qValue: qValues[next++] ?? null }));
};
