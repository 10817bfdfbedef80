import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  agreeOnCpu,
  connectAgent,
  cpuSourceFor,
  type Edge,
  type EdgeTarget,
  peakRssBytes,
  processCpuNs,
  readEdge,
  readSideEdge,
  type SideEdge,
  sideWindow,
  threadTimes,
  usedByUs,
  windowCounters,
} from '../../harness/capture/index.ts';
import { buildService, makeFolder, type Service, startService } from './service.ts';

const folder = makeFolder();
const sockets = join(folder, 's');
const NOWHERE = join(folder, 'no-proc');
let binary = '';
const started: Service[] = [];

beforeAll(() => {
  binary = buildService(folder);
}, 180_000);

afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

afterAll(() => rmSync(folder, { recursive: true }));

type Side = EdgeTarget & { readonly service: Service };

const start = async (place: Partial<EdgeTarget> = {}, env: Readonly<Record<string, string>> = {}): Promise<Side> => {
  const service = await startService(binary, sockets, { GODYNO_AGENT: sockets, ...env });
  started.push(service);
  const agent = await connectAgent({
    socketDir: sockets,
    pid: service.pid,
    timeoutSeconds: 10,
    signal: new AbortController().signal,
  });
  return { pid: service.pid, agent, cpuSource: cpuSourceFor({ pid: service.pid, ...place }), ...place, service };
};

const withoutChildren = (edge: SideEdge): SideEdge => {
  const { begin, end } = edge.inside;
  if (begin === undefined || end === undefined) return edge;
  const none = { childrenNs: 0 };
  return { ...edge, inside: { ...edge.inside, begin: { ...begin, ...none }, end: { ...end, ...none } } };
};

const LINUX = process.platform === 'linux';

