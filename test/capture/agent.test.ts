import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Agent,
  type AgentCounters,
  AgentLostError,
  AgentRefusedError,
  connectAgent,
} from '../../harness/capture/index.ts';
import { TargetStartError } from '../../harness/errors.ts';
import { buildService, makeFolder, type Service, startService } from './service.ts';

const folder = makeFolder();
const sockets = join(folder, 's');
let binary = '';
const started: Service[] = [];

beforeAll(() => {
  binary = buildService(folder);
}, 180_000);

afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

afterAll(() => rmSync(folder, { recursive: true }));

const start = async (env?: Readonly<Record<string, string>>): Promise<Service> => {
  const service = await startService(binary, sockets, env);
  started.push(service);
  return service;
};

const NEVER = new AbortController().signal;

const connect = (pid: number, timeoutSeconds = 10, signal = NEVER): Promise<Agent> =>
  connectAgent({ socketDir: sockets, pid, timeoutSeconds, signal });

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A stop signal reaches one thread after the other: a service that is still answering has not stopped. */
const stopProcess = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGSTOP');
  const states = (): readonly string[] =>
    readdirSync(`/proc/${pid}/task`).map(
      (thread) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))?.[1] ?? '',
    );
  await expect.poll(() => states().every((state) => state === 'T'), { timeout: 10_000 }).toBe(true);
};

describe('the handshake', () => {
  it('describes the process: its id, Go version, GOMAXPROCS, rates, profiles and build settings', async () => {
    const service = await start({ GODYNO_AGENT: sockets, GODEBUG: 'memprofilerate=65536', GODYNO_RATES: 'mutex=10' });
    const { hello } = await connect(service.pid);
    expect(hello).toMatchObject({
      pid: service.pid,
      gomaxprocs: 1,
      memProfileRate: 65536,
      mutexProfileFraction: 10,
      path: 'godyno.invalid/capture-service',
      module: 'godyno.invalid/capture-service',
    });
    expect(hello.goVersion).toBe(execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim());
    expect(hello.profiles).toEqual(expect.arrayContaining(['allocs', 'block', 'goroutine', 'heap', 'mutex']));
    expect(hello.settings['-trimpath']).toBe('true');
  });

  it('leaves its variables to the programs the service starts: where a child serves, its agent is asked', async () => {
    const service = await start({ GODYNO_AGENT: sockets, GODYNO_RATES: 'mutex=10' });
    expect(service.firstLine).toBe(`ready "${sockets}" "mutex=10"`);
  });

  it('listens where a process of this number listened before, as one that replaced itself did', async () => {
    const service = await start({ GODYNO_AGENT: sockets, REPLACE: 'once' });
    expect((await connect(service.pid)).hello.pid).toBe(service.pid);
  });

  it('keeps two services in one folder apart', async () => {
    const [one, two] = [await start(), await start()];
    const agents = [await connect(one.pid), await connect(two.pid)];
    expect(agents.map(({ hello }) => hello.pid)).toEqual([one.pid, two.pid]);
    await one.tell('alloc 100000');
    const [first, second] = [await agents[0]!.counters(), await agents[1]!.counters()];
    expect(first.mallocs - second.mallocs).toBeGreaterThan(99_000);
  });

  it('waits for a service that is slow to start', async () => {
    const late = createServer((socket) => {
      socket.on('data', () => socket.write(framed('{"ok":true,"protocol":2}\n')));
    });
    const pending = caught(connect(4_000_001));
    setTimeout(() => late.listen(join(sockets, '4000001.sock')), 200);
    expect(await pending).toMatchObject({ code: 'AGENT_PROTOCOL', exitCode: 5 });
    late.close();
  });
});

describe('without the variable', () => {
  it('the agent is inert: no socket, and the wait ends with exit code 5 and a reason', async () => {
    const service = await start({});
    const error = await caught(connect(service.pid, 0.3));
    expect(error).toBeInstanceOf(TargetStartError);
    expect(error).toMatchObject({ code: 'AGENT_NOT_REACHED', exitCode: 5 });
    expect(String(error)).toContain(`process ${service.pid}, which takes the requests`);
    expect((error as TargetStartError).hint).toMatch(/overlay did not reach the binary.*doctor/s);
    expect(existsSync(join(sockets, `${service.pid}.sock`))).toBe(false);
  });

  it('another process in the folder is named as a sign of a wrapper', async () => {
    const service = await start();
    const error = await caught(connect(4_000_002, 0.1));
    expect((error as TargetStartError).hint).toContain(`(${service.pid})`);
    expect((error as TargetStartError).hint).toContain('GODYNO_AGENT');
  });

  it('a socket path beyond what the system allows is refused before anybody waits for it', async () => {
    const socketDir = join(sockets, 'x'.repeat(120));
    const error = await caught(connectAgent({ socketDir, pid: 1, timeoutSeconds: 60, signal: NEVER }));
    expect(error).toMatchObject({ code: 'AGENT_PATH_TOO_LONG', hint: expect.stringContaining('TMPDIR') });
  });
});

