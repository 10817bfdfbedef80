import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Agent,
  AgentRefusedError,
  connectAgent,
  readSideEdge,
  sideWindow,
} from '../../../harness/capture/index.ts';
import { sumCounters } from '../../../harness/capture/joined-agents.ts';
import { decodeProfile, pprofTotal, subtractProfile } from '../../../harness/profile/index.ts';
import { connectAll, workersNote } from '../../../harness/run/launch/join-agents.ts';
import type { RunningTarget } from '../../../harness/service/index.ts';
import { buildService, makeFolder, type Service, startService } from '../../capture/service.ts';

const folder = makeFolder();
const sockets = join(folder, 's');
const never = new AbortController().signal;
let binary = '';
const started: Service[] = [];
const agents: Agent[] = [];

beforeAll(() => {
  binary = buildService(folder);
}, 180_000);
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.close();
  await Promise.all(started.splice(0).map((service) => service.stop()));
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = async (): Promise<Service> => {
  const service = await startService(binary, sockets);
  started.push(service);
  return service;
};

const target = (...services: readonly Service[]): RunningTarget =>
  ({ side: 'head', servingPids: services.map(({ pid }) => pid) }) as unknown as RunningTarget;

const joined = async (...services: readonly Service[]): Promise<Agent> => {
  const agent = await connectAll(target(...services), sockets, never);
  agents.push(agent);
  return agent;
};

/** Cumulative bytes of a profile's allocations. */
const allocated = (bytes: Uint8Array): number => {
  const profile = decodeProfile(bytes, 'allocs');
  return Number(pprofTotal(profile, 'alloc_space'));
};

describe.runIf(process.platform === 'linux')('agents of several processes', () => {
  it('count as one: CPU and allocations of either process are in the sum, whichever works', async () => {
    const [one, other] = [await start(), await start()];
    const edge = {
      pid: one.pid,
      workers: [other.pid],
      rootPid: one.pid,
      agent: await joined(one, other),
      cpuSource: 'schedstat' as const,
    };
    const before = await readSideEdge(edge);
    await Promise.all([one.tell('alloc 20000'), other.tell('alloc 30000'), other.tell('spin 2000')]);
    const { counters, doubt } = sideWindow(before, await readSideEdge(edge));
    expect(doubt).toBeNull();
    expect(counters.mallocs).toBeGreaterThanOrEqual(50_000);
    expect(counters.mallocs).toBeLessThan(50_200);
    expect(counters.cpuNs! / counters.rusageCpuNs!).toBeGreaterThan(0.95);
    expect(counters.cpuNs! / counters.rusageCpuNs!).toBeLessThan(1.05);
  });

  it('have one profile, of which what came before may be taken off', async () => {
    const [one, other] = [await start(), await start()];
    const both = await joined(one, other);
    const keep = async (service: Service): Promise<void> => service.tell('keep 30000000');
    await keep(one);
    const before = await both.snapshotAfterGc('allocs');
    await both.startCpuProfile();
    await Promise.all([keep(one), keep(other), one.tell('spin 1000'), other.tell('spin 1000')]);
    const { bytes, spanNs } = await both.stopCpuProfile();
    const after = await both.snapshotAfterGc('allocs');
    const delta = subtractProfile(decodeProfile(after, 'after'), decodeProfile(before, 'before'));
    const grown = Number(pprofTotal(delta, 'alloc_space'));
    expect(grown).toBe(allocated(after) - allocated(before));
    expect(grown).toBeGreaterThan(55e6);
    const cpu = decodeProfile(bytes, 'cpu');
    expect(Number(pprofTotal(cpu, 'samples'))).toBeGreaterThan(0);
    expect(Number(cpu.durationNs) / spanNs).toBeLessThan(1.9);
  });

  it('are asked for nothing that is one process’s own', async () => {
    const both = await joined(await start(), await start());
    await expect(both.coverage('meta')).rejects.toThrow(AgentRefusedError);
    await expect(both.startTrace(1 << 24)).rejects.toThrow('2 processes of the service take the requests');
  });

  it('leave no profile running where one of them refuses', async () => {
    const [one, other] = [await start(), await start()];
    const both = await joined(one, other);
    const alone = await joined(other);
    await alone.startCpuProfile();
    await expect(both.startCpuProfile()).rejects.toThrow(/already in use/);
    await alone.stopCpuProfile();
    await both.startCpuProfile();
    await both.stopCpuProfile();
  });

  it('are missed where one process has none, and no connection stays open', async () => {
    const one = await start();
    const without = await startService(binary, sockets, { GODYNO_AGENT: '' });
    started.push(without);
    await expect(connectAll(target(one, without), sockets, never)).rejects.toMatchObject({
      code: 'AGENT_NOT_REACHED',
      exitCode: 5,
    });
    // An agent takes one connection at a time.
    agents.push(await connectAgent({ socketDir: sockets, pid: one.pid, timeoutSeconds: 5, signal: never }));
  });
});

it('a counter that one of them lacks has no sum', () => {
  const counters = {
    mallocs: 1,
    allocBytes: 2,
    liveHeapBytes: 3,
    liveObjects: 4,
    gcCycles: 5,
    gcPauseNs: 6,
    goroutines: 7,
    mutexWaitNs: 8,
  };
  const { mutexWaitNs: _none, ...older } = counters;
  expect(sumCounters([counters, counters])).toMatchObject({ mallocs: 2, goroutines: 14, mutexWaitNs: 16 });
  expect(sumCounters([counters, older])).not.toHaveProperty('mutexWaitNs');
  expect(sumCounters([counters, counters])).not.toHaveProperty('begin');
});

it('the report says that several processes take the requests, and nothing where one does', () => {
  const side = (...servingPids: readonly number[]) => workersNote({ side: 'base', servingPids } as never);
  expect(side(7)).toBeNull();
  expect(side(7, 8, 9)).toMatch(/^base: 3 processes of the service take the requests; their counters are added up/);
});
