/**
 * What sampled profiles say, kind by kind. What was read while launches were still to come is not read again, as long as
 * a kind's launches are the same in the end.
 */
import {
  apartIn,
  compareKind,
  compareLabel,
  comparePerf,
  type CostProfile,
  isNamedForSure,
  type KindCompared,
  type ProfiledKind,
  type ProfiledSide,
  servingIn,
  withCountedStacks,
} from '../compare/index.ts';
import { counterPerRequest, countedPairs, METRICS, profileKind } from '../metrics/index.ts';
import {
  type BySide,
  bothSides,
  COST_KINDS,
  type CostKind,
  type LabelComparison,
  type Launch,
  type PerfComparison,
  type ProfileKind,
  type RunFile,
  type ScenarioRun,
  type Side,
  SIDES,
  type WaitApartRow,
} from '../model/index.ts';
import type { Profile } from '../profile/index.ts';
import type { ProfilePair } from '../report/index.ts';
import { type KindEvidence, kindsOf, openKind } from './evidence.ts';
import { graphOf, perfGraph } from './graphs.ts';
import { launchesExplaining, launchesMerged } from './launches.ts';
import { type KeepMerged, keepSides } from './merged.ts';
import type { ReadFile } from './profile-files.ts';

/** What head changes, which tells its functions. */
export type SourceChange = Pick<RunFile, 'diff' | 'moduleChanges'>;

export interface Sampled {
  readonly compared: readonly KindCompared[];
  readonly graphs: readonly ProfilePair[];
  readonly cpu: BySide<Profile | null>;
  /** By the labels that the scenario names. */
  readonly labels: readonly LabelComparison[];
  /** Waits that are no request's. */
  readonly apart: readonly WaitApartRow[];
  /** Of launches under Linux perf; null: there are none. */
  readonly perf: PerfComparison | null;
}

/** Of one kind; `cpu` is null for all others, whose launches' sum nobody asks for. */
interface KindRead extends Sampled {
  readonly launches: LaunchesOfKind;
  /** Of waits: functions seen below requests. */
  readonly serving: ReadonlySet<string>;
}

interface LaunchesOfKind {
  readonly explaining: readonly Launch[];
  readonly merged: readonly Launch[];
}

const launchesOf = (run: ScenarioRun, kind: ProfileKind): LaunchesOfKind => {
  const hasKind = ({ sides }: Launch): boolean => SIDES.some((side) => kind in sides[side].profiles);
  return {
    explaining: launchesExplaining(run, kind).filter(hasKind),
    merged: launchesMerged(run, kind).filter(hasKind),
  };
};

const areSame = (one: readonly Launch[], other: readonly Launch[]): boolean =>
  one.length === other.length && one.every((launch, i) => launch === other[i]);

const practicalRatioOf = (kind: CostKind): number =>
  Math.min(...profileKind(kind).explains.map((metric) => METRICS[metric].practicalRatio ?? 0));

const isSampled = (kind: CostKind): kind is CostProfile => kind !== 'instructions';

const sideOf = (kind: CostKind, evidence: KindEvidence, launch: Launch, side: Side): ProfiledSide | null => {
  const open = evidence.of(launch, side);
  if (open === null) return null;
  const { counter } = profileKind(kind);
  const total = counter === null ? undefined : counterPerRequest(countedPairs(launch, 'cost'), side, counter);
  return { ...open, ...(total === undefined ? {} : { exactTotalPerRequest: total }) };
};

const profiledKind = (profile: CostProfile, evidence: KindEvidence): ProfiledKind => ({
  profile,
  launches: evidence.explaining.flatMap((launch) => {
    const [base, head] = [sideOf(profile, evidence, launch, 'base'), sideOf(profile, evidence, launch, 'head')];
    return base === null || head === null ? [] : [{ base, head }];
  }),
  practicalRatio: practicalRatioOf(profile),
});

/** CPU per request of all judged launches, in which the sides took turns request by request; undefined: none were counted. */
const judgedCpu = ({ launches }: ScenarioRun, side: Side): number | undefined => {
  const pairs = launches.filter(({ stage }) => stage === 'judged').flatMap((launch) => countedPairs(launch, 'cost'));
  return counterPerRequest(pairs, side, 'cpuNs');
};

/** Of launches under Linux perf: their samples say the shares, judged launches of what. */
const perfSides = (run: ScenarioRun, { explaining, of }: KindEvidence): readonly BySide<ProfiledSide>[] => {
  const totals = bothSides((side) => judgedCpu(run, side));
  return explaining.flatMap((launch) => {
    const [base, head] = SIDES.map((side): ProfiledSide | null => {
      const { cpuNs, requests } = launch.sides[side].profiled;
      const own = cpuNs === undefined || requests === 0 ? undefined : cpuNs / requests;
      const [open, total] = [of(launch, side), totals[side] ?? own];
      return open === null ? null : { ...open, ...(total !== undefined && { exactTotalPerRequest: total }) };
    });
    return base && head ? [{ base, head }] : [];
  });
};