describe.runIf(LINUX)('a window on Linux', () => {
  it('schedstat over the threads and rusage agree within 5 % on a busy loop, and only the busy side is charged', async () => {
    const [base, head] = [await start(), await start()];
    expect([base.cpuSource, head.cpuSource]).toEqual(['schedstat', 'schedstat']);
    const before = await readEdge({ base, head }, 'head');
    await head.service.tell('spin 3000');
    const after = await readEdge({ base, head }, 'base');
    const { base: idle, head: busy, note } = windowCounters(before, after);
    expect(note).toBeNull();
    expect(busy.cpuNs! / busy.rusageCpuNs!).toBeGreaterThan(0.95);
    expect(busy.cpuNs! / busy.rusageCpuNs!).toBeLessThan(1.05);
    expect(idle.cpuNs! / busy.cpuNs!).toBeLessThan(0.05);
    expect(busy.runDelayNs).toBeGreaterThanOrEqual(0);
  });

  it('known allocations show on their side alone, whichever side is read first', async () => {
    const [base, head] = [await start({}, { GOGC: 'off' }), await start({}, { GOGC: 'off' })];
    const measure = async (onHead: number): Promise<readonly [number, number]> => {
      const before = await readEdge({ base, head }, 'base');
      await Promise.all([base.service.tell('alloc 20000'), head.service.tell(`alloc ${onHead}`)]);
      const after = await readEdge({ base, head }, 'head');
      const window = windowCounters(before, after);
      return [window.base.mallocs!, window.head.mallocs!];
    };
    // The least of some, because the runtime now and then adds an object of its own.
    const least = async (onHead: number): Promise<readonly [number, number]> => {
      const tries: (readonly [number, number])[] = [];
      for (let i = 0; i < 7; i += 1) tries.push(await measure(onHead));
      return [Math.min(...tries.map(([count]) => count)), Math.min(...tries.map(([, count]) => count))];
    };
    const equal = await least(20000);
    const more = await least(20500);
    expect(equal[0]).toBe(equal[1]);
    expect(more[1] - more[0]).toBe(500);
  });

  it('an empty window costs nothing: no allocation, and less CPU than one reading takes', async () => {
    const [base, head] = [await start(), await start()];
    const edges: Edge[] = [];
    for (let i = 0; i < 6; i += 1) edges.push(await readEdge({ base, head }, i % 2 === 0 ? 'base' : 'head'));
    const windows = edges.slice(1).map((edge, index) => windowCounters(edges[index]!, edge));
    expect(Math.min(...windows.map(({ base: side }) => side.mallocs!))).toBe(0);
    expect(Math.min(...windows.map(({ head: side }) => side.allocBytes!))).toBe(0);
    const readings = edges.map(({ base: side }) => side.after.cpuNs! - side.before.cpuNs!);
    expect(Math.min(...windows.map(({ base: side }) => side.cpuNs!))).toBeLessThan(Math.min(...readings) / 4);
  });

  it('threads that end take their time along, so both sides turn to rusage and a note says why', async () => {
    const [base, head] = [await start(), await start()];
    const before = await readEdge({ base, head }, 'base');
    await Promise.all([base.service.tell('spin 500'), head.service.tell('thread 4')]);
    const after = await readEdge({ base, head }, 'base');
    const lost = after.head.before.cpuNs! - before.head.after.cpuNs!;
    const window = windowCounters(before, after);
    expect(window.note).toContain('on head');
    expect(window.head.cpuNs).toBe(window.head.rusageCpuNs);
    expect(window.base.cpuNs).toBe(window.base.rusageCpuNs);
    expect(lost / window.head.cpuNs!).toBeLessThan(0.6); // the doubt was justified
  });

  it('programs that the service starts and waits for are charged to it, whichever source is used', async () => {
    for (const procRoot of [undefined, NOWHERE]) {
      const place = procRoot === undefined ? {} : { procRoot };
      const [base, head] = [await start(place), await start(place)];
      const before = await readEdge({ base, head }, 'base');
      const treeBefore = usedByUs([head.pid])!;
      await head.service.tell('fork 400000');
      const tree = usedByUs([head.pid])! - treeBefore; // /proc/PID/stat with cutime: another account of the same
      const after = await readEdge({ base, head }, 'base');
      const window = windowCounters(before, after);
      expect(window.note).toBeNull();
      expect(Math.abs(window.head.cpuNs! - tree)).toBeLessThan(0.05 * tree + 30e6); // each of its parts is in 10 ms
      const own = sideWindow(withoutChildren(before.head), withoutChildren(after.head)).counters.cpuNs!;
      expect(own / window.head.cpuNs!).toBeLessThan(0.2); // so nearly all of it was the children's
      expect(window.base.cpuNs! / window.head.cpuNs!).toBeLessThan(0.1);
    }
  });

  it('a child that goes on running is charged with what it used meanwhile, and with no more when it has ended', async () => {
    const [base, head] = [await start(), await start()];
    const before = await readEdge({ base, head }, 'base');
    await head.service.tell('leave 400000');
    const after = await readEdge({ base, head }, 'base');
    const tree = usedByUs([head.pid])!;
    const { cpuNs } = windowCounters(before, after).head;
    expect(Math.abs(cpuNs! - tree)).toBeLessThan(0.05 * tree + 60e6);
    await head.service.tell('reap');
    const last = await readEdge({ base, head }, 'base');
    const rest = windowCounters(after, last).head.cpuNs!;
    expect(rest).toBeGreaterThanOrEqual(0);
    expect(rest).toBeLessThan(0.3 * cpuNs!);
  });

  it('a parent of the process with the agent is charged, too', async () => {
    const side = { ...(await start()), rootPid: process.pid };
    const before = await readSideEdge(side);
    for (const begun = process.cpuUsage(); process.cpuUsage(begun).user < 50_000; );
    const { cpuNs } = sideWindow(before, await readSideEdge(side)).counters;
    expect(cpuNs).toBeGreaterThan(45e6);
  });

  it('peak memory holds what was once kept', async () => {
    const side = await start();
    const before = peakRssBytes(side.pid)!;
    await side.service.tell('keep 30000000');
    await side.agent.collectGarbage();
    expect(before).toBeGreaterThan(1e6);
    expect(peakRssBytes(side.pid)).toBeGreaterThanOrEqual(before);
  });
});

