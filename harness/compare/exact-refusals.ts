/** When instructions must not be judged, each case with its reason; and how many requests may be counted at all. */
import type { BySide } from '../model/index.ts';

/** What a launch under the emulator ran into. */
export type ExactTrouble =
  | { readonly kind: 'threads'; readonly most: number }
  | { readonly kind: 'blocks' }
  /** Requests that failed or timed out; the same service answers them natively. */
  | { readonly kind: 'failed'; readonly failed: number; readonly planned: number; readonly slowdown: number }
  | { readonly kind: 'status'; readonly request: number; readonly status: BySide<number> }
  | { readonly kind: 'ended'; readonly said: string }
  | { readonly kind: 'memory'; readonly bytesPerRequest: number; readonly fit: number }
  | { readonly kind: 'slow'; readonly cpuSeconds: number; readonly limitSeconds: number };

const megabytes = (bytes: number): string => `${Number((bytes / 1e6).toPrecision(2))} MB`;

/** One sentence without a full stop, as `exact.refusal` has it. */
export const refusalText = (trouble: ExactTrouble): string => {
  switch (trouble.kind) {
    case 'threads':
      return `it runs more than ${trouble.most} threads, which cannot be counted apart`;
    case 'blocks':
      return 'it executes more different code than the counters hold';
    case 'failed':
      return `${trouble.failed} of ${trouble.planned} requests failed under the emulator, which is about ${Math.round(trouble.slowdown)} times slower: probably deadlines`;
    case 'status':
      return `request ${trouble.request} is answered ${trouble.status.base} by base and ${trouble.status.head} by head`;
    case 'ended':
      return `it ended under the emulator, saying: ${trouble.said.trim().split('\n').at(-1) ?? ''}`;
    case 'memory':
      return `without collection it would need ${megabytes(trouble.bytesPerRequest)} per request, room for ${trouble.fit} requests only`;
    case 'slow':
      return `one launch took more than ${trouble.limitSeconds} s of CPU time (${Math.round(trouble.cpuSeconds)} s)`;
  }
};

/** Requests of a window, and of the warm-up before it. */
export const EXACT_REQUESTS = 100;
/** Fewer, and what happens once in a while decides. */
const FEWEST_REQUESTS = 20;
/** Garbage stays for the whole launch: at most this part of the machine's memory. */
const MEMORY_SHARE = 0.25;

/** How many requests a window may have; null when too few fit into memory. */
export const exactRequests = (allocBytesPerRequest: number | null, memoryBytes: number): number | null => {
  if (allocBytesPerRequest === null || allocBytesPerRequest <= 0) return EXACT_REQUESTS;
  const fit = Math.floor((MEMORY_SHARE * memoryBytes) / (2 * allocBytesPerRequest));
  return fit < FEWEST_REQUESTS ? null : Math.min(EXACT_REQUESTS, fit);
};
