/** Profile bytes of one side of one launch, kept as Go gave them, in files named by side, launch and kind. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRefusedError } from '../../capture/index.ts';
import { reasonOf } from '../../errors.ts';
import type { Launch, LaunchSide, ProfileKind, ProfileRef, Side, TracedTime } from '../../model/index.ts';
import { decodeProfile, encodeProfile, sampleTotal } from '../../profile/index.ts';
import { TraceError, type WallProfile, wallProfile } from '../../trace/index.ts';
import { folderOf } from '../../folders.ts';
import type { LiveSide } from './running-pair.ts';
import type { Session } from '../session/session.ts';

export type ProfileRefs = LaunchSide['profiles'];

const MUTABLE = (): Partial<Record<ProfileKind, ProfileRef>> => ({});

export interface Captures {
  /** Begins the cumulative profiles and the CPU profile, at Go's rate or at `hz`; the service must be at rest. */
  readonly begin: (hz?: number) => Promise<void>;
  /** Begins the cumulative allocation profile alone. */
  readonly beginAllocations: () => Promise<void>;
  readonly endAllocations: (requests: number) => Promise<void>;
  /** Ends the CPU profile after `requests`; a service that profiles itself has none. */
  readonly endCpu: (requests: number) => Promise<void>;
  readonly beginWaits: () => Promise<void>;
  /** Bytes of the block profile at the begin and end of the slice, for the waits of requests. */
  readonly endWaits: (requests: number) => Promise<{ readonly before: Uint8Array; readonly after: Uint8Array }>;
  /** After a collection: the live heap alone. */
  readonly endHeap: (requests: number) => Promise<void>;
  /**
   * Goroutines that can never wake, where this Go tells them by itself (1.27); takes a collection of its own. What cannot be
   * had costs nothing else: the reason, or null.
   */
  readonly endLeaks: (requests: number) => Promise<string | null>;
  /** After the last collection: allocations since `begin`, live heap, goroutines. */
  readonly end: (requests: number) => Promise<void>;
  /** Begins an execution trace with CPU samples in it; false: the service has none. */
  readonly beginTrace: () => Promise<boolean>;
  readonly traceBytes: () => Promise<number>;
  /** Ends it, and keeps the time of the requests in it; null: nothing can be said by it. */
  readonly endTrace: () => Promise<TracedTime | null>;
  readonly refs: () => ProfileRefs;
}

/** For `go tool trace`. */
const TRACE_FILE = 'trace.out';
/** Held by the service until its end: more than a launch that ends at {@link ENOUGH_TRACE_BYTES} can come to. */
const MOST_TRACE_BYTES = 64 << 20;
/** A simple service writes 330 bytes a request; this is read in less than a second. */
export const ENOUGH_TRACE_BYTES = 8 << 20;
/** What the kernel's tick delivers is less (docs/method.md); they only say where requests run, not for how long. */
const TRACE_HZ = 500;

/** Where the files of one start lie below the results folder. */
interface CapturePlace {
  readonly outDir: string;
  readonly folder: string;
}

const write = async ({ outDir, folder }: CapturePlace, name: string, bytes: Uint8Array): Promise<string> =>
  writeAs({ outDir, folder }, `${name}.pb.gz`, bytes);

const writeAs = async ({ outDir, folder }: CapturePlace, name: string, bytes: Uint8Array): Promise<string> => {
  const file = join(folder, name);
  await mkdir(join(outDir, folder), { recursive: true });
  await writeFile(join(outDir, file), bytes);
  return file;
};

class SideCaptures implements Captures {
  readonly #session: Session;
  readonly #side: Side;
  readonly #agent: LiveSide['agent'];
  readonly #place: CapturePlace;
  readonly #refs = MUTABLE();
  /** Files of the snapshots that cumulative profiles are counted from. */
  readonly #before: Partial<Record<ProfileKind, string>> = {};
  #blocksBefore: Uint8Array = new Uint8Array();
  #isCpuOn = false;

  constructor(session: Session, side: Side, agent: LiveSide['agent'], place: CapturePlace) {
    this.#session = session;
    this.#side = side;
    this.#agent = agent;
    this.#place = place;
  }

  async begin(hz?: number): Promise<void> {
    await this.beginAllocations();
    this.#isCpuOn = (await this.#orNote(this.#agent.startCpuProfile(hz).then(() => true))) ?? false;
  }

  async beginAllocations(): Promise<void> {
    await this.#keepBefore('allocs');
  }

  async endAllocations(requests: number): Promise<void> {
    await this.#keepSince('allocs', requests);
  }

  async endCpu(requests: number): Promise<void> {
    const taken = this.#isCpuOn ? await this.#orNote(this.#agent.stopCpuProfile()) : null;
    if (taken !== null) await this.#keep('cpu', taken.bytes, null, requests);
  }

  async beginWaits(): Promise<void> {
    this.#blocksBefore = (await this.#keepBefore('block')) ?? new Uint8Array();
    await this.#keepBefore('mutex');
  }