describe('without /proc', () => {
  it('the source is rusage, CPU and allocations are measured all the same, and run-queue delay is absent', async () => {
    const [base, head] = [await start({ procRoot: NOWHERE }), await start({ procRoot: NOWHERE })];
    expect([base.cpuSource, head.cpuSource]).toEqual(['rusage', 'rusage']);
    const before = await readEdge({ base, head }, 'base');
    await head.service.tell('spin 2000');
    const after = await readEdge({ base, head }, 'head');
    const window = windowCounters(before, after);
    expect(window.note).toBeNull();
    expect(window.head.cpuNs).toBe(window.head.rusageCpuNs);
    expect(window.base.cpuNs! / window.head.cpuNs!).toBeLessThan(0.1);
    expect(window.head).not.toHaveProperty('runDelayNs');
    expect(window.head.mallocs).toBeGreaterThanOrEqual(0);
  });

  it('every reader of a process answers "not known"', () => {
    expect(threadTimes(process.pid, NOWHERE)).toBeUndefined();
    expect(peakRssBytes(process.pid, NOWHERE)).toBeUndefined();
    expect(processCpuNs(process.pid, 'schedstat', { procRoot: NOWHERE })).toBeUndefined();
    expect(processCpuNs(process.pid, 'rusage')).toBeUndefined();
  });
});

describe('control groups', () => {
  it.each([
    ['cpu.stat', 'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n'],
    ['cpuacct.usage', '1500000\n'],
  ])('a group with %s is a source of 1.5 ms', (file, text) => {
    const cgroupDir = join(folder, `group-${file}`);
    mkdirSync(cgroupDir);
    writeFileSync(join(cgroupDir, file), text);
    expect(cpuSourceFor({ pid: process.pid, cgroupDir })).toBe('cgroup');
    expect(processCpuNs(process.pid, 'cgroup', { cgroupDir })).toBe(1_500_000);
  });

  it('a group that cannot be read gives way to the next source', () => {
    expect(cpuSourceFor({ pid: process.pid, cgroupDir: NOWHERE, procRoot: NOWHERE })).toBe('rusage');
  });
});

describe('sums over threads', () => {
  const writeThreads = (name: string, threads: Readonly<Record<string, string>>): string => {
    const root = join(folder, name);
    for (const [id, text] of Object.entries(threads)) {
      mkdirSync(join(root, '7/task', id), { recursive: true });
      writeFileSync(join(root, '7/task', id, 'schedstat'), text);
    }
    return root;
  };

  it('add up CPU and run-queue delay, and skip a thread that has just ended', () => {
    const root = writeThreads('proc-sum', { 7: '1000 50 3\n', 8: '2500 20 9\n' });
    mkdirSync(join(root, '7/task/9'));
    expect(threadTimes(7, root)).toMatchObject({ cpuNs: 3500, runDelayNs: 70 });
  });

  it('that are all zero come from a kernel without scheduler statistics, which is no source', () => {
    const root = writeThreads('proc-zero', { 7: '0 0 0\n', 8: '0 0 0\n' });
    expect(cpuSourceFor({ pid: 7, procRoot: root })).toBe('rusage');
  });
});

