/** Work for both sides at the same time, while nothing is measured. */
import type { BySide } from '../../model/index.ts';

export interface SideWork<T> {
  readonly base: (signal: AbortSignal) => Promise<T>;
  /** `base`: what the other side comes to. */
  readonly head: (signal: AbortSignal, base: Promise<T>) => Promise<T>;
}

/** Of two that fail, base is the one that is thrown. What still runs then is stopped first. */
export const atOnce = async <T>(signal: AbortSignal, work: SideWork<T>): Promise<BySide<T>> => {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const base = work.base(either);
  const head = work.head(either, base);
  // It is awaited after base, and may fail before.
  head.catch(() => undefined);
  try {
    return { base: await base, head: await head };
  } catch (error) {
    failed.abort();
    await Promise.allSettled([base, head]);
    throw error;
  }
};
