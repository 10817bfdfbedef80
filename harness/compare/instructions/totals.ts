/**
 * What totals decide: instructions per request, counted by the CPU, or by the emulator where nobody knows its functions.
 * Collection is switched off meanwhile, but scheduling, polling and the runtime's monitor stay in, and nobody says which
 * function it was.
 */
import { type BySide, bothSides, type ExactRun, type Scenario, type TotalsLaunch } from '../../model/index.ts';
import { formatPercent } from '../../units/index.ts';
import { TOTALS_CHANGED_RATIO } from '../../metrics/index.ts';
import { type ExactFindings, figuresOf, instructionsRow, MOST_CLOCK_SHARE, withoutVerdict } from './judge.ts';
import { type CountingLimits, FIRST_LAUNCHES } from './launches.ts';
import { reasonsOf, unknownGoWarnings } from './unknown-go.ts';

export interface TotalsInput {
  readonly run: ExactRun;
  readonly scenario: Scenario;
  /** The base's measured CPU per request; null where it was not measured. */
  readonly cpuNsPerRequest: number | null;
}

/** Where the first ones do not agree. */
const MOST_LAUNCHES = FIRST_LAUNCHES + 2;

const LIMITS: CountingLimits = { changedRatio: TOTALS_CHANGED_RATIO, unstableRatio: TOTALS_CHANGED_RATIO };

const BY_CPU =
  'Counted by the CPU’s own counter, scheduling included. godyno was tested without such hardware: trust a verdict of it less than the emulator’s.';

/** Whether a run holds totals in place of functions. */
export const isTotals = ({ engine, namelessReason }: ExactRun): boolean =>
  engine === 'perf' || namelessReason !== undefined;

const doubtsOf = (run: ExactRun): readonly string[] => [
  ...(run.engine === 'perf' ? [BY_CPU] : []),
  ...unknownGoWarnings(run, LIMITS.changedRatio),
];

const idleShare = ({ instructions, windowSeconds, idleInstructions, idleSeconds }: TotalsLaunch): number =>
  instructions > 0 && idleSeconds > 0 ? (idleInstructions * windowSeconds) / idleSeconds / instructions : 0;

const refusalOf = (run: ExactRun, launches: BySide<readonly TotalsLaunch[]>): string | null => {
  if (run.refusal !== null) return run.refusal;
  if (launches.base.length === 0 || launches.head.length === 0) return 'not both sides were counted';
  const all = [...launches.base, ...launches.head];
  if (all.some(({ instructions }) => !(instructions > 0))) return 'the counter stood still while requests ran';
  const clock = Math.max(...all.map(idleShare));
  return clock <= MOST_CLOCK_SHARE ? null : `${formatPercent(clock)} of its work follows the clock, not the requests`;
};

/** Judges all launches there are, as `judgeExact` does for the emulator's. */
export const judgeTotals = ({ run, scenario, cpuNsPerRequest }: TotalsInput): ExactFindings => {
  const launches = bothSides((side) => (run.totals ?? []).filter((launch) => launch.side === side));
  const refusal = refusalOf(run, launches);
  if (refusal !== null) return withoutVerdict(run, refusal);
  const perRequest = bothSides((side) => launches[side].map(({ instructions, requests }) => instructions / requests));
  const figures = figuresOf(perRequest, LIMITS, cpuNsPerRequest);
  const reason = figures.isUnstable
    ? `unstable: launches of one side differ by ${formatPercent(figures.aaSpreadRatio)}`
    : null;
  const counted = {
    n: Math.min(launches.base.length, launches.head.length),
    linkSeeds: new Set([...launches.base, ...launches.head].map(({ linkSeed }) => linkSeed)).size,
  };
  return {
    exact: { engine: run.engine, aaSpreadRatio: figures.aaSpreadRatio, refusal: null, ...reasonsOf(run) },
    exactRows: [instructionsRow(figures, scenario, counted, { reason, warnings: doubtsOf(run) })],
    functions: [],
    attribution: null,
    costs: [],
    launchesWanted: figures.isUnstable ? MOST_LAUNCHES : FIRST_LAUNCHES,
  };
};