describe('differences', () => {
  const usage = (cpuNs: number): NonNullable<SideEdge['inside']['end']> => ({
    userNs: cpuNs,
    systemNs: 0,
    childrenNs: 0,
    maxRssBytes: 0,
    minorFaults: 0,
    majorFaults: 0,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
  });
  const edge = (outsideMs: number, rusageMs: number, threads: Readonly<Record<string, number>>): SideEdge => {
    const outside = { cpuNs: outsideMs * 1e6, threads: new Map(Object.entries(threads)) };
    const inside = {
      mallocs: 10,
      allocBytes: 100,
      liveHeapBytes: 0,
      liveObjects: 0,
      gcCycles: 0,
      gcPauseNs: 0,
      goroutines: 1,
      begin: usage(rusageMs * 1e6),
      end: usage(rusageMs * 1e6),
    };
    return { before: outside, inside, after: outside };
  };

  it('a window runs from the end of one reading to the beginning of the next', () => {
    const first = edge(0, 0, { 1: 0 });
    const start = { ...first, after: { ...first.after, cpuNs: 3e6 }, inside: { ...first.inside, end: usage(4e6) } };
    const last = edge(100, 100, { 1: 9 });
    const end = { ...last, after: { ...last.after, cpuNs: 900e6 }, inside: { ...last.inside, end: usage(900e6) } };
    const { counters } = sideWindow(start, end);
    expect(counters).toMatchObject({ cpuNs: 97e6, rusageCpuNs: 96e6 });
  });

  it('a side is charged with the part of the next collection that it made due, if the other one is, too', () => {
    const owing = (ms: number, owedNs: number | undefined): SideEdge => {
      const made = edge(ms, ms, { 1: ms });
      return owedNs === undefined ? made : { ...made, inside: { ...made.inside, gcOwedNs: owedNs } };
    };
    const more = sideWindow(owing(0, 1e6), owing(100, 4e6));
    // It began shortly before a collection, which it paid for.
    const less = sideWindow(owing(0, 5e6), owing(104, 2e6));
    const unknown = sideWindow(owing(0, undefined), owing(100, 4e6));
    expect(agreeOnCpu({ base: more, head: less })).toMatchObject({
      base: { cpuNs: 103e6, rusageCpuNs: 100e6, gcOwedNs: 3e6 },
      head: { cpuNs: 101e6, rusageCpuNs: 104e6, gcOwedNs: -3e6 },
    });
    const onOne = agreeOnCpu({ base: more, head: unknown });
    expect([onOne.base.cpuNs, onOne.head.cpuNs]).toEqual([100e6, 100e6]);
    expect(onOne.base).not.toHaveProperty('gcOwedNs');
    const doubted = { ...less, doubt: 'threads ended' };
    expect(agreeOnCpu({ base: more, head: doubted }).head.cpuNs).toBe(101e6);
  });

  it('what a reading costs by its own account is taken off', () => {
    const [start, end] = [edge(0, 0, {}), edge(1, 1, {})];
    expect(sideWindow(start, end, { mallocs: 0, bytes: 0 }).counters).toMatchObject({ mallocs: 0, allocBytes: 0 });
    const grown = { ...end, inside: { ...end.inside, mallocs: 113, allocBytes: 1164 } };
    expect(sideWindow(start, grown, { mallocs: 3, bytes: 64 }).counters).toMatchObject({
      mallocs: 100,
      allocBytes: 1000,
    });
  });

  it('a thread id taken over by a younger thread counts as ended', () => {
    const window = sideWindow(edge(100, 100, { 1: 50, 2: 50 }), edge(150, 160, { 1: 100, 2: 5 }));
    expect(window.doubt).toMatch(/1 thread of the service ended/);
    expect(window.counters.cpuNs).toBe(60e6);
  });

  it('two counts further apart than 5 % and 10 ms are doubted, closer ones are not', () => {
    const window = (outsideMs: number): string | null =>
      sideWindow(edge(0, 0, { 1: 0 }), edge(outsideMs, 1000, { 1: 9 })).doubt;
    expect(window(941)).toBeNull();
    expect(window(939)).toMatch(/differ \(939.0 and 1000.0 ms\)/);
    expect(window(1061)).toMatch(/differ/);
  });

  it('a doubt on either side moves both to rusage; without rusage the counts stay', () => {
    const sound = sideWindow(edge(0, 0, { 1: 0 }), edge(100, 101, { 1: 9 }));
    const doubted = sideWindow(edge(0, 0, { 1: 0 }), edge(20, 100, {}));
    expect(agreeOnCpu({ base: sound, head: sound })).toMatchObject({ base: { cpuNs: 100e6 }, note: null });
    for (const windows of [
      { base: sound, head: doubted },
      { base: doubted, head: sound },
    ]) {
      const agreed = agreeOnCpu(windows);
      expect(agreed.note).toMatch(/rusage/);
      expect(new Set([agreed.base.cpuNs, agreed.head.cpuNs])).toEqual(new Set([100e6, 101e6]));
    }
  });

  it('a side read alone gives the same kind of window', async () => {
    const side = await start();
    const [from, to] = [await readSideEdge(side), await readSideEdge(side)];
    expect(sideWindow(from, to)).toMatchObject({ doubt: null, counters: { gcCycles: 0 } });
  });
});