describe('counters', () => {
  it('count 1234 more objects of 48 bytes as exactly that', async () => {
    const service = await start({ GODYNO_AGENT: sockets, GOGC: 'off' });
    const agent = await connect(service.pid);
    const once = async (objects: number): Promise<readonly [number, number]> => {
      const before = await agent.counters();
      await service.tell(`alloc ${objects}`);
      const after = await agent.counters();
      return [after.mallocs - before.mallocs, after.allocBytes - before.allocBytes];
    };
    // The runtime now and then adds an object of its own (a thread, a waiting goroutine); the least of some is exact.
    const least = async (objects: number): Promise<readonly [number, number]> => {
      const tries: (readonly [number, number])[] = [];
      for (let i = 0; i < 7; i += 1) tries.push(await once(objects));
      return [Math.min(...tries.map(([count]) => count)), Math.min(...tries.map(([, bytes]) => bytes))];
    };
    // Equal digits, so that reading the line costs the same: the difference is the 1234 objects alone.
    const [[fewer, fewerBytes], [more, moreBytes]] = [await least(10000), await least(11234)];
    expect(more - fewer).toBe(1234);
    expect(moreBytes - fewerBytes).toBe(1234 * 48);
  });

  it('a reading adds nothing to the next one', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const readings: AgentCounters[] = [];
    for (let i = 0; i < 20; i += 1) readings.push(await agent.counters());
    const steps = readings.slice(1).map((reading, index) => reading.mallocs - readings[index]!.mallocs);
    expect(Math.min(...steps)).toBe(0);
    // A per-reading allocation would show in all of them; the runtime may start a thread in one.
    expect(steps.filter((step) => step === 0).length).toBeGreaterThanOrEqual(15);
    expect(agent.hello).toMatchObject({ ownMallocs: 0, ownBytes: 0 });
  });

  it('after a collection the live heap holds what is kept and nothing of what was dropped', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const before = await agent.collectGarbage();
    await service.tell('alloc 100000');
    const dropped = await agent.collectGarbage();
    await service.tell('keep 3000000');
    const kept = await agent.collectGarbage();
    expect(Math.abs(dropped.liveHeapBytes - before.liveHeapBytes)).toBeLessThan(100_000);
    expect(kept.liveHeapBytes - dropped.liveHeapBytes).toBeGreaterThanOrEqual(3_000_000);
    expect(kept.liveHeapBytes - dropped.liveHeapBytes).toBeLessThan(3_200_000);
    expect(kept.gcCycles - dropped.gcCycles).toBeGreaterThanOrEqual(2);
    expect(kept.gcCpuNs).toBeGreaterThan(before.gcCpuNs ?? Infinity);
  });

  it('mutex wait grows under contention and stays put without', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const idle = [await agent.counters(), await agent.counters()];
    await service.tell('contend 8');
    const after = await agent.counters();
    const [first, second, third] = [...idle, after].map(({ mutexWaitNs = Number.NaN }) => mutexWaitNs) as [
      number,
      number,
      number,
    ];
    // Each of 160 sections keeps up to 7 waiting for at least 1 ms; the runtime samples one wait in eight.
    expect(third - second).toBeGreaterThan(100e6);
    // The runtime's own locks at a start on a busy machine: 0.6 ms were seen once.
    expect(second - first).toBeLessThan((third - second) / 20);
  });

  it('goroutines are the service’s alone, and their peak is seen although they are gone at the end', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const before = await agent.counters();
    await agent.watchGoroutines(1);
    await service.tell('hold 25');
    const during = await agent.counters();
    // Long past the next look, and the service has had its turns on the CPU: three answers show it.
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let i = 0; i < 3; i += 1) await agent.counters();
    await service.tell('release');
    const peak = await agent.goroutinePeak();
    expect(before.goroutines).toBe(1);
    expect(during.goroutines).toBe(26);
    expect(peak.goroutines).toBe(26);
    expect(peak.samples).toBeGreaterThan(1);
  });
});

