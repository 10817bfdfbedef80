/**
 * `npm run prove:exact`, identical code: real services counted against themselves, linked with equal and with different
 * seeds. Nothing may be called changed; a refusal or "not judged" counts against it, too.
 *
 * node test/prove/exact-services.ts [comparisons=2] [service …]     appends to docs/evidence/exact-services.jsonl
 * node test/prove/exact-services.ts --table                         the table of all lines
 */
import { performance } from 'node:perf_hooks';
import { evidenceOf } from './campaign.ts';
import { shareOf } from './evidence-table.ts';
import {
  type Built,
  type Counted,
  GO_BEFORE,
  goText,
  type GoUsed,
  goUsedBy,
  type Rig,
  scenarioAt,
  withRig,
  inOwnFolder,
} from './exact-rig.ts';
import { type ServiceName, SERVICES } from './services.ts';

interface Row extends Partial<GoUsed> {
  readonly service: ServiceName;
  readonly linkSeeds: readonly [number | null, number | null];
  readonly verdict: string;
  readonly reason: string | null;
  readonly effectRatio: number | null;
  readonly aaSpreadRatio: number;
  readonly instructions: number | null;
  /** Functions called regressed or improved: each would be a false culprit. */
  readonly functionsCalled: number;
  readonly launches: number;
  readonly seconds: number;
}

/** Equal seeds and different ones by turns. */
const SEEDS: readonly (readonly [number | null, number | null])[] = [
  [null, null],
  [1, 2],
  [3, 3],
  [2, 3],
  [null, 1],
];

const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];

const evidence = evidenceOf<Row>('exact-services');

const rowOf = (
  service: ServiceName,
  used: GoUsed,
  linkSeeds: Row['linkSeeds'],
  { withoutDiff, run, seconds }: Counted,
): Row => {
  const [row] = withoutDiff.exactRows;
  const { refusal, aaSpreadRatio } = withoutDiff.exact;
  return {
    service,
    ...used,
    linkSeeds,
    verdict: refusal === null ? (row?.verdict ?? 'notJudged') : 'refused',
    reason: refusal ?? row?.reason ?? null,
    effectRatio: row?.effectRatio ?? null,
    aaSpreadRatio,
    instructions: row?.base ?? null,
    functionsCalled: withoutDiff.functions.filter(({ kind }) => kind === 'regressed' || kind === 'improved').length,
    launches: run.launches.length,
    seconds: Number(seconds.toFixed(1)),
  };
};

const percent = (ratio: number | null): string => (ratio === null ? '–' : `${(100 * ratio).toFixed(4)} %`);

const compareOften = async (service: ServiceName, build: Built, rig: Rig, comparisons: number): Promise<void> => {
  const used = goUsedBy(build);
  const done = evidence.rows().filter((row) => row.service === service && isBy(row, used)).length;
  for (let index = done; index < done + comparisons; index++) {
    const seeds = SEEDS[index % SEEDS.length] ?? ([null, null] as const);
    const counted = await rig.count({ base: build, head: build }, { base: seeds[0], head: seeds[1] });
    const row = rowOf(service, used, seeds, counted);
    evidence.append(row);
    const seconds = `${row.launches} launches in ${row.seconds} s`;
    console.log(
      `${service}, Go ${goText(used)}, ${seeds.map((seed) => seed ?? '-').join('/')}: ${row.verdict} ${percent(row.effectRatio)}, A/A ${percent(row.aaSpreadRatio)}, ${seconds}${row.reason === null ? '' : `: ${row.reason}`}`,
    );
  }
};

const goOf = ({ go = GO_BEFORE.go, installed = GO_BEFORE.installed }: Row): GoUsed => ({ go, installed });

const isBy = (row: Row, used: GoUsed): boolean => goText(goOf(row)) === goText(used);

const table = (): string => {
  const rows = evidence.rows();
  const gos = [...new Set(rows.map((row) => goText(goOf(row))))].toSorted();
  const most = (values: readonly number[]): string => percent(Math.max(...values));
  const median = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  const lines = SERVICE_NAMES.flatMap((service) => gos.map((go) => [service, go] as const)).flatMap(([service, go]) => {
    const own = rows.filter((row) => row.service === service && goText(goOf(row)) === go);
    if (own.length === 0) return [];
    const called = own.filter(({ verdict }) => ['changed', 'regressed', 'improved'].includes(verdict)).length;
    const judged = own.filter(({ verdict }) => verdict !== 'refused' && verdict !== 'notJudged').length;
    const million = (own[0]?.instructions ?? Number.NaN) / 1e6;
    return [
      `| ${service} | ${go} | ${million.toFixed(2)} M | ${shareOf(called, own.length)} | ${shareOf(judged, own.length)} | ${own.reduce((sum, row) => sum + row.functionsCalled, 0)} | ${percent(median(own.map((row) => row.aaSpreadRatio)))}, ${most(own.map((row) => row.aaSpreadRatio))} | ${most(own.map((row) => Math.abs(row.effectRatio ?? 0)))} | ${median(own.map((row) => row.seconds)).toFixed(0)} s |`,
    ];
  });
  return [
    '| service | Go | instructions a request | identical code reported as changed | judged | functions called | spread within a side, median, largest | largest difference of medians | median time |',
    `|${' --- |'.repeat(9)}`,
    ...lines,
  ].join('\n');
};

const words = process.argv.slice(2);
const services = SERVICE_NAMES.filter((name) => words.includes(name));
const comparisons = Number(words.find((word) => /^\d+$/.test(word)) ?? 2);

const prove = async (service: ServiceName, workDir: string, signal: AbortSignal): Promise<void> => {
  const { scenarioFile, source } = SERVICES[service];
  await withRig({ scenario: scenarioAt(scenarioFile()), workDir, signal }, async (rig) => {
    const startedMs = performance.now();
    const build = await rig.build('head', source(), 'b');
    await build.link(null);
    console.log(`${service}: built in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
    await compareOften(service, build, rig, comparisons);
  });
};

if (!words.includes('--table')) {
  for (const service of services.length > 0 ? services : SERVICE_NAMES)
    await inOwnFolder('xs', async (work, signal) => prove(service, work, signal));
}
console.log(`\n${table()}\n`);
const wrong = evidence.rows().filter(({ verdict }) => verdict !== 'unchanged').length;
console.log(`${evidence.rows().length - wrong} passed, ${wrong} failed`);
process.exitCode = wrong === 0 ? 0 : 1;
