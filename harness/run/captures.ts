/** Profile bytes of one side of one launch, kept as Go gave them, in files named by side, launch and kind. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launch, LaunchSide, ProfileKind, ProfileRef, Side } from '../model/index.ts';
import { decodeProfile, sampleCounts } from '../profile/index.ts';
import { folderOf, type LiveSide } from './live.ts';
import type { Session } from './session.ts';

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

  const beginAllocations = async (): Promise<void> => {
    before.allocs = await save('allocs-before', await agent.snapshot('allocs'));
  };
  const endAllocations = async (requests: number): Promise<void> => {
    const file = await save('allocs', await agent.snapshot('allocs'));
    refs.allocs = { file, before: before.allocs ?? null, requests };
  };

  const endHeap = async (requests: number): Promise<void> => {
    refs.heap = { file: await save('heap', await agent.snapshot('heap')), before: null, requests };
  };

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
      return error instanceof Error ? error.message : String(error);
    }
  };

  return {
    endLeaks,
    beginAllocations,
    endAllocations,
    endHeap,
    begin: async (hz) => {
      await beginAllocations();
      await agent.startCpuProfile(hz);
    },
    endCpu: async (requests) => {
      const { bytes } = await agent.stopCpuProfile();
      refs.cpu = { file: await save('cpu', bytes), before: null, requests };
    },
    beginWaits: async () => {
      blocks.before = await agent.snapshot('block');
      before.block = await save('block-before', blocks.before);
      before.mutex = await save('mutex-before', await agent.snapshot('mutex'));
    },
    endWaits: async (requests) => {
      const after = await agent.snapshot('block');
      refs.block = { file: await save('block', after), before: before.block ?? null, requests };
      refs.mutex = {
        file: await save('mutex', await agent.snapshot('mutex')),
        before: before.mutex ?? null,
        requests,
      };
      return { before: blocks.before, after };
    },
    end: async (requests) => {
      await endAllocations(requests);
      await endHeap(requests);
      refs.goroutine = { file: await save('goroutine', await agent.snapshot('goroutine')), before: null, requests };
    },
    refs: () => refs,
  };
};

/** Samples in the launch's CPU profile; 0 where it has none. */
export const cpuSamples = (launch: Launch, side: Side, outDir: string): number => {
  const ref = launch.sides[side].profiles.cpu;
  if (ref === undefined) return 0;
  const counts = sampleCounts(decodeProfile(readFileSync(join(outDir, ref.file)), ref.file));
  return counts.reduce((sum, count) => sum + count, 0);
};
