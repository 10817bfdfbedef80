/** When instructions must not be judged, each case with its reason; and how many requests may be counted at all. */
import type { BySide } from '../../model/index.ts';
import { formatNumberOf, formatQuantity } from '../../units/index.ts';

/** What a launch under the emulator ran into. */
export type ExactTrouble =
  | { readonly kind: 'threads'; readonly most: number }
  | { readonly kind: 'blocks' }
  /** Requests that failed or timed out; `slowdown` null: not measured natively. */
  | {
      readonly kind: 'failed';
      readonly failed: number;
      readonly planned: number;
      readonly slowdown: number | null;
      /** How the first one ended. */
      readonly how?: string;
    }
  /** The first of `requests` of `planned` that the sides answer with different statuses. */
  | {
      readonly kind: 'status';
      readonly route: string;
      readonly requests: number;
      readonly planned: number;
      readonly status: BySide<readonly number[]>;
    }
  | { readonly kind: 'ended'; readonly said: string }
  | { readonly kind: 'memory'; readonly bytesPerRequest: number; readonly memoryBytes: number }
  /** Launches that fitted into the budget, of those it takes; `minutes`: a budget that would hold them. */
  | { readonly kind: 'time'; readonly counted: number; readonly wanted: number; readonly minutes: number }
  | { readonly kind: 'slow'; readonly cpuSeconds: number; readonly limitSeconds: number };

/** How a program that ends by itself says why: Go's runtime, the emulator. */
const LAST_WORDS = /^(?:panic: |fatal error: |qemu: |SIG[A-Z]+: )/;

const lastWords = (said: string): string => {
  const lines = said.trim().split('\n');
  return lines.find((line) => LAST_WORDS.test(line)) ?? lines.at(-1) ?? '';
};

const slower = (slowdown: number | null): string =>
  slowdown === null ? '9 to 18 times slower' : `about ${Math.round(slowdown)} times slower here`;

const anyOf = (statuses: readonly number[]): string => statuses.join(' or ');

/** One sentence without a full stop, as `exact.refusal` has it. */
export const refusalText = (trouble: ExactTrouble): string => {
  switch (trouble.kind) {
    case 'threads':
      return `it runs more than ${trouble.most} threads, which cannot be counted apart`;
    case 'blocks':
      return 'it executes more different code than the counters hold';
    case 'failed':
      return `${trouble.failed} of ${trouble.planned} requests failed under the emulator, which is ${slower(trouble.slowdown)}: probably deadlines${trouble.how === undefined ? '' : ` (${trouble.how})`}`;
    case 'status':
      return `${trouble.requests} of ${trouble.planned} requests are answered with different statuses, the first (${trouble.route}) ${anyOf(trouble.status.base)} by base and ${anyOf(trouble.status.head)} by head: the sides do not do the same work`;
    case 'ended':
      return `it ended under the emulator, saying: ${lastWords(trouble.said)}`;
    case 'memory':
      return `without collection it would need ${formatQuantity(trouble.bytesPerRequest, 'B')} per request, room for ${formatNumberOf(fitting(trouble.bytesPerRequest, trouble.memoryBytes), 'request')} only`;
    case 'time':
      return `not enough time: ${trouble.counted} of the ${trouble.wanted} launches it takes were counted; --budget ${trouble.minutes}m would hold them`;
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

/** Garbage of warm-up and window stays. */
const fitting = (bytesPerRequest: number, memoryBytes: number): number =>
  Math.floor((MEMORY_SHARE * memoryBytes) / (2 * bytesPerRequest));

/** How many requests a window may have; null when too few fit into memory. */
export const exactRequests = (allocBytesPerRequest: number | null, memoryBytes: number): number | null => {
  if (allocBytesPerRequest === null || allocBytesPerRequest <= 0) return EXACT_REQUESTS;
  const fit = fitting(allocBytesPerRequest, memoryBytes);
  return fit < FEWEST_REQUESTS ? null : Math.min(EXACT_REQUESTS, fit);
};
