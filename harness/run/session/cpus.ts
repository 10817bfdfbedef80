/**
 * Who runs where. Both services of a launch share CPU(s), its loader and links have others: the method, not a detail
 * (docs/method.md; unpinned it takes 15 to 50 times the time for the same error). Where there are CPUs for two launches at
 * the same time, there are two lanes.
 */
import type { LaneCpus, RunSettings } from '../../model/index.ts';

/** CPUs of one core: hardware threads that take its time from one another. */
type Core = readonly number[];

export interface CpuLayout {
  /** One for each launch that may run at the same time; none: nothing is bound to CPUs. */
  readonly lanes: readonly LaneCpus[];
  /** null when there are lanes. */
  readonly unpinnedReason: string | null;
  /** All that we may use, to go back to; empty where nothing is bound. */
  readonly usable: readonly number[];
  /** Why there is one lane though there are CPUs for two; null: there are not, or it was asked for. */
  readonly oneLaneReason: string | null;
}

/** As a run keeps it. */
export const cpuSettings = ({
  lanes: [first],
  unpinnedReason,
}: CpuLayout): Pick<RunSettings, 'pinned' | 'unpinnedReason' | 'targetCpus' | 'loaderCpus'> => ({
  pinned: first !== undefined,
  unpinnedReason,
  targetCpus: first?.targetCpus ?? [],
  loaderCpus: first?.loaderCpus ?? [],
});

export interface CpuRequest {
  /** CPUs this process may use, core by core in ascending order; null where the system does not tell. */
  readonly cores: readonly Core[] | null;
  /** CPUs that both services of a launch are to share. */
  readonly wanted: number;
  /** Why programs cannot be pinned here, or null when they can. */
  readonly refusal: string | null;
  /** Left out: as many as there are CPUs for, two at most. */
  readonly mostLanes?: 1 | 2;
  /** What speaks against two lanes; left out or null: nothing. */
  readonly againstTwo?: string | null;
}

export const layOutCpus = (request: CpuRequest): CpuLayout => {
  const { cores, wanted, refusal, mostLanes = 2, againstTwo = null } = request;
  const usable = (cores ?? []).flat().toSorted((a, b) => a - b);
  const unpinnedReason = refusal ?? whyNotPinned(cores === null ? null : usable.length, wanted);
  if (unpinnedReason !== null || cores === null) return { lanes: [], unpinnedReason, usable: [], oneLaneReason: null };
  const two = mostLanes === 1 ? [] : twoLanes(cores, wanted);
  const lanes = two.length === 0 || againstTwo !== null ? [onlyLane(cores, usable, wanted)] : two;
  return { lanes, unpinnedReason, usable, oneLaneReason: two.length === 0 ? null : againstTwo };
};

const whyNotPinned = (usable: number | null, wanted: number): string | null => {
  if (usable === null) return 'this system does not tell which CPUs a program may use';
  if (usable > wanted) return null;
  return usable === 1
    ? 'only one CPU is usable, so the load generator would share it with the services'
    : `the services ask for ${wanted} CPUs and only ${usable} are usable, none is left for the load generator`;
};

/** The rest of the services' cores stays idle where the loader finds room elsewhere: it would slow them down. */
const onlyLane = (cores: readonly Core[], usable: readonly number[], wanted: number): LaneCpus => {
  const targetCpus = usable.slice(0, wanted);
  const elsewhere = cores.filter((core) => !core.some((cpu) => targetCpus.includes(cpu))).flat();
  return { targetCpus, loaderCpus: elsewhere.length > 0 ? elsewhere : usable.slice(wanted) };
};

/** Each has half of the cores to itself; none where that is too little. */
const twoLanes = (cores: readonly Core[], wanted: number): readonly LaneCpus[] => {
  const half = Math.floor(cores.length / 2);
  const lanes = [cores.slice(0, half), cores.slice(half)].flatMap((own) => laneOn(own, wanted) ?? []);
  return lanes.length === 2 ? lanes : [];
};

/** A core for each CPU of the services; the loader has the other cores, or where there is none the other half of theirs. */
const laneOn = (cores: readonly Core[], wanted: number): LaneCpus | null => {
  const own = cores.slice(0, wanted);
  const elsewhere = cores.slice(wanted).flat();
  const loaderCpus = elsewhere.length > 0 ? elsewhere : own.flatMap(([, ...siblings]) => siblings);
  if (own.length < wanted || loaderCpus.length === 0) return null;
  return { targetCpus: own.flatMap(([first]) => first ?? []), loaderCpus };
};
