/** How often a request calls each site of the demo's variant, and what a request costs: what sizes the plants. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../harness/service/index.ts';
import type { Scenario } from '../../harness/model/index.ts';
import { countCalls, makeVariant, type Site } from './demo-variant.ts';

const WARM = 340;
const COUNTED = 1020;

export interface DemoCosts {
  readonly cpuNsPerRequest: number;
  readonly callsPerRequest: readonly number[];
}

export interface SentRequest {
  readonly path: string;
  readonly method: string;
  readonly body: string | null;
}

/** The mix in an order that repeats, each route as often as its weight says. */
export const requestsOf = ({ load }: Scenario): ((n: number) => SentRequest) => {
  const plan = load.requests.flatMap((request) => Array.from({ length: request.weight }, () => request));
  const columns: readonly string[] = load.data?.columns ?? [];
  const rows: readonly (readonly string[])[] = load.data?.rows ?? [];
  return (n) => {
    const request = plan[(n * 5) % plan.length];
    const row = rows[(n * 7) % rows.length] ?? [];
    if (request === undefined) throw new Error('a scenario without requests');
    const fill = (text: string): string =>
      text
        .replaceAll('${n}', String(n))
        .replaceAll(/\$\{data\.(\w+)\}/g, (_, name: string) => row[columns.indexOf(name)] ?? '');
    return {
      path: fill(request.path),
      method: request.method,
      body: typeof request.body === 'string' ? fill(request.body) : null,
    };
  };
};

/** Of all threads, as the kernel counts it. */
export const cpuNsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((a, b) => a + b, 0);

const get = async (url: string, init: RequestInit = {}): Promise<string> => {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.text();
};

const untilReady = async (url: string): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await get(`${url}/healthz`);
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`${url} does not answer`);
};

export const measureDemo = async (folder: string, scenario: Scenario, sites: readonly Site[]): Promise<DemoCosts> => {
  makeVariant(folder);
  countCalls(folder, sites);
  const binary = path.join(folder, 'counted.bin');
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: folder, stdio: 'pipe', timeout: 300_000 });
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(binary, ['-addr', `127.0.0.1:${port}`], { env: { GOMAXPROCS: '1' }, stdio: 'ignore' });
  const ended = once(child, 'close');
  try {
    await untilReady(url);
    const requestOf = requestsOf(scenario);
    const send = async (from: number, count: number): Promise<void> => {
      for (let n = from; n < from + count; n++) {
        const { path: where, method, body } = requestOf(n);
        await get(url + where, {
          method,
          ...(body === null ? {} : { body, headers: { 'content-type': 'application/json' } }),
        });
      }
    };
    await send(0, WARM);
    const before = JSON.parse(await get(`${url}/zz`)) as readonly number[];
    const cpuBefore = cpuNsOf(child.pid ?? 0);
    await send(WARM, COUNTED);
    const cpu = cpuNsOf(child.pid ?? 0) - cpuBefore;
    const after = JSON.parse(await get(`${url}/zz`)) as readonly number[];
    return {
      cpuNsPerRequest: cpu / COUNTED,
      callsPerRequest: after.map((count, index) => (count - (before[index] ?? 0)) / COUNTED),
    };
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
};
