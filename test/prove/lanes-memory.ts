/**
 * `npm run prove:lanes`: what a launch loses to the caches and the memory that it shares with a launch beside it, as far
 * as two CPUs can tell. godyno measures identical code with everything it starts (services, loader, itself) bound to one
 * CPU, alone and then beside another godyno that does the same on the other CPU. A lane has a second CPU for its loader,
 * so times are not those of a lane; CPU per request and its spread tell what sharing does to what is judged. Every run is
 * a line of docs/evidence/lanes-memory.jsonl; the table is made of all lines. The program must have been built.
 *
 * node test/prove/lanes-memory.ts [--table] [--into FILE] [demo=4 victoria=2 …]      service=rounds
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { countedPairs, readWindow } from '../../harness/metrics/index.ts';
import type { Launch, RunFile } from '../../harness/model/index.ts';
import { mean, median, standardDeviation } from '../../harness/stats/index.ts';
import {
  appendRow,
  changedScenario,
  contrastsOf,
  COSTS_ONLY,
  evidenceFile,
  measureOnce,
  nextSeed,
  provenance,
  rowsIn,
} from './campaign.ts';
import { parseCampaignWord } from './campaign-words.ts';
import { markdownTable, percent, sourcesOf } from './evidence-table.ts';
import { freshSides, type ServiceName, SERVICES } from './services.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    into: { type: 'string', default: evidenceFile('lanes-memory') },
    table: { type: 'boolean', default: false },
  },
});

type Condition = 'alone' | 'beside another';

interface LaneRow {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly service: string;
  readonly condition: Condition;
  readonly cpu: number;
  readonly seed: number;
  readonly verdict: string;
  /** CPU of a request of base, median over the launches. */
  readonly cpuUs: number;
  /** ln(head ÷ base) of the CPU of a request, launch by launch. */
  readonly contrasts: readonly number[];
  /** The same window by window: its standard deviation within launches. */
  readonly withinLaunches: number;
}

const ALL_CPUS = '0,1';

/** Of this process and of what it starts from now on. */
const bindTo = (cpus: string): void => {
  execFileSync('taskset', ['--cpu-list', '--pid', cpus, String(process.pid)], { stdio: 'ignore' });
};

const judgedOf = (run: RunFile): readonly Launch[] =>
  run.runs[0]?.launches.filter(({ stage }) => stage === 'judged') ?? [];

const cpuOf = (launch: Launch) =>
  countedPairs(launch, 'cost').flatMap((pair) => {
    const [base, head] = [readWindow('cpuNsPerRequest', pair.base), readWindow('cpuNsPerRequest', pair.head)];
    return base === undefined || head === undefined ? [] : [{ base, contrast: Math.log(head / base) }];
  });

const withinLaunches = (launches: readonly Launch[]): number => {
  const variances = launches
    .map((launch) => cpuOf(launch).map(({ contrast }) => contrast))
    .filter((contrasts) => contrasts.length > 1)
    .map((contrasts) => standardDeviation(contrasts) ** 2);
  return Math.sqrt(mean(variances));
};

interface Job {
  readonly service: ServiceName;
  readonly condition: Condition;
  readonly cpu: number;
  readonly work: string;
}

/** Resolves when it has ended; it is bound and started before this returns. */
const measureOn = async ({ service, condition, cpu, work }: Job): Promise<LaneRow> => {
  const sides = freshSides(service, `lane-${cpu}-${service}`);
  const folder = path.join(work, `cpu-${cpu}`);
  const scenario = changedScenario(SERVICES[service].scenarioFile(), folder, SERVICES[service].changes, COSTS_ONLY);
  const seed = nextSeed();
  bindTo(String(cpu));
  const measuring = measureOnce(scenario, sides, path.join(folder, 'out'), ['--seed', String(seed)]);
  bindTo(ALL_CPUS);
  const { run, scenario: judged } = await measuring;
  const launches = judgedOf(run);
  const contrasts = contrastsOf(run)['cpuNsPerRequest'] ?? [];
  return {
    ...provenance(),
    service,
    condition,
    cpu,
    seed,
    verdict: judged.verdict,
    cpuUs: Number((median(launches.flatMap((launch) => cpuOf(launch).map(({ base }) => base))) / 1000).toPrecision(4)),
    contrasts,
    withinLaunches: Number(withinLaunches(launches).toPrecision(3)),
  };
};

const keep = (row: LaneRow): void => {
  appendRow(values.into, row);
  console.log(JSON.stringify(row));
};

/** Alone on one CPU, then on both at the same time: whoever is done first leaves the other alone for its last launches. */
const round = async (service: ServiceName, number: number, work: string): Promise<void> => {
  keep(await measureOn({ service, condition: 'alone', cpu: number % 2, work }));
  const both = [0, 1].map(async (cpu) => measureOn({ service, condition: 'beside another', cpu, work }));
  for (const row of await Promise.all(both)) keep(row);
};

const lineOf = (name: string, rows: readonly LaneRow[]): readonly string[] => [
  name,
  String(rows.length),
  String(rows.reduce((sum, { contrasts }) => sum + contrasts.length, 0)),
  `${median(rows.map(({ cpuUs }) => cpuUs)).toFixed(0)} µs`,
  percent(Math.sqrt(mean(rows.map(({ contrasts }) => standardDeviation(contrasts) ** 2)))),
  percent(Math.sqrt(mean(rows.map((row) => row.withinLaunches ** 2)))),
  `${rows.filter(({ verdict }) => verdict === 'unchanged').length} of ${rows.length}`,
];

const table = (rows: readonly LaneRow[]): string => {
  const groups = Map.groupBy(rows, ({ service, condition }) => `${service}, ${condition}`);
  const head = ['', 'runs', 'launches', 'CPU of a request', 'spread of launches', 'of windows within one', 'unchanged'];
  return `${sourcesOf(rows)}\n\n${markdownTable(
    head,
    [...groups].map(([name, group]) => lineOf(name, group)),
  )}`;
};

const serviceOf = (name: string): ServiceName => {
  if (!Object.hasOwn(SERVICES, name))
    throw new Error(`"${name}" is no service; write ${Object.keys(SERVICES).join(' or ')}`);
  return name as ServiceName;
};

if (!values.table) {
  const work = mkdtempSync(path.join(tmpdir(), 'lm-'));
  try {
    for (const word of positionals.length === 0 ? ['demo=4', 'victoria=2'] : positionals) {
      const { name, runs } = parseCampaignWord(word, [], 'service=rounds');
      for (let number = 0; number < runs; number++) await round(serviceOf(name), number, work);
    }
  } finally {
    bindTo(ALL_CPUS);
    rmSync(work, { recursive: true, force: true });
  }
}
console.log(`\n${table(rowsIn<LaneRow>(values.into))}\n`);
