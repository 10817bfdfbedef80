/**
 * `npm run bench:peers`: what people do today beside godyno, in one sitting, on the same cores, in equal minutes.
 *
 * Each round builds three trees of the demo (base, the same again, head with +5 % CPU) and asks every recipe twice: is
 * base against the same again clean (A/A), and is head found? The recipes load base, then head, and apply the rule
 * people use: worse by more than 5 % fails; benchstat takes 10 repetitions a side and p < 0.05. Prints false alarms,
 * hits and wrong-way calls with Clopper-Pearson bounds at 95 %. Every call is kept as a line of
 * docs/evidence/peers.jsonl; the table is made of all lines.
 *
 * node test/prove/peers.ts [rounds=1] [seconds=60] [--full] [--noise] [--tools vegeta,benchstat] [--table] [--into <file>]
 *
 * seconds: per comparison and recipe. --full: 15 rounds. --noise: beside a noisy neighbour. --tools: of vegeta, hey, k6,
 * benchstat, all unless said; godyno always. --table: measures nothing.
 *
 * vegeta, hey and benchstat are taken from PATH, or installed with `go install` into the system's temporary folder; k6
 * only from PATH (it takes a quarter of an hour to build). A tool that cannot be had is left out, and that is said.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  appendRow,
  beside,
  changedScenario,
  COSTS_ONLY,
  COSTS_ONLY_WORDS,
  evidenceFile,
  measureOnce,
  nextSeed,
  provenance,
  root,
  rowsIn,
  type Sides,
} from './campaign.ts';
import { CALIBRATION, cpuEffect } from './demo-duet.ts';
import { markdownTable, percent, shareOf, sourcesOf } from './evidence-table.ts';
import { emptySides, HOT_FUNCTION } from './ladder-rungs.ts';

const bin = path.join(tmpdir(), 'godyno-peers');

const TOOLS = {
  vegeta: 'github.com/tsenart/vegeta/v12@v12.13.0',
  hey: 'github.com/rakyll/hey@v0.1.5',
  benchstat: 'golang.org/x/perf/cmd/benchstat@latest',
  k6: null,
} as const;
type Tool = keyof typeof TOOLS;

/** Below the capacity of both; what a recipe from a blog would take. */
const RATE_PER_SECOND = 200;
const HEY_CONNECTIONS = 8;
const RULE_RATIO = 0.05;
const BENCH_REPETITIONS = 10;
const PLANTED_PERCENT = 5;

type Call = 'slower' | 'faster' | 'same' | 'no answer';
type Rule = string;

const inPath = (tool: Tool): string | null =>
  (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => path.join(folder, tool))
    .find((file) => existsSync(file)) ?? null;

/** Path of the tool; null when it cannot be had. */
const toolPath = (tool: Tool): string | null => {
  const there = inPath(tool) ?? [path.join(bin, tool)].find((file) => existsSync(file)) ?? null;
  const source = TOOLS[tool];
  if (there !== null || source === null) return there;
  try {
    console.log(`installing ${source}`);
    execFileSync('go', ['install', source], { env: { ...process.env, GOBIN: bin, GOFLAGS: '' }, stdio: 'pipe' });
    return path.join(bin, tool);
  } catch (error) {
    console.log(`${tool} cannot be had: ${(error as Error).message.split('\n')[0]}`);
    return null;
  }
};

const freePort = async (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const stopped = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
};

