/**
 * Who runs where. Both services share the first CPU(s), loader and links take the others: the method, not a detail
 * (docs/method.md; unpinned it takes 15 to 50 times the time for the same error).
 */
import type { RunSettings } from '../../model/index.ts';

export interface LaneCpus {
  /** Of both services. */
  readonly targetCpus: readonly number[];
  /** Of the loader, and of links while services are measured. */
  readonly loaderCpus: readonly number[];
}

export interface CpuLayout {
  /** One set of CPUs for each launch that runs at the same time; none: nothing is bound to CPUs. */
  readonly lanes: readonly LaneCpus[];
  /** null when there are lanes. */
  readonly unpinnedReason: string | null;
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

/**
 * @param usable CPUs this process may use, or null where the system does not tell
 * @param wanted CPUs the services are to share
 * @param refusal why programs cannot be pinned here, or null when they can
 */
export const layOutCpus = (usable: readonly number[] | null, wanted: number, refusal: string | null): CpuLayout => {
  const unpinned = (unpinnedReason: string): CpuLayout => ({ lanes: [], unpinnedReason });
  if (refusal !== null) return unpinned(refusal);
  if (usable === null) return unpinned('this system does not tell which CPUs a program may use');
  if (usable.length <= wanted) {
    return unpinned(
      usable.length === 1
        ? 'only one CPU is usable, so the load generator would share it with the services'
        : `the services ask for ${wanted} CPUs and only ${usable.length} are usable, none is left for the load generator`,
    );
  }
  const lane = { targetCpus: usable.slice(0, wanted), loaderCpus: usable.slice(wanted) };
  return { lanes: [lane], unpinnedReason: null };
};
