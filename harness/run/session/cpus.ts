/**
 * Who runs where. Both services share the first CPU(s), loader and links take the others: the method, not a detail
 * (docs/method.md; unpinned it takes 15 to 50 times the time for the same error).
 */
export interface CpuLayout {
  readonly pinned: boolean;
  readonly unpinnedReason: string | null;
  /** Empty when not pinned. */
  readonly targetCpus: readonly number[];
  readonly loaderCpus: readonly number[];
}

/**
 * @param usable CPUs this process may use, or null where the system does not tell
 * @param wanted CPUs the services are to share
 * @param refusal why programs cannot be pinned here, or null when they can
 */
export const layOutCpus = (usable: readonly number[] | null, wanted: number, refusal: string | null): CpuLayout => {
  const unpinned = (unpinnedReason: string): CpuLayout => ({
    pinned: false,
    unpinnedReason,
    targetCpus: [],
    loaderCpus: [],
  });
  if (refusal !== null) return unpinned(refusal);
  if (usable === null) return unpinned('this system does not tell which CPUs a program may use');
  if (usable.length <= wanted) {
    return unpinned(
      usable.length === 1
        ? 'only one CPU is usable, so the load generator would share it with the services'
        : `the services ask for ${wanted} CPUs and only ${usable.length} are usable, none is left for the load generator`,
    );
  }
  return { pinned: true, unpinnedReason: null, targetCpus: usable.slice(0, wanted), loaderCpus: usable.slice(wanted) };
};