/** The service of one tree, ready, for as long as `use` takes. */
const withService = async <T>(tree: string, use: (url: string) => Promise<T>): Promise<T> => {
  const program = path.join(tree, 'service');
  if (!existsSync(program)) execFileSync('go', ['build', '-o', program, '.'], { cwd: tree });
  const port = await freePort();
  const child = spawn(program, ['-addr', `127.0.0.1:${port}`], { stdio: 'ignore' });
  try {
    const url = `http://127.0.0.1:${port}`;
    for (let tries = 0; tries < 100; tries++) {
      const ready = await fetch(`${url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) break;
      await delay(100);
    }
    return await use(url);
  } finally {
    await stopped(child);
  }
};

/** The reading routes of scenarios/demo.yml, in its weights. */
const targetsFor = (url: string): readonly string[] => {
  const [, ...lines] = readFileSync(path.join(root, 'scenarios/demo.csv'), 'utf8').trim().split('\n');
  return lines.flatMap((line, index) => {
    const [query = '', item = '', other = ''] = line.split(',');
    const search = `${url}/search?q=${query}`;
    const page = `${url}/page/${item}`;
    const list = `${url}/items?page=${index + 1}`;
    const one = `${url}/items/${item}`;
    const quote = `${url}/quote/${other}`;
    return [list, list, list, one, one, one, one, search, search, search, page, page, page, quote, quote];
  });
};

interface Figures {
  readonly p95Ms: number;
  readonly meanMs: number;
  readonly perSecond: number;
}

const withVegeta = async (program: string, tree: string, seconds: number): Promise<Figures> =>
  withService(tree, async (url) => {
    const input = targetsFor(url)
      .map((target) => `GET ${target}\n`)
      .join('\n');
    const attack = ['attack', `-rate=${RATE_PER_SECOND}/s`, `-duration=${seconds}s`, '-max-body=0'];
    const results = execFileSync(program, attack, { input, maxBuffer: 2 ** 30 });
    const told = JSON.parse(execFileSync(program, ['report', '-type=json'], { input: results }).toString()) as {
      readonly latencies: { readonly mean: number; readonly '95th': number };
      readonly throughput: number;
    };
    return { p95Ms: told.latencies['95th'] / 1e6, meanMs: told.latencies.mean / 1e6, perSecond: told.throughput };
  });

/** hey knows one address only: the dearest route. */
const withHey = async (program: string, tree: string, seconds: number): Promise<Figures> =>
  withService(tree, async (url) => {
    const args = ['-z', `${seconds}s`, '-c', String(HEY_CONNECTIONS), `${url}/search?q=marble+bucket+broad`];
    const told = execFileSync(program, args).toString();
    const number = (pattern: RegExp): number => Number(pattern.exec(told)?.[1] ?? Number.NaN);
    return {
      p95Ms: 1000 * number(/95%+ in ([\d.]+) secs/),
      meanMs: 1000 * number(/Average:\s+([\d.]+) secs/),
      perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    };
  });

const withK6 = async (program: string, tree: string, seconds: number): Promise<Figures> =>
  withService(tree, async (url) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'k6-'));
    const script = path.join(folder, 'load.js');
    const summary = path.join(folder, 'summary.json');
    writeFileSync(
      script,
      `import http from 'k6/http';
const targets = ${JSON.stringify(targetsFor(url))};
export const options = { scenarios: { load: { executor: 'constant-arrival-rate', rate: ${RATE_PER_SECOND}, timeUnit: '1s', duration: '${seconds}s', preAllocatedVUs: 50 } } };
export default () => { http.get(targets[__ITER % targets.length]); };
`,
    );
    execFileSync(program, ['run', '--quiet', '--summary-export', summary, script], { stdio: 'pipe' });
    const { metrics } = JSON.parse(readFileSync(summary, 'utf8')) as {
      readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
    };
    rmSync(folder, { recursive: true, force: true });
    const duration = metrics['http_req_duration'] ?? {};
    return {
      p95Ms: duration['p(95)'] ?? Number.NaN,
      meanMs: duration['avg'] ?? Number.NaN,
      perSecond: metrics['http_reqs']?.['rate'] ?? Number.NaN,
    };
  });

const callOf = (ratio: number): Call => {
  if (!Number.isFinite(ratio)) return 'no answer';
  if (ratio > 1 + RULE_RATIO) return 'slower';
  return ratio < 1 - RULE_RATIO ? 'faster' : 'same';
};

const rulesOf = (name: string, base: Figures, head: Figures): ReadonlyMap<Rule, Call> => {
  const p95 = callOf(head.p95Ms / base.p95Ms);
  const mean = callOf(head.meanMs / base.meanMs);
  const rate = callOf(base.perSecond / head.perSecond);
  const any = [p95, mean, rate].includes('slower')
    ? 'slower'
    : [p95, mean, rate].includes('faster')
      ? 'faster'
      : 'same';
  return new Map([
    [`${name} p95`, p95],
    [`${name} mean`, mean],
    [`${name} any of p95, mean, rps`, any],
  ]);
};

type Loader = (program: string, tree: string, seconds: number) => Promise<Figures>;

const loaded =
  (name: string, program: string, load: Loader) =>
  async (base: string, head: string, seconds: number): Promise<ReadonlyMap<Rule, Call>> =>
    rulesOf(name, await load(program, base, seconds / 2), await load(program, head, seconds / 2));

const BENCHMARK = `package main

import "testing"

func BenchmarkRequest(b *testing.B) {
	work := newWorkload()
	work.serve(500)
	b.ResetTimer()
	work.serve(b.N)
}
`;

const benched =
  (program: string) =>
  async (base: string, head: string, seconds: number): Promise<ReadonlyMap<Rule, Call>> => {
    const files = [base, head].map((tree) => {
      const benchmark = path.join(tree, 'request_test.go');
      writeFileSync(benchmark, BENCHMARK);
      const time = `${Math.max(0.1, seconds / 2 / BENCH_REPETITIONS / 1.5).toFixed(2)}s`;
      const args = [
        'test',
        '-run=^$',
        '-bench=^BenchmarkRequest$',
        `-count=${BENCH_REPETITIONS}`,
        `-benchtime=${time}`,
        '.',
      ];
      const file = path.join(tree, 'bench.txt');
      writeFileSync(file, execFileSync('go', args, { cwd: tree }));
      rmSync(benchmark);
      return file;
    });
    const told = execFileSync(program, ['-format=csv', ...files], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    // name, base, its interval, head, its interval, change, p
    const cells =
      told
        .split('\n')
        .find((line) => line.startsWith('Request'))
        ?.split(',') ?? [];
    const change = cells[5] ?? '';
    const call =
      change === '~' ? 'same' : change.startsWith('+') ? 'slower' : change.startsWith('-') ? 'faster' : 'no answer';
    return new Map([['benchstat p < .05', call]]);
  };

const WORDS: Readonly<Record<string, Call>> = { regressed: 'slower', improved: 'faster', unchanged: 'same' };

const ours = async (base: string, head: string, seconds: number): Promise<ReadonlyMap<Rule, Call>> => {
  const out = mkdtempSync(path.join(tmpdir(), 'gdo-'));
  const scenario = changedScenario(
    path.join(root, 'scenarios/demo.yml'),
    path.join(out, 'scenarios'),
    { target: { module: '.' } },
    COSTS_ONLY,
  );
  const flags = ['--budget', `${seconds}s`, '--seed', String(nextSeed())];
  try {
    const { scenario: told } = await measureOnce(scenario, { base, head }, path.join(out, 'run'), flags);
    return new Map([['godyno', WORDS[told.verdict] ?? 'no answer']]);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
};

/** Base, the same again, and head, which costs `dose` rounds more in a hot function. */
const treesIn = async (work: string, dose: number): Promise<Sides & { readonly again: string }> => {
  const sides = emptySides(path.join(work, 'sides'));
  await HOT_FUNCTION.plant(sides, dose);
  const again = path.join(work, 'sides', 'a');
  cpSync(sides.base, again, { recursive: true });
  return { ...sides, again };
};

/** Rounds that cost the planted share, measured on this machine in this hour and condition. */
const doseHere = async (): Promise<number> => {
  const work = mkdtempSync(path.join(tmpdir(), 'peers-'));
  try {
    const trial = HOT_FUNCTION.trialDose;
    const sides = emptySides(path.join(work, 'sides'));
    await HOT_FUNCTION.plant(sides, trial);
    const { ratio, standardError: se } = await cpuEffect(sides, CALIBRATION);
    console.log(`a dose of ${trial} costs ${percent(ratio)} ± ${percent(se)}`);
    return ((PLANTED_PERCENT / 100) * trial) / ratio;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/** One answer of one rule about one pair of trees. */
interface CallRow {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly condition: 'as it is' | 'noise';
  readonly rule: Rule;
  readonly truth: 'equal' | 'planted';
  readonly call: Call;
  readonly seconds: number;
}

const FULL_ROUNDS = 15;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    noise: { type: 'boolean', default: false },
    tools: { type: 'string', default: Object.keys(TOOLS).join(',') },
    table: { type: 'boolean', default: false },
    into: { type: 'string', default: evidenceFile('peers') },
  },
});
const [rounds = values.full ? FULL_ROUNDS : 1, seconds = 60] = positionals.map(Number);
const condition = values.noise ? 'noise' : 'as it is';

const LOADERS: readonly (readonly [Tool, Loader])[] = [
  ['vegeta', withVegeta],
  ['hey', withHey],
  ['k6', withK6],
];

/** The recipes that were asked for and can be had. */
const recipesHere = () => {
  const asked = values.tools.split(',');
  const unknown = asked.find((tool) => !(tool in TOOLS));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no tool; write some of ${Object.keys(TOOLS).join(',')}`);
  const programOf = (tool: Tool): string | null => (asked.includes(tool) ? toolPath(tool) : null);
  const benchstat = programOf('benchstat');
  return [
    ...LOADERS.flatMap(([tool, load]) => {
      const program = programOf(tool);
      return program === null ? [] : [loaded(tool, program, load)];
    }),
    ...(benchstat === null ? [] : [benched(benchstat)]),
    ours,
  ];
};

const oneRound = async (recipes: ReturnType<typeof recipesHere>, dose: number, round: number): Promise<void> => {
  const work = mkdtempSync(path.join(tmpdir(), 'peers-'));
  try {
    const trees = await treesIn(work, dose);
    for (const recipe of recipes) {
      for (const [truth, head] of [
        ['equal', trees.again],
        ['planted', trees.head],
      ] as const) {
        for (const [rule, call] of await recipe(trees.base, head, seconds)) {
          const row: CallRow = { ...provenance(), condition, rule, truth, call, seconds };
          appendRow(values.into, row);
          console.log(
            `round ${round}: ${rule}: ${truth === 'equal' ? 'identical code' : `+${PLANTED_PERCENT} %`} called ${call}`,
          );
        }
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

if (!values.table) {
  const recipes = recipesHere();
  await beside(condition, async () => {
    const dose = await doseHere();
    for (let round = 1; round <= rounds; round++) await oneRound(recipes, dose, round);
  });
}

const share = (rows: readonly CallRow[], wanted: Call): string =>
  shareOf(rows.filter(({ call }) => call === wanted).length, rows.length);

const rows = rowsIn<CallRow>(values.into);
const groups = Map.groupBy(rows, (row) => `${row.rule}, ${row.condition}, ${row.seconds} s`);
const body = [...groups].map(([name, group]) => {
  const equal = group.filter(({ truth }) => truth === 'equal');
  const planted = group.filter(({ truth }) => truth === 'planted');
  const calls = [equal, planted].flatMap((some) => [share(some, 'slower'), share(some, 'faster')]);
  return [name, ...calls, share(group, 'no answer')];
});
const planted = `+${PLANTED_PERCENT} %`;
const head = ['rule', 'equal: slower', 'equal: faster', `${planted}: slower`, `${planted}: faster`, 'no answer'];
console.log(
  `\nThe demo, base, then the same again, then +${PLANTED_PERCENT} % CPU. ${sourcesOf(rows)} Of godyno ${COSTS_ONLY_WORDS}.\n\n${markdownTable(head, body)}\n`,
);
