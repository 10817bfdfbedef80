/** `report.html`: the profiles of a run beside its comparison, in one page that needs no network. */
import { existsSync, readFileSync } from 'node:fs';
import type { Comparison, MetricUnit, ProfileKind, RunFile, ScenarioRun, Side } from '../model/index.ts';
import { belowRequests, mergeProfiles, type Profile } from '../profile/index.ts';
import { type ProfilePair, type Report, renderHtml } from '../report/index.ts';
import { countedSide, launchesWith } from './profiles.ts';
import { openProfile, type ReadFile } from './read-profile.ts';

interface Graph {
  readonly title: string;
  readonly file: ProfileKind;
  readonly valueType: string;
  readonly unit: MetricUnit;
  readonly compared: ProfilePair['compared'];
  /** Snapshots are shown as they are, everything else per request. */
  readonly span: 'per request' | 'snapshot';
  readonly choose: (profile: Profile) => Profile;
}

const whole = (profile: Profile): Profile => profile;

const GRAPHS: readonly Graph[] = [
  { title: 'CPU', file: 'cpu', valueType: 'cpu', unit: 'ns', compared: 'cpu', span: 'per request', choose: whole },
  {
    title: 'allocated bytes',
    file: 'allocs',
    valueType: 'alloc_space',
    unit: 'B',
    compared: 'alloc_space',
    span: 'per request',
    choose: whole,
  },
  {
    title: 'allocated objects',
    file: 'allocs',
    valueType: 'alloc_objects',
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
}

const mergeSide = async (run: ScenarioRun, side: Side, graph: Graph, read: ReadFile): Promise<Merged | null> => {
  const parts: Profile[] = [];
  let requests = 0;
  for (const launch of launchesWith(run, graph.file)) {
    const ref = launch.sides[side].profiles[graph.file];
    const profile = ref === undefined ? null : await openProfile(ref, graph.file, read);
    if (ref === undefined || profile === null) continue;
    parts.push(graph.choose(profile));
    requests += ref.requests;
  }
  return parts.length === 0 ? null : { profile: mergeProfiles(parts), requests, launches: parts.length };
};

const sourceOf = (merged: Merged, graph: Graph) => ({
  profile: merged.profile,
  valueType: graph.valueType,
  scale: 1 / Math.max(1, graph.span === 'snapshot' ? merged.launches : merged.requests),
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

const pairsOf = async (run: ScenarioRun, read: ReadFile): Promise<readonly ProfilePair[]> => {
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
