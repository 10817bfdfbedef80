/** A report as plain data: what every renderer draws, in the order of reading. */
import type {
  CommandLine,
  ComparedRevision,
  Comparison,
  ComparisonMethod,
  CostKind,
  FunctionGateVerdict,
  FunctionKind,
  MetricId,
  MetricVerdict,
  RouteVerdict,
  RunFile,
  RunVerdict,
} from '../../model/index.ts';
import type { InlineText } from '../text/inline-text.ts';
import type { Headline } from './headline.ts';

export interface Report {
  readonly verdict: RunVerdict;
  /** What it is called. */
  readonly headline: Headline;
  readonly method: ComparisonMethod;
  readonly base: ComparedRevision;
  readonly head: ComparedRevision;
  readonly seed: number;
  readonly godynoVersion: string;
  /** Worst first; none where all are new on head. */
  readonly scenarios: readonly ScenarioReport[];
  /** What has nothing to be compared with yet, one sentence each. */
  readonly newOnHead: readonly InlineText[];
  /** Shell lines that give the same verdict elsewhere. */
  readonly reproduce: readonly string[];
  /** What the reproduce lines cannot carry (uncommitted changes, …). */
  readonly reproduceNotes: readonly InlineText[];
  /** What it took to get this far, and on what; null where that is not known. */
  readonly took: string | null;
  /** Which of several comments of one pull request this is; goes into the hidden marker. */
  readonly key: string;
}

export interface ScenarioReport {
  readonly scenario: string;
  readonly verdict: RunVerdict;
  readonly headline: Headline;
  readonly sentence: InlineText;
  /** How the base was found or had; null where somebody named it. */
  readonly baseFound: string | null;
  /** Another Go on each side; null where both have one. */
  readonly newGo: NewGo | null;
  /** Reasons to trust the figures less, worst first. */
  readonly cautions: readonly InlineText[];
  /** What to do next where the figures alone do not say it; null otherwise. */
  readonly toDo: InlineText | null;
  /** What both sides answered, where that differs. */
  readonly answers: readonly InlineText[];
  /** What the first failed requests were answered. */
  readonly failed: readonly InlineText[];
  /** Rows that are not "unchanged", gates and worst first, at most {@link MOST_CHANGED_ROWS}. */
  readonly changed: readonly MetricRow[];
  readonly changedLeftOut: number;
  /** Per request name of the scenario, what moved first, then per value of its labels; none where there is one name. */
  readonly routes: readonly RouteRow[];
  /** Functions that the scenario gives a limit. */
  readonly functionGates: readonly FunctionGateRow[];
  /** What exact mode counted; null where it did not run or gave no verdict. */
  readonly codePath: CodePath | null;
  readonly why: Why;
  /** What each function that the change touches costs. */
  readonly changedCode: readonly InlineText[];
  readonly blindSpots: readonly InlineText[];
  readonly metrics: readonly MetricRow[];
  /** How it was measured: counts and settings. */
  readonly facts: readonly Fact[];
}

export const MOST_CHANGED_ROWS = 10;

export interface Fact {
  readonly name: string;
  readonly value: InlineText;
}

/** Formatted; the raw numbers are in `comparison.json`. */
export interface MetricRow {
  readonly metric: MetricId;
  readonly label: string;
  readonly gate: boolean;
  readonly base: string;
  readonly head: string;
  readonly effect: string;
  readonly interval: string;
  readonly verdict: MetricVerdict;
  /** Verdict in words and sign, with the reason when there is one. */
  readonly words: string;
  readonly reason: string | null;
  readonly warnings: readonly string[];
}

/** Of a request name, or of a value of a label. */
export interface RouteRow {
  readonly of: 'request' | 'label';
  readonly route: string;
  /** Of the metric. */
  readonly label: string;
  readonly base: string;
  readonly head: string;
  readonly effect: string;
  readonly interval: string;
  readonly verdict: RouteVerdict;
  /** Verdict in words and sign. */
  readonly words: string;
  /** What is behind it on head: `400 requests`, `520 samples`. */
  readonly behind: string;
}