describe('the text of goroutines', () => {
  it('has all of them, and is refused where it would be longer than asked for', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    await service.tell('hold 900');
    const text = await agent.stacks(1 << 20);
    expect(text.match(/^goroutine \d+ \[/gm)?.length).toBeGreaterThan(900);
    await expect(agent.stacks(1 << 16)).rejects.toThrow(/more than 65536 bytes/);
    expect((await agent.counters()).goroutines).toBe(901);
  });
});

describe('profiles', () => {
  const top = (bytes: Uint8Array, ...flags: readonly string[]): string => {
    const file = join(folder, 'profile.pb.gz');
    writeFileSync(file, bytes);
    return execFileSync('go', ['tool', 'pprof', '-top', '-nodecount=400', ...flags, file], { encoding: 'utf8' });
  };

  it('a CPU profile opens in go tool pprof, names the busy function and covers the span that was asked for', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const asked = performance.now();
    await agent.startCpuProfile();
    const startedAt = performance.now();
    await service.tell('spin 3000');
    const stopping = performance.now();
    const profile = await agent.stopCpuProfile();
    expect(top(profile.bytes, '-cum')).toMatch(/main\.spin/);
    expect(profile.spanNs).toBeGreaterThan((stopping - startedAt) * 1e6);
    expect(profile.spanNs).toBeLessThan((performance.now() - asked) * 1e6);
  });

  it('every kind hello lists can be taken, opens in go tool pprof, and allocs names the allocating function', async () => {
    const service = await start({
      GODYNO_AGENT: sockets,
      GODYNO_RATES: 'mutex=1 block=1',
      GODEBUG: 'memprofilerate=512',
    });
    const agent = await connect(service.pid);
    await service.tell('alloc 20000');
    await service.tell('contend 4');
    for (const name of agent.hello.profiles) {
      expect(top(await agent.snapshot(name)), name).toMatch(/flat%/);
    }
    expect(top(await agent.snapshotAfterGc('allocs'), '-sample_index=alloc_objects')).toMatch(/main\.allocate/);
    expect(top(await agent.snapshot('mutex'))).toMatch(/main\.contend/);
    expect(top(await agent.snapshot('block'))).toMatch(/main\.contend/);
  });

  it('goroutines that nothing can wake are told apart from those that a global variable holds, where this Go can', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    await service.tell('hold 20');
    await service.tell('strand 30');
    const before = await agent.counters();
    if (agent.hello.profiles.includes('goroutineleak')) {
      const table = top(await agent.snapshot('goroutineleak'));
      // Stacks are scanned conservatively: a stale word may keep one or two of them.
      const [, told = '0'] = /100% of (\d+) total/.exec(table) ?? [];
      expect(Number(told)).toBeGreaterThanOrEqual(28);
      expect(Number(told)).toBeLessThanOrEqual(30);
      expect(table).toMatch(/main\.do\.func\d/);
    } else expect(await caught(agent.snapshot('goroutineleak'))).toBeInstanceOf(AgentRefusedError);
    expect((await agent.counters()).goroutines).toBe(before.goroutines);
  });

  it('profiles leave the service’s own counters usable: stopping gives the same goroutine count as before', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const before = await agent.counters();
    await agent.startCpuProfile();
    const during = await agent.counters();
    await agent.stopCpuProfile();
    expect(during.goroutines).toBe(before.goroutines);
  });

  it('a trace and a flight recording open in go tool trace', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    await agent.startTrace(1 << 24);
    await service.tell('spin 20');
    await agent.startFlightRecorder(1000, 1 << 20);
    await service.tell('spin 20');
    const recordings = { flight: await agent.flightSnapshot(), trace: await agent.stopTrace() };
    await agent.stopFlightRecorder();
    for (const [name, bytes] of Object.entries(recordings)) {
      const file = join(folder, `${name}.trace`);
      writeFileSync(file, bytes);
      const profile = execFileSync('go', ['tool', 'trace', '-pprof=sched', file], { maxBuffer: 1 << 26 });
      expect(profile.length, name).toBeGreaterThan(0);
    }
  });
});

