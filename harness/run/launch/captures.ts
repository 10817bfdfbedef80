/** Profile bytes of one side of one launch, kept as Go gave them, in files named by side, launch and kind. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRefusedError } from '../../capture/index.ts';
import { reasonOf } from '../../errors.ts';
import type { Launch, LaunchSide, ProfileKind, ProfileRef, Side } from '../../model/index.ts';
import { decodeProfile, sampleTotal } from '../../profile/index.ts';
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
  readonly refs: () => ProfileRefs;
}

/** `again` marks a further start of the same side in one launch, whose files must not replace the first one's. */
export const capturesOf = (session: Session, index: number, side: Side, live: LiveSide, again = ''): Captures => {
  const { outDir, scenario } = session.plan;
  const folder = join('profiles', folderOf(scenario.name), side, `launch-${index}${again}`);
  const refs = MUTABLE();
  const { agent } = live;

  const save = async (name: string, bytes: Uint8Array): Promise<string> => {
    const file = join(folder, `${name}.pb.gz`);
    await mkdir(join(outDir, folder), { recursive: true });
    await writeFile(join(outDir, file), bytes);
    return file;
  };
  const before: Partial<Record<ProfileKind, string>> = {};
  const blocks: { before: Uint8Array } = { before: new Uint8Array() };

  /** What the agent refuses costs what it would have explained; a service that is gone ends the launch. */
  const orNote = async <T>(taken: Promise<T>): Promise<T | null> => {
    try {
      return await taken;
    } catch (error) {
      if (!(error instanceof AgentRefusedError)) throw error;
      session.notes.add(`${side}: ${error.message}.`);
      return null;
    }
  };
  const snapshot = async (kind: string): Promise<Uint8Array | null> => orNote(agent.snapshot(kind));

  const keepBefore = async (kind: ProfileKind): Promise<Uint8Array | null> => {
    const bytes = await snapshot(kind);
    if (bytes !== null) before[kind] = await save(`${kind}-before`, bytes);
    return bytes;
  };
  /** Without the snapshot before it, a cumulative profile says nothing of the span. */
  const keep = async (kind: ProfileKind, requests: number, isCumulative: boolean): Promise<Uint8Array | null> => {
    const bytes = await snapshot(kind);
    if (bytes === null || (isCumulative && before[kind] === undefined)) return bytes;
    refs[kind] = { file: await save(kind, bytes), before: isCumulative ? (before[kind] ?? null) : null, requests };
    return bytes;
  };

  const beginAllocations = async (): Promise<void> => void (await keepBefore('allocs'));
  const endAllocations = async (requests: number): Promise<void> => void (await keep('allocs', requests, true));
  const endHeap = async (requests: number): Promise<void> => void (await keep('heap', requests, false));
  let isCpuOn = false;

  const endLeaks = async (requests: number): Promise<string | null> => {
    if (!agent.hello.profiles.includes('goroutineleak')) return null;
    try {
      const bytes = await agent.snapshot('goroutineleak');
      decodeProfile(bytes, 'goroutineleak');
      refs.goroutineleak = { file: await save('goroutineleak', bytes), before: null, requests };
      return null;
    } catch (error) {
      session.plan.signal.throwIfAborted();
      // Refused, broken, or the end of a service that has been measured: whichever, it is one sentence less.
      return reasonOf(error);
    }
  };

  return {
    endLeaks,
    beginAllocations,
    endAllocations,
    endHeap,
    begin: async (hz) => {
      await beginAllocations();
      isCpuOn = (await orNote(agent.startCpuProfile(hz).then(() => true))) ?? false;
    },
    endCpu: async (requests) => {
      const taken = isCpuOn ? await orNote(agent.stopCpuProfile()) : null;
      if (taken !== null) refs.cpu = { file: await save('cpu', taken.bytes), before: null, requests };
    },
    beginWaits: async () => {
      blocks.before = (await keepBefore('block')) ?? new Uint8Array();
      await keepBefore('mutex');
    },
    endWaits: async (requests) => {
      const after = (await keep('block', requests, true)) ?? new Uint8Array();
      await keep('mutex', requests, true);
      return { before: blocks.before, after };
    },
    end: async (requests) => {
      await endAllocations(requests);
      await endHeap(requests);
      await keep('goroutine', requests, false);
    },
    refs: () => refs,
  };
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