/** What a table of these rows is of. */
export const routesHeading = (rows: readonly RouteRow[]): string => {
  const kinds = new Set(rows.map(({ of }) => of));
  if (!kinds.has('label')) return 'Request';
  return kinds.has('request') ? 'Request or label' : 'Label';
};

/** Worth a line in sight. */
export const isMovedRoute = ({ verdict }: RouteRow): boolean => verdict === 'regressed' || verdict === 'improved';

export interface FunctionGateRow {
  /** The function, or the pattern where it has none to show. */
  readonly function: string;
  /** In what it has a limit: `CPU`. */
  readonly label: string;
  readonly base: string;
  readonly head: string;
  readonly effect: string;
  readonly interval: string;
  readonly limit: string;
  readonly verdict: FunctionGateVerdict;
  /** Verdict in words and sign. */
  readonly words: string;
  /** May hold names. */
  readonly reason: string | null;
}

export interface NewGo {
  /** `go1.26.8 → go1.27.3, and nothing else changed`. */
  readonly title: string;
  /** What it costs by package, what the binary weighs, which gates have another limit for it. */
  readonly costs: readonly InlineText[];
  /** What that Go is known to do otherwise; the title says which Go. */
  readonly knownTitle: string;
  readonly known: readonly InlineText[];
}

export interface CodePath {
  /** Engine, launches and requests. */
  readonly how: string;
  /** Instructions, what they are worth, system calls, allocations: per request. */
  readonly figures: readonly InlineText[];
  /** One sentence each, the one to look at first. */
  readonly functions: readonly InlineText[];
  readonly functionsLeftOut: number;
  readonly notes: readonly InlineText[];
}

export interface Why {
  readonly groups: readonly FunctionGroup[];
  /** CPU per request by whose code it is, from launches under Linux perf; none where there are none. */
  readonly places: readonly PlaceRow[];
  /** Root to culprit; empty when nothing is named. */
  readonly path: readonly PathFrame[];
  /** Such as "no single function stands out". */
  readonly notes: readonly InlineText[];
}

/** Formatted; `what` such as `kernel`, or what was called below a function. */
export interface PlaceRow {
  readonly what: InlineText;
  readonly base: string;
  readonly head: string;
  readonly delta: string;
  readonly interval: string;
}

/** Above a table of {@link PlaceRow}. */
export const PLACES_TITLE = 'CPU per request by perf';

export interface PathFrame {
  readonly function: string;
  /** Including callees, where that function has a row of its own; else null. */
  readonly delta: string | null;
  readonly changedInDiff: boolean;
}

export interface FunctionGroup {
  readonly profile: CostKind;
  readonly label: string;
  /** What the figures are: `own cost per request`. */
  readonly what: string;
  /** What the impact is a part of: `Of a base request`. */
  readonly share: string;
  readonly rows: readonly FunctionRow[];
  readonly leftOut: number;
}

export interface FunctionRow {
  readonly function: string;
  readonly place: string | null;
  readonly base: string;
  readonly head: string;
  readonly delta: string;
  readonly impact: string;
  readonly kind: FunctionKind;
  readonly words: string;
  readonly changedInDiff: boolean;
  readonly movedTo: string | null;
  /** The module's own function on whose account it runs; null for its own functions. */
  readonly caller: string | null;
  /** `1 → 2`, calls per request; null where they were not counted. */
  readonly calls: string | null;
}

/** What the command line was told, so that the reproduce lines can be pasted. */
export interface Invocation extends CommandLine {
  /** How the user called us, e.g. `npx godyno`. */
  readonly program: string;
  readonly command: 'run' | 'compare' | 'report';
  /** Distinguishes this run's comment from others on the same pull request; default `default`. */
  readonly key?: string;
}

export interface ReportInput {
  readonly comparison: Comparison;
  /** With it, invalid runs say what to do, and notes of the run are shown. */
  readonly run?: RunFile;
  readonly invocation: Invocation;
}
