/**
 * Measures the demo's planted faults without godyno, as the independent word on what a fault costs: builds the
 * original and the faulty copy, pins both to one CPU with GOMAXPROCS=1, sends every request of scenarios/demo.yml to
 * both, one at a time and in random order, over plain HTTP, and reads each process's CPU from the kernel. The figures
 * in test/targets/demo/README.md were made with it.
 *
 * node test/helpers/calibrate-demo.ts <cpu|alloc|…|none> [constant's value] [requests per window] [windows] [launches]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { DEMO_FAULTS, type DemoFaultName, plantDemo } from './plant-demo.ts';

interface Request {
  readonly name: string;
  readonly weight: number;
  readonly http: string;
  readonly body?: string;
}

const [fault = 'none', value = '0', perWindow = '340', windows = '40', launches = '3'] = process.argv.slice(2);
const root = path.resolve(import.meta.dirname, '../..');
const { load } = parse(readFileSync(path.join(root, 'scenarios/demo.yml'), 'utf8')) as {
  load: { requests: readonly Request[] };
};
const [head = '', ...rows] = readFileSync(path.join(root, 'scenarios/demo.csv'), 'utf8').trim().split('\n');
const columns = head.split(',');

/** The mix in an order that repeats, each route as often as its weight says. */
const plan = load.requests.flatMap((request) => Array<Request>(request.weight).fill(request));
const requestOf = (n: number): { method: string; path: string; body: string } => {
  const request = plan[(n * 5) % plan.length]!;
  const row = rows[(n * 7) % rows.length]!.split(',');
  const filled = (text: string): string =>
    text.replace('${n}', String(n)).replaceAll(/\$\{data\.(\w+)\}/g, (_, name: string) => row[columns.indexOf(name)]!);
  const [method = '', target = ''] = filled(request.http).split(' ');
  return { method, path: target, body: filled(request.body ?? '') };
};

interface Service {
  readonly child: ChildProcess;
  readonly port: number;
  readonly agent: http.Agent;
}

const send = (service: Service, n: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const { method, path: target, body } = requestOf(n);
    const options = { host: '127.0.0.1', port: service.port, agent: service.agent, method, path: target };
    const request = http.request(options, (answer) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode! < 300 ? resolve() : reject(new Error(`${target} ${answer.statusCode}`)),
      );
    });
    request.on('error', reject);
    request.end(body);
  });

const cpuNs = (service: Service): number => {
  const tasks = `/proc/${service.child.pid}/task`;
  return readdirSync(tasks)
    .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((a, b) => a + b, 0);
};

const start = async (binary: string, port: number): Promise<Service> => {
  const child = spawn('taskset', ['-c', '0', binary, '-addr', `127.0.0.1:${port}`], {
    env: { GOMAXPROCS: '1' },
    stdio: 'ignore',
  });
  const service = { child, port, agent: new http.Agent({ keepAlive: true, maxSockets: 1 }) };
  for (let tries = 0; tries < 100; tries++) {
    await sleep(20);
    if (
      await send(service, 0).then(
        () => true,
        () => false,
      )
    )
      return service;
  }
  throw new Error(`${binary} does not answer`);
};

const couples = async (base: Service, head: Service, from: number, count: number): Promise<void> => {
  for (let n = from; n < from + count; n++) {
    const order = Math.random() < 0.5 ? [base, head] : [head, base];
    await Promise.all(order.map((service) => send(service, n)));
  }
};

const build = async (folder: string, planted: boolean, seed: number): Promise<string> => {
  const source = path.join(folder, planted ? 'head' : 'base');
  const binary = `${source}-${seed}.bin`;
  execFileSync('go', ['build', '-trimpath', '-buildvcs=false', `-ldflags=-randlayout=${seed}`, '-o', binary, '.'], {
    cwd: source,
  });
  return binary;
};

const work = mkdtempSync(path.join(tmpdir(), 'calibrate-'));
try {
  const from = path.join(root, 'test/targets/demo');
  await plantDemo({ from, to: path.join(work, 'base'), fault: 'none', size: 0 });
  const size = fault === 'none' ? 0 : Number(value) / DEMO_FAULTS[fault as DemoFaultName].perSize;
  await plantDemo({ from, to: path.join(work, 'head'), fault: fault as DemoFaultName | 'none', size });
  const means: number[] = [];
  let costUs = 0;
  for (let launch = 1; launch <= Number(launches); launch++) {
    const base = await start(await build(work, false, launch), 7301);
    const head = await start(await build(work, true, launch), 7302);
    try {
      await couples(base, head, 1, 1500);
      const ratios: number[] = [];
      for (let window = 0; window < Number(windows); window++) {
        const before = [cpuNs(base), cpuNs(head)] as const;
        await couples(base, head, 1500 + window * Number(perWindow), Number(perWindow));
        await sleep(2);
        const spent = [cpuNs(base) - before[0], cpuNs(head) - before[1]] as const;
        ratios.push(100 * Math.log(spent[1] / spent[0]));
        costUs = spent[0] / Number(perWindow) / 1000;
      }
      ratios.sort((a, b) => a - b);
      const kept = ratios.slice(Math.floor(ratios.length / 10), Math.ceil(ratios.length * 0.9));
      means.push(kept.reduce((a, b) => a + b, 0) / kept.length);
      console.error(`launch ${launch}: ${means.at(-1)!.toFixed(3)} % (base ${costUs.toFixed(0)} µs a request)`);
    } finally {
      base.child.kill();
      head.child.kill();
      base.agent.destroy();
      head.agent.destroy();
    }
  }
  const mean = means.reduce((a, b) => a + b, 0) / means.length;
  const error = Math.sqrt(means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (means.length - 1) / means.length);
  console.log(
    `${fault} ${value}: ${mean.toFixed(3)} ± ${error.toFixed(3)} % CPU a request (standard error over ${means.length} launches)`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