  async endWaits(requests: number): Promise<{ readonly before: Uint8Array; readonly after: Uint8Array }> {
    const after = (await this.#keepSince('block', requests)) ?? new Uint8Array();
    await this.#keepSince('mutex', requests);
    return { before: this.#blocksBefore, after };
  }

  async endHeap(requests: number): Promise<void> {
    await this.#keepNow('heap', requests);
  }

  async endLeaks(requests: number): Promise<string | null> {
    if (!this.#agent.hello.profiles.includes('goroutineleak')) return null;
    try {
      const bytes = await this.#agent.snapshot('goroutineleak');
      decodeProfile(bytes, 'goroutineleak');
      await this.#keep('goroutineleak', bytes, null, requests);
      return null;
    } catch (error) {
      this.#session.plan.signal.throwIfAborted();
      // Refused, broken, or the end of a service that has been measured: whichever, it is one sentence less.
      return reasonOf(error);
    }
  }

  async end(requests: number): Promise<void> {
    await this.endAllocations(requests);
    await this.endHeap(requests);
    await this.#keepNow('goroutine', requests);
  }

  async beginTrace(): Promise<boolean> {
    this.#isCpuOn = (await this.#orNote(this.#agent.startCpuProfile(TRACE_HZ).then(() => true))) ?? false;
    const isOn = (await this.#orNote(this.#agent.startTrace(MOST_TRACE_BYTES).then(() => true))) ?? false;
    if (!isOn) await this.#endCpuSamples();
    return isOn;
  }

  async traceBytes(): Promise<number> {
    return this.#agent.traceBytes();
  }

  async endTrace(): Promise<TracedTime | null> {
    const trace = await this.#orNote(this.#agent.stopTrace());
    await this.#endCpuSamples();
    if (trace === null) return null;
    await writeAs(this.#place, TRACE_FILE, trace);
    const read = this.#readTrace(trace);
    if (read === null) return null;
    await this.#keep('wall', encodeProfile(read.profile), null, read.requests);
    const { requests, spentNs, pausedNs } = read;
    return { requests, spentNs, pausedNs };
  }

  /** They are in the trace; the profile beside it says nothing more. */
  async #endCpuSamples(): Promise<void> {
    if (this.#isCpuOn) await this.#orNote(this.#agent.stopCpuProfile());
    this.#isCpuOn = false;
  }

  /** null, with a note, where nothing can be said by it: the verdict does not need it. */
  #readTrace(trace: Uint8Array): WallProfile | null {
    const because = (why: string): null => {
      this.#session.notes.add(`What requests wait for is not known on ${this.#side}: ${why}.`);
      return null;
    };
    try {
      const read = wallProfile(trace);
      return read.requests > 0 ? read : because('no server that godyno knows answered a request in the trace');
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      return because(error.message);
    }
  }

  refs(): ProfileRefs {
    return this.#refs;
  }

  /** What the agent refuses costs what it would have explained; a service that is gone ends the launch. */
  async #orNote<T>(taken: Promise<T>): Promise<T | null> {
    try {
      return await taken;
    } catch (error) {
      if (!(error instanceof AgentRefusedError)) throw error;
      this.#session.notes.add(`${this.#side}: ${error.message}.`);
      return null;
    }
  }

  async #snapshot(kind: ProfileKind): Promise<Uint8Array | null> {
    return this.#orNote(this.#agent.snapshot(kind));
  }

  async #keep(kind: ProfileKind, bytes: Uint8Array, before: string | null, requests: number): Promise<void> {
    this.#refs[kind] = { file: await write(this.#place, kind, bytes), before, requests };
  }

  async #keepBefore(kind: ProfileKind): Promise<Uint8Array | null> {
    const bytes = await this.#snapshot(kind);
    if (bytes !== null) this.#before[kind] = await write(this.#place, `${kind}-before`, bytes);
    return bytes;
  }

  /** Without the snapshot before it, a cumulative profile says nothing of the span. */
  async #keepSince(kind: ProfileKind, requests: number): Promise<Uint8Array | null> {
    const bytes = await this.#snapshot(kind);
    const before = this.#before[kind];
    if (bytes !== null && before !== undefined) await this.#keep(kind, bytes, before, requests);
    return bytes;
  }

  /** A profile of what is there at this moment. */
  async #keepNow(kind: ProfileKind, requests: number): Promise<void> {
    const bytes = await this.#snapshot(kind);
    if (bytes !== null) await this.#keep(kind, bytes, null, requests);
  }
}

/** `again` marks a further start of the same side in one launch, whose files must not replace the first one's. */
export const capturesOf = (session: Session, index: number, side: Side, live: LiveSide, again = ''): Captures => {
  const { outDir, scenario } = session.plan;
  const folder = join('profiles', folderOf(scenario.name), side, `launch-${index}${again}`);
  return new SideCaptures(session, side, live.agent, { outDir, folder });
};

/** A launch's files do not change, so each is counted once, however often a run asks. */
const counted = new WeakMap<LaunchSide, number>();

/** Samples in the launch's CPU profile; 0 where it has none that can be read. */
export const cpuSamples = (launch: Launch, side: Side, outDir: string): number => {
  const measured = launch.sides[side];
  const known = counted.get(measured) ?? countSamples(measured.profiles.cpu, outDir);
  counted.set(measured, known);
  return known;
};

const countSamples = (ref: ProfileRef | undefined, outDir: string): number => {
  if (ref === undefined) return 0;
  try {
    return sampleTotal(readFileSync(join(outDir, ref.file)), ref.file);
  } catch {
    // Truncated by a full disk, or taken away: the report says so when it is wanted, and the run goes on without.
    return 0;
  }
};