const NO_CPU: Sampled['cpu'] = { base: null, head: null };

export class SamplesReader {
  readonly #read: ReadFile;
  readonly #keep: KeepMerged;
  /** Of the scenario that was read last; launches tell scenarios apart. */
  readonly #known = new Map<ProfileKind, KindRead>();

  constructor(read: ReadFile, keep: KeepMerged) {
    this.#read = read;
    this.#keep = keep;
  }

  /** Reads one kind of what is there and not known yet, in about a tenth of a second; does nothing where all is known. */
  async readAhead(change: SourceChange, run: ScenarioRun): Promise<void> {
    const next = kindsOf(run).find((kind) => this.#knownOf(run, kind) === null);
    if (next !== undefined) await this.#readKind(change, run, next);
  }

  /** Whether CPU samples name who made CPU fail, whatever more of them would say. */
  async isNamed(change: SourceChange, run: ScenarioRun): Promise<boolean> {
    const { compared } = this.#knownOf(run, 'cpu') ?? (await this.#readKind(change, run, 'cpu'));
    return compared.some((each) => !('isIncomparable' in each) && isNamedForSure(each));
  }

  async all(change: SourceChange, run: ScenarioRun): Promise<Sampled> {
    const compared: KindCompared[] = [];
    const graphs: ProfilePair[] = [];
    const apart: WaitApartRow[] = [];
    const labels: LabelComparison[] = [];
    let cpu = NO_CPU;
    let perf: PerfComparison | null = null;
    for (const kind of kindsOf(run)) {
      const read = this.#knownOf(run, kind) ?? (await this.#readKind(change, run, kind));
      compared.push(...read.compared);
      graphs.push(...read.graphs);
      apart.push(...read.apart);
      labels.push(...read.labels);
      if (kind === 'cpu') cpu = read.cpu;
      perf = read.perf ?? perf;
    }
    return { compared, graphs, cpu, apart, labels, perf };
  }

  #knownOf(run: ScenarioRun, kind: ProfileKind): KindRead | null {
    const known = this.#known.get(kind);
    if (known === undefined) return null;
    const { explaining, merged } = launchesOf(run, kind);
    return areSame(known.launches.explaining, explaining) && areSame(known.launches.merged, merged) ? known : null;
  }

  /** Everything that a kind is asked, while its launches are in memory. */
  async #readKind({ diff, moduleChanges }: SourceChange, run: ScenarioRun, file: ProfileKind): Promise<KindRead> {
    const { builds } = run;
    const context = { diff, moduleChanges, modulePath: builds.head.modulePath || null, builds };
    const compared: KindCompared[] = [];
    const graphs: ProfilePair[] = [];
    const labels: LabelComparison[] = [];
    const evidence = await openKind(run, file, this.#read);
    await keepSides(run, file, evidence.merged, this.#keep);
    const apart: WaitApartRow[] = [];
    // Of who holds a lock it is told by those that wait, whether it works for requests: they are read first.
    const known = file === 'mutex' ? this.#known.get('block')?.serving : undefined;
    let serving: ReadonlySet<string> = new Set();
    for (const kind of COST_KINDS.filter(isSampled).filter((each) => profileKind(each).file === file)) {
      const profiled = profiledKind(kind, evidence);
      const counted = withCountedStacks(profiled, known);
      if (file === 'block') serving = servingIn(profiled);
      apart.push(...apartIn(profiled, known));
      const found = compareKind(counted, context);
      if (found === null || evidence.explained === null) continue;
      compared.push(found);
      graphs.push(graphOf(run.scenario.name, counted, evidence.explained));
      if (profileKind(kind).labelled)
        labels.push(...(run.scenario.measure.labels ?? []).flatMap((label) => compareLabel(counted, label)));
    }
    const cpu = file === 'cpu' ? evidence.merged : NO_CPU;
    const sampled = file === 'perf' ? perfSides(run, evidence) : [];
    const perf = comparePerf(sampled, context.modulePath);
    if (perf !== null && evidence.explained !== null)
      graphs.push(perfGraph(run.scenario.name, sampled, evidence.explained));
    const read = { launches: launchesOf(run, file), compared, graphs, labels, cpu, apart, serving, perf };
    this.#known.set(file, read);
    return read;
  }
}
