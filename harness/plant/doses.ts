/** From a wanted size per request to what one call of the function has to do. Pure. */

export const FAULT_KINDS = ['cpu', 'alloc', 'lock', 'sleep', 'block', 'leak-heap', 'leak-goroutine'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const faultKindOf = (word: string): FaultKind | null => FAULT_KINDS.find((kind) => kind === word) ?? null;

/** What the planter writes into the function; `shift` moves the program's code and changes nothing else. */
export interface Dose {
  readonly kind: FaultKind | 'shift';
  /** Only every so many-th call does it. */
  readonly every: number;
  readonly rounds: number;
  readonly objects: number;
  /** Of one object. */
  readonly bytes: number;
  readonly nanoseconds: number;
}

/** What the service does without the fault. */
export interface CostsWithoutFault {
  readonly cpuNsPerRequest: number;
  readonly mallocsPerRequest: number;
  readonly allocBytesPerRequest: number;
  /** Calls of the function, above 0. */
  readonly callsPerRequest: number;
  /** One round of the burning loop. */
  readonly burnRoundNs: number;
}

export interface DoseRequest {
  readonly kind: FaultKind;
  /**
   * cpu: share of the CPU per request; alloc: share of its allocations; lock, sleep, block: nanoseconds per request;
   * leaks: objects or goroutines per request.
   */
  readonly size: number;
  readonly measured: CostsWithoutFault;
}

const NOTHING: Omit<Dose, 'kind'> = { every: 1, rounds: 0, objects: 0, bytes: 0, nanoseconds: 0 };

/** The leak that the promise names: objects of 1 KiB. */
const LEAKED_BYTES = 1024;

/** An object of at least this size is never merged with others by Go's tiny allocator (16 bytes). */
const SMALLEST_OBJECT = 32;

/** So many per call, or one in so many calls. */
const spread = (perCall: number): Pick<Dose, 'every' | 'objects'> =>
  perCall >= 1
    ? { every: 1, objects: Math.round(perCall) }
    : { every: Math.max(1, Math.round(1 / perCall)), objects: 1 };

/** Objects as large as the service's own, so that objects and bytes grow by the same share. */
const usualObject = ({ mallocsPerRequest, allocBytesPerRequest }: CostsWithoutFault): number =>
  Math.max(SMALLEST_OBJECT, Math.round(allocBytesPerRequest / Math.max(1, mallocsPerRequest)));

/** What a call has to do so that a request costs `size` more. */
export const doseFor = ({ kind, size, measured }: DoseRequest): Dose => {
  const { callsPerRequest: calls, cpuNsPerRequest, mallocsPerRequest, burnRoundNs } = measured;
  switch (kind) {
    case 'cpu':
      return {
        ...NOTHING,
        kind,
        rounds: Math.max(1, Math.round((size * cpuNsPerRequest) / (calls * burnRoundNs))),
      };
    case 'alloc':
      return { ...NOTHING, kind, ...spread((size * mallocsPerRequest) / calls), bytes: usualObject(measured) };
    case 'lock':
    case 'sleep':
    case 'block':
      // A request that never calls it waits for nothing: those that do must not be made to wait for them.
      return { ...NOTHING, kind, nanoseconds: Math.max(1, Math.round(size / Math.max(1, calls))) };
    case 'leak-heap':
      return { ...NOTHING, kind, ...spread(size / calls), bytes: LEAKED_BYTES };
    case 'leak-goroutine':
      return { ...NOTHING, kind, every: Math.max(1, Math.round(calls / size)) };
  }
};

/** Objects per call: allocations grow by that many times the calls. Several, to stand above what allocations vary by. */
export const COUNTING_DOSE: Dose = { ...NOTHING, kind: 'alloc', objects: 8, bytes: SMALLEST_OBJECT };

/** Moves every function the linker places, as any real change does. */
export const SHIFT_DOSE: Dose = { ...NOTHING, kind: 'shift' };
