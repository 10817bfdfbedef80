/** `report.html`: the profiles of a run beside its comparison, in one page that needs no network. */
import { existsSync, readFileSync } from 'node:fs';
import type { Comparison, MetricUnit, ProfileKind, RunFile, ScenarioRun, Side } from '../model/index.ts';
import { countedPairs, counterPerRequest } from '../metrics/index.ts';
import { belowRequests, mergeProfiles, type Profile, valueColumn, withoutAgent } from '../profile/index.ts';
import { type ProfilePair, type Report, renderHtml } from '../report/index.ts';
import { countedSide, launchesExplaining } from './profiles.ts';
import { openProfile, type ReadFile } from './read-profile.ts';

interface Graph {
  readonly title: string;
  readonly file: ProfileKind;
  readonly valueType: string;
  /** What the values are shares of, as the rows of the report have it; left out: they are as they are. */
  readonly counter?: 'cpuNs' | 'mallocs' | 'allocBytes';
  readonly unit: MetricUnit;
  readonly compared: ProfilePair['compared'];
  /** Snapshots are shown as they are, everything else per request. */
  readonly span: 'per request' | 'snapshot';
  readonly choose: (profile: Profile) => Profile;
}

const whole = (profile: Profile): Profile => profile;

const GRAPHS: readonly Graph[] = [
  {
    title: 'CPU',
    file: 'cpu',
    // Counts, not nanoseconds: launches of the explain pass are sampled at another rate than the judged ones.
    valueType: 'samples',
    counter: 'cpuNs',
    unit: 'ns',
    compared: 'cpu',
    span: 'per request',
    choose: whole,
  },
  {
    title: 'allocated bytes',
    file: 'allocs',
    valueType: 'alloc_space',
    counter: 'allocBytes',
    unit: 'B',
    compared: 'alloc_space',
    span: 'per request',
    choose: whole,
  },
  {
    title: 'allocated objects',
    file: 'allocs',
    valueType: 'alloc_objects',
    counter: 'mallocs',
    unit: 'count',
    compared: 'alloc_objects',
    span: 'per request',
    choose: whole,
  },
  {
    title: 'waiting for locks',
    file: 'mutex',
    valueType: 'delay',
    unit: 'ns',
    compared: 'mutex',
    span: 'per request',
    choose: whole,
  },
  {
    title: 'blocked below requests',
    file: 'block',
    valueType: 'delay',
    unit: 'ns',
    compared: 'block',
    span: 'per request',
    choose: belowRequests,
  },
  {
    title: 'live heap',
    file: 'heap',
    valueType: 'inuse_space',
    unit: 'B',
    compared: 'inuse_space',
    span: 'snapshot',
    choose: whole,
  },
  {
    title: 'goroutines',
    file: 'goroutine',
    valueType: 'goroutine',
    unit: 'count',
    compared: 'goroutine',
    span: 'snapshot',
    choose: whole,
  },
  {
    title: 'goroutines that can never wake',
    file: 'goroutineleak',
    valueType: 'goroutineleak',
    unit: 'count',
    compared: 'goroutineleak',
    span: 'snapshot',
    choose: whole,
  },
];

interface Merged {
  readonly profile: Profile;
  readonly requests: number;
  readonly launches: number;
  /** By the exact counter, per request; null where a launch has none. */
  readonly exact: number | null;
}

/** Of the launches that the report's rows come from, so that page and sentence show the same. */
const mergeSide = async (run: ScenarioRun, side: Side, graph: Graph, read: ReadFile): Promise<Merged | null> => {
  const parts: Profile[] = [];
  let requests = 0;
  let cost: number | null = 0;
  for (const launch of launchesExplaining(run, graph.file)) {
    const ref = launch.sides[side].profiles[graph.file];
    const profile = ref === undefined ? null : await openProfile(ref, graph.file, read);
    if (ref === undefined || profile === null) continue;
    parts.push(withoutAgent(graph.choose(profile)));
    requests += ref.requests;
    const exact =
      graph.counter === undefined ? undefined : counterPerRequest(countedPairs(launch, 'cost'), side, graph.counter);
    cost = cost === null || exact === undefined ? null : cost + exact * ref.requests;
  }
  if (parts.length === 0) return null;
  const exact = cost === null || requests === 0 ? null : cost / requests;
  return { profile: mergeProfiles(parts), requests, launches: parts.length, exact };
};

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** A share of the exact total where there is one, as the rows have it (docs/blame.md). */
const scaleOf = ({ profile, requests, launches, exact }: Merged, graph: Graph): number => {
  if (graph.span === 'snapshot') return 1 / Math.max(1, launches);
  const all = exact === null ? 0 : total(valueColumn(profile, graph.valueType));
  return exact === null || all === 0 ? 1 / Math.max(1, requests) : exact / all;
};

const sourceOf = (merged: Merged, graph: Graph) => ({
  profile: merged.profile,
  valueType: graph.valueType,
  scale: scaleOf(merged, graph),
});

/** Counted instructions, by paths where CPU samples know them. */
const countedPair = async (run: ScenarioRun, read: ReadFile): Promise<readonly ProfilePair[]> => {
  const base = await countedSide(run, 'base', read);
  const head = await countedSide(run, 'head', read);
  if (base === null || head === null) return [];
  const source = ({ profile, requests }: typeof base) => ({
    profile,
    valueType: 'instructions',
    scale: 1 / Math.max(1, requests),
  });
  const title = `instructions${base.pathSamples > 0 ? '' : ', no call paths'}`;
  return [
    {
      scenario: run.scenario.name,
      title,
      compared: 'instructions',
      unit: 'instructions',
      perRequest: true,
      base: source(base),
      head: source(head),
    },
  ];
};

/** What the page draws of one scenario: the same launches, scaled as the rows are. */
export const pairsOf = async (run: ScenarioRun, read: ReadFile): Promise<readonly ProfilePair[]> => {
  const pairs: ProfilePair[] = [];
  for (const graph of GRAPHS) {
    const base = await mergeSide(run, 'base', graph, read);
    const head = await mergeSide(run, 'head', graph, read);
    if (base === null || head === null) continue;
    pairs.push({
      scenario: run.scenario.name,
      title: graph.title,
      compared: graph.compared,
      unit: graph.unit,
      perRequest: graph.span === 'per request',
      base: sourceOf(base, graph),
      head: sourceOf(head, graph),
    });
  }
  return [...pairs, ...(await countedPair(run, read))];
};

/** The built package holds the page's script; a source tree that was never built has none. */
const assetUrl = (name: string): URL => new URL(`../report/page/${name}`, import.meta.url);

/** null where the page's script has not been built. */
export const pageOf = async (
  report: Report,
  comparison: Comparison,
  run: RunFile,
  read: ReadFile,
): Promise<string | null> => {
  const scriptFile = assetUrl('page.js');
  if (!existsSync(scriptFile)) return null;
  const profiles: ProfilePair[] = [];
  for (const part of run.runs) profiles.push(...(await pairsOf(part, read)));
  const script = readFileSync(scriptFile, 'utf8');
  const style = readFileSync(assetUrl('page.css'), 'utf8');
  return renderHtml({ report, comparison, run, profiles, script, style });
};
