/**
 * What a change of the demo costs, measured without godyno: the independent word on a planted fault. Both folders are
 * built with a fresh link seed per launch and pinned to one CPU with GOMAXPROCS=1; every request of scenarios/demo.yml
 * goes to both, one at a time and in random order, over plain HTTP, and each process's CPU is read from the kernel.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import http from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindSelf, usableCpus } from '../../harness/process/index.ts';
import { mean, standardError } from '../../harness/stats/index.ts';
import { freePorts } from '../../harness/service/index.ts';
import type { Sides } from './campaign.ts';
import { cpuNsOf, requestsOf, type SentRequest } from './demo-calls.ts';
import { demoScenario } from './explain-pass.ts';

export interface DuetPlan {
  readonly launches: number;
  readonly windows: number;
  readonly perWindow: number;
  readonly onLaunch?: (number: number, logRatio: number, cpuNsPerRequest: number) => void;
}

/** A minute on a quiet machine: half a point of standard error. */
export const CALIBRATION: DuetPlan = { launches: 8, windows: 4, perWindow: 340 };

export interface CpuEffect {
  /** head ÷ base − 1. */
  readonly ratio: number;
  /** Over launches, of the log-ratio. */
  readonly standardError: number;
}

const WARM_REQUESTS = 1000;
const SETTLE_MS = 2;

interface Service {
  readonly child: ChildProcess;
  readonly port: number;
  readonly agent: http.Agent;
}

const send = async (service: Service, { method, path: target, body }: SentRequest): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: service.port, agent: service.agent, method, path: target };
    const request = http.request(options, (answer) => {
      answer.resume();
      const { statusCode = 0 } = answer;
      answer.on('end', () => (statusCode < 300 ? resolve() : reject(new Error(`${target} ${statusCode}`))));
    });
    request.on('error', reject);
    request.end(body ?? '');
  });

const start = async (binary: string, cpu: number): Promise<Service> => {
  const [port = 0] = await freePorts(1);
  const child = spawn('taskset', ['-c', String(cpu), binary, '-addr', `127.0.0.1:${port}`], {
    env: { GOMAXPROCS: '1', PATH: process.env['PATH'] },
    stdio: 'ignore',
  });
  const service = { child, port, agent: new http.Agent({ keepAlive: true, maxSockets: 1 }) };
  for (let tries = 0; tries < 200; tries++) {
    await sleep(20);
    const ready = await send(service, { method: 'GET', path: '/healthz', body: null }).then(
      () => true,
      () => false,
    );
    if (ready) return service;
  }
  throw new Error(`${binary} does not answer`);
};

const stop = ({ child, agent }: Service): void => {
  child.kill();
  agent.destroy();
};

const build = (source: string, binary: string, seed: number): void => {
  const args = ['build', '-trimpath', '-buildvcs=false', `-ldflags=-randlayout=${seed}`, '-o', binary, '.'];
  execFileSync('go', args, { cwd: source, stdio: 'pipe' });
};

/** Mean log-ratio of the windows of one launch, without the highest and lowest tenth. */
const trimmedMean = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return mean(sorted.slice(Math.floor(sorted.length / 10), Math.ceil(sorted.length * 0.9)));
};

/** CPU per request of head against base. */
export const cpuEffect = async (sides: Sides, plan: DuetPlan): Promise<CpuEffect> => {
  const requestOf = requestsOf(demoScenario());
  const couples = async (services: readonly [Service, Service], from: number, count: number): Promise<void> => {
    for (let n = from; n < from + count; n++) {
      const order = Math.random() < 0.5 ? services : services.toReversed();
      await Promise.all(order.map(async (service) => send(service, requestOf(n))));
    }
  };
  const all = usableCpus() ?? [];
  const [cpu = 0, ...others] = all;
  const work = mkdtempSync(path.join(tmpdir(), 'duet-'));
  const { signal } = new AbortController();
  await bindSelf(others, signal);
  try {
    const means: number[] = [];
    for (let launch = 1; launch <= plan.launches; launch++) {
      const binaries = { base: path.join(work, 'b'), head: path.join(work, 'h') };
      build(sides.base, binaries.base, launch);
      build(sides.head, binaries.head, launch);
      const base = await start(binaries.base, cpu);
      const head = await start(binaries.head, cpu);
      const spent = (): readonly [number, number] => [cpuNsOf(base.child.pid ?? 0), cpuNsOf(head.child.pid ?? 0)];
      try {
        await couples([base, head], 1, WARM_REQUESTS);
        const ratios: number[] = [];
        let costNs = 0;
        for (let window = 0; window < plan.windows; window++) {
          const before = spent();
          await couples([base, head], WARM_REQUESTS + window * plan.perWindow, plan.perWindow);
          await sleep(SETTLE_MS);
          const after = spent();
          ratios.push(Math.log((after[1] - before[1]) / (after[0] - before[0])));
          costNs = (after[0] - before[0]) / plan.perWindow;
        }
        means.push(trimmedMean(ratios));
        plan.onLaunch?.(launch, means.at(-1) ?? Number.NaN, costNs);
      } finally {
        stop(base);
        stop(head);
      }
    }
    return { ratio: Math.expm1(mean(means)), standardError: means.length < 2 ? Number.NaN : standardError(means) };
  } finally {
    await bindSelf(all, signal);
    rmSync(work, { recursive: true, force: true });
  }
};
