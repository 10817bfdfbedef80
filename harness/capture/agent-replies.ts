/** What the agent answers → our values; nothing of it is believed before it has been looked at. */

/** The kernel's view of the process (getrusage), threads that have ended included. */
export interface ProcessUsage {
  readonly userNs: number;
  readonly systemNs: number;
  /** CPU time of programs that the service started and has waited for. */
  readonly childrenNs: number;
  readonly maxRssBytes: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** Cumulative since the process started; absent where this Go version or system has no such counter. */
export interface AgentCounters {
  /** Objects allocated, tiny ones included; exact (runtime.ReadMemStats). */
  readonly mallocs: number;
  readonly allocBytes: number;
  /** Heap in use, garbage not yet swept included; the live heap right after `collectGarbage`. */
  readonly liveHeapBytes: number;
  readonly liveObjects: number;
  readonly gcCycles: number;
  readonly gcPauseNs: number;
  /** Of the service; the agent's own are left out. */
  readonly goroutines: number;
  /** Sampled by the runtime (one in eight waits, scaled). */
  readonly mutexWaitNs?: number;
  /** The runtime's estimate; moves only when a collection ends, so read it after `collectGarbage`. */
  readonly gcCpuNs?: number;
  /** CPU time of the next collection as far as it is due by now; from the first `collectGarbage` on, since Go 1.21. */
  readonly gcOwedNs?: number;
  /** When the reading began and ended: a window starts at the `end` of one reading and ends at the `begin` of another. */
  readonly begin?: ProcessUsage;
  readonly end?: ProcessUsage;
}

export interface AgentHello {
  readonly pid: number;
  readonly goVersion: string;
  readonly os: string;
  readonly arch: string;
  readonly gomaxprocs: number;
  readonly cpus: number;
  /** Bytes between heap samples. */
  readonly memProfileRate: number;
  readonly mutexProfileFraction: number;
  /** What one reading of the counters adds to them; 0 as far as we have seen. */
  readonly ownMallocs: number;
  readonly ownBytes: number;
  readonly profiles: readonly string[];
  /** Import path of the main package and path of its module; absent when built without build info. */
  readonly path?: string;
  readonly module?: string;
  /** Build settings of the binary, e.g. `DefaultGODEBUG`, `-tags`, `CGO_ENABLED`. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface CpuProfile {
  readonly bytes: Uint8Array;
  /** From start to stop; the file's own duration is up to 200 ms longer. */
  readonly spanNs: number;
}

export interface GoroutinePeak {
  readonly goroutines: number;
  readonly samples: number;
}

export type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** The reply's fields, or an error that says what the agent answered instead. */
export const fieldsOf = (value: unknown): Fields => {
  if (!isFields(value)) throw new Error(`expected an object, got ${JSON.stringify(value)}`);
  return value;
};

const numberAt = (fields: Fields, name: string): number => {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Error(`${name}: expected a number, got ${JSON.stringify(value)}`);
  }
  return value;
};

const textAt = (fields: Fields, name: string): string => {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`${name}: expected text, got ${JSON.stringify(value)}`);
  return value;
};

const textsAt = (fields: Fields, name: string): readonly string[] => {
  const value = fields[name];
  if (!Array.isArray(value)) throw new Error(`${name}: expected a list, got ${JSON.stringify(value)}`);
  return value.map(String);
};

const settingsAt = (fields: Fields, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isFields(fields[name]) ? fields[name] : {}).map(([key, text]) => [key, String(text)]),
  );

const usageAt = (fields: Fields, name: string): ProcessUsage | undefined => {
  const usage = fields[name];
  if (!isFields(usage)) return undefined;
  return {
    userNs: numberAt(usage, 'userNs'),
    systemNs: numberAt(usage, 'systemNs'),
    childrenNs: numberAt(usage, 'childrenNs'),
    maxRssBytes: numberAt(usage, 'maxRssBytes'),
    minorFaults: numberAt(usage, 'minorFaults'),
    majorFaults: numberAt(usage, 'majorFaults'),
    voluntarySwitches: numberAt(usage, 'voluntarySwitches'),
    involuntarySwitches: numberAt(usage, 'involuntarySwitches'),
  };
};

/** Drops what is `undefined`, so that absent stays absent. */
export const present = <T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;

export const parseCounters = (fields: Fields): AgentCounters =>
  present<AgentCounters>({
    mallocs: numberAt(fields, 'mallocs'),
    allocBytes: numberAt(fields, 'allocBytes'),
    liveHeapBytes: numberAt(fields, 'liveHeapBytes'),
    liveObjects: numberAt(fields, 'liveObjects'),
    gcCycles: numberAt(fields, 'gcCycles'),
    gcPauseNs: numberAt(fields, 'gcPauseNs'),
    goroutines: numberAt(fields, 'goroutines'),
    mutexWaitNs: 'mutexWaitNs' in fields ? numberAt(fields, 'mutexWaitNs') : undefined,
    gcCpuNs: 'gcCpuNs' in fields ? numberAt(fields, 'gcCpuNs') : undefined,
    gcOwedNs: 'gcOwedNs' in fields ? numberAt(fields, 'gcOwedNs') : undefined,
    begin: usageAt(fields, 'begin'),
    end: usageAt(fields, 'end'),
  });

export const parseHello = (fields: Fields): AgentHello =>
  present<AgentHello>({
    pid: numberAt(fields, 'pid'),
    goVersion: textAt(fields, 'goVersion'),
    os: textAt(fields, 'os'),
    arch: textAt(fields, 'arch'),
    gomaxprocs: numberAt(fields, 'gomaxprocs'),
    cpus: numberAt(fields, 'cpus'),
    memProfileRate: numberAt(fields, 'memProfileRate'),
    mutexProfileFraction: numberAt(fields, 'mutexProfileFraction'),
    ownMallocs: numberAt(fields, 'ownMallocs'),
    ownBytes: numberAt(fields, 'ownBytes'),
    profiles: textsAt(fields, 'profiles'),
    path: 'path' in fields ? textAt(fields, 'path') : undefined,
    module: 'module' in fields ? textAt(fields, 'module') : undefined,
    settings: settingsAt(fields, 'settings'),
  });

export const parseProtocol = (fields: Fields): number => numberAt(fields, 'protocol');

export const parseSpanNs = (fields: Fields): number => numberAt(fields, 'spanNs');

export const parseTraceBytes = (fields: Fields): number => numberAt(fields, 'bytes');

export const parsePeak = (fields: Fields): GoroutinePeak => ({
  goroutines: numberAt(fields, 'goroutines'),
  samples: numberAt(fields, 'samples'),
});