describe('trouble', () => {
  it('a command the agent refuses is an error with its words, and the next command works', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const error = await caught(agent.snapshot('nobody'));
    expect(error).toBeInstanceOf(AgentRefusedError);
    expect(String(error)).toContain('no such profile: nobody');
    expect(await caught(agent.stopCpuProfile())).toMatchObject({ code: 'AGENT_REFUSED' });
    expect((await agent.counters()).mallocs).toBeGreaterThan(0);
  });

  it('commands asked at the same time are answered one after the other, each with its own answer', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const [counters, heap, refused, again] = await Promise.all([
      agent.counters(),
      agent.snapshot('heap'),
      caught(agent.snapshot('nobody')),
      agent.counters(),
    ]);
    expect(again.mallocs).toBeGreaterThan(counters.mallocs);
    expect([...heap.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect(refused).toBeInstanceOf(AgentRefusedError);
  });

  it('a service that ends mid-command fails that command and all later ones, saying what was asked', async () => {
    const service = await start();
    const agent = await connect(service.pid);
    const pending = caught(agent.collectGarbage().then(() => agent.snapshot('heap')));
    service.send('exit 3');
    await service.exited;
    await pending;
    const later = await caught(agent.counters());
    expect(later).toBeInstanceOf(AgentLostError);
    expect(later).toMatchObject({ code: 'AGENT_LOST', asked: 'counters', exitCode: 5 });
  });

  it('a service that has stopped answering is given up after the time a command may take', async () => {
    const service = await start();
    const agent = await connectAgent({
      socketDir: sockets,
      pid: service.pid,
      timeoutSeconds: 10,
      commandSeconds: 0.3,
      signal: NEVER,
    });
    await stopProcess(service.pid);
    const error = await caught(agent.snapshot('heap'));
    expect(error).toMatchObject({ code: 'AGENT_LOST', asked: 'snapshot name=heap' });
    expect(String(error)).toContain('nothing came within 0.3 s');
    process.kill(service.pid, 'SIGCONT');
    // The answer may still come, to nobody: what is asked next must not take it for its own.
    expect(await caught(agent.counters())).toMatchObject({ code: 'AGENT_LOST', asked: 'counters' });
  });

  it('an abort ends a waiting handshake and a waiting command with the reason given', async () => {
    const reason = new Error('Ctrl-C');
    const handshake = new AbortController();
    const waiting = caught(connect(4_000_003, 60, handshake.signal));
    handshake.abort(reason);
    expect(await waiting).toBe(reason);

    const silent = createServer((socket) => socket.once('data', () => socket.write(framed(HELLO))));
    silent.listen(join(sockets, '4000004.sock'));
    const command = new AbortController();
    const agent = await connect(4_000_004, 5, command.signal);
    const unanswered = caught(agent.counters());
    setTimeout(() => command.abort(reason), 20);
    expect(await unanswered).toBe(reason);
    expect(await caught(agent.counters())).toBe(reason);
    silent.close();
  });

  it('an agent that answers with something else is lost, not believed', async () => {
    let answer = '';
    const liar = createServer((socket) =>
      socket.on('data', (chunk) => socket.write(framed(String(chunk).includes('hello') ? HELLO : answer))),
    );
    liar.listen(join(sockets, '4000005.sock'));
    for (const [lie, code] of [
      ['not json\n', 'AGENT_LOST'],
      ['{"ok":true}', 'AGENT_LOST'],
    ] as const) {
      answer = lie;
      const agent = await connect(4_000_005, 5);
      expect(await caught(agent.counters())).toMatchObject({ code });
      agent.close();
    }
    answer = '{"ok":true,"mallocs":"many"}\n';
    const agent = await connect(4_000_005, 5);
    expect(String(await caught(agent.counters()))).toContain('mallocs: expected a number, got "many"');
    agent.close();
    liar.close();
  });

  it('a folder nobody may listen in lets the service run on, with one line on its error output', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    const service = await startService(binary, sockets, { GODYNO_AGENT: file });
    started.push(service);
    await service.tell('alloc 10');
    expect(readdirSync(sockets)).not.toContain(`${service.pid}.sock`);
  });
});

const HELLO = `${JSON.stringify({
  ok: true,
  protocol: 1,
  pid: 1,
  goVersion: 'go1.26.8',
  os: 'linux',
  arch: 'amd64',
  gomaxprocs: 1,
  cpus: 2,
  memProfileRate: 524288,
  mutexProfileFraction: 0,
  ownMallocs: 0,
  ownBytes: 0,
  profiles: ['heap'],
})}\n`;

const framed = (body: string): Buffer => {
  const frame = Buffer.alloc(4 + Buffer.byteLength(body));
  frame.writeUInt32BE(frame.length - 4);
  frame.write(body, 4);
  return frame;
};
