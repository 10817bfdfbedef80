/**
 * `npm run prove:aa`: identical code against itself, on this machine, as it is and beside a noisy neighbour, through the
 * built command line. Every run is a line of docs/evidence/aa.jsonl; the table printed at the end is made of all lines.
 *
 * node test/prove/aa.ts                                  each service once as it is: minutes
 * node test/prove/aa.ts --full                           what was promised: 60 runs, and 20 with moved code: hours
 * node test/prove/aa.ts demo=5 pocketbase:noise=3 demo:moved=10     service[:noise][:moved]=runs
 *
 * --whole measures everything, as a user would; else only costs. --table prints the table and measures nothing.
 * --into <file> adds the lines there instead.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  appendRow,
  beside,
  changedScenario,
  COSTS_ONLY,
  COSTS_ONLY_WORDS,
  evidenceFile,
  type EvidenceRow,
  measureOnce,
  nextSeed,
  rowOf,
  rowsIn,
} from './campaign.ts';
import { parseCampaignWord } from './campaign-words.ts';
import {
  markdownTable,
  percent,
  quantile,
  secondsText,
  shareOf,
  sourcesOf,
  VERDICTS_HEAD,
  verdictCounts,
} from './evidence-table.ts';
import { addUnusedFunctions, freshSides, type ServiceName, SERVICES } from './services.ts';

const SHORT = ['demo=1', 'go-httpbin=1', 'pocketbase=1'];
/** In turns, so that no service has the quiet hour for itself. */
const FULL = Array.from({ length: 10 }, () => [
  'demo=1',
  'go-httpbin=1',
  'pocketbase=1',
  'demo:noise=1',
  'go-httpbin:noise=1',
  'pocketbase:noise=1',
  'demo:moved=1',
  'go-httpbin:moved=1',
]).flat();

interface Job {
  readonly service: ServiceName;
  readonly condition: EvidenceRow['condition'];
  readonly rung: 'equal' | 'moved';
  readonly runs: number;
}

const jobOf = (word: string): Job => {
  const { name, flags, runs } = parseCampaignWord(word, ['noise', 'moved'], 'service[:noise][:moved]=runs');
  if (!(name in SERVICES)) throw new Error(`"${name}" is no service; write ${Object.keys(SERVICES).join(' or ')}`);
  return {
    service: name as ServiceName,
    condition: flags.has('noise') ? 'noise' : 'as it is',
    rung: flags.has('moved') ? 'moved' : 'equal',
    runs,
  };
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    into: { type: 'string', default: evidenceFile('aa') },
  },
});

const runJob = async (job: Job): Promise<void> => {
  const sides = freshSides(job.service, `aa-${job.service}-${job.rung}`);
  if (job.rung === 'moved') addUnusedFunctions(sides.head, job.service);
  const work = mkdtempSync(path.join(tmpdir(), 'aa-'));
  const { scenarioFile: fileOf, changes } = SERVICES[job.service];
  const scenarioFile = fileOf();
  const scenario = changedScenario(scenarioFile, work, changes, values.whole ? {} : COSTS_ONLY);
  try {
    for (let run = 1; run <= job.runs; run++) {
      const seed = nextSeed();
      const flags = ['--seed', String(seed)];
      const measured = await beside(job.condition, async () =>
        measureOnce(scenario, sides, path.join(work, 'out'), flags),
      );
      const rung = values.whole ? `${job.rung}, whole` : job.rung;
      const row = rowOf(measured, { condition: job.condition, service: job.service, rung, seed });
      appendRow(values.into, row);
      const cpu = row.gates.cpuNsPerRequest;
      console.log(
        `${job.service}, ${rung}, ${job.condition}: ${row.verdict}, CPU ${cpu?.verdict} ${percent(cpu?.effect ?? Number.NaN)}, ` +
          `${row.launches} launches, ${secondsText(row.measureSeconds)} of ${secondsText(measured.wallSeconds)}, foreign CPUs ${row.foreignCpus}${row.reason === null ? '' : `: ${row.reason}`}`,
      );
      // Identical code that was called unequal is the finding of the whole campaign: its raw data stay.
      if (row.verdict === 'regressed' || row.verdict === 'improved') {
        console.log(`  false alarm: its run is kept in ${path.join(work, 'out')}`);
        return;
      }
    }
    rmSync(work, { recursive: true, force: true });
  } finally {
    rmSync(path.dirname(sides.base), { recursive: true, force: true });
  }
};

const isAlarm = ({ verdict }: EvidenceRow): boolean => verdict === 'regressed' || verdict === 'improved';

const lineOf = (name: string, rows: readonly EvidenceRow[]): readonly string[] => {
  const seconds = rows.filter(({ verdict }) => verdict === 'unchanged').map(({ measureSeconds }) => measureSeconds);
  const effects = rows.flatMap(({ gates }) => gates.cpuNsPerRequest?.effect ?? []);
  const foreign = rows.flatMap(({ foreignCpus }) => foreignCpus ?? []);
  return [
    name,
    String(rows.length),
    shareOf(rows.filter(isAlarm).length, rows.length),
    shareOf(rows.filter(({ verdict }) => verdict === 'unchanged').length, rows.length),
    verdictCounts(rows),
    `${secondsText(quantile(seconds, 0.5))}, ${secondsText(quantile(seconds, 0.9))}`,
    effects.length === 0 ? '–' : percent(Math.max(...effects.map(Math.abs))),
    foreign.length === 0 ? '–' : quantile(foreign, 0.5).toFixed(2),
  ];
};

const table = (rows: readonly EvidenceRow[]): string => {
  const groups = Map.groupBy(rows, ({ service, rung, condition }) => `${service}, ${rung}, ${condition}`);
  const body = [...groups].toSorted(([a], [b]) => a.localeCompare(b)).map(([name, group]) => lineOf(name, group));
  const head = [
    'service',
    'runs',
    'false alarms (95 %)',
    'unchanged (95 %)',
    VERDICTS_HEAD,
    'seconds to unchanged, median, p90',
    'largest CPU estimate',
    'CPUs of others, median',
  ];
  return `Identical code against itself. ${sourcesOf(rows)} Unless "whole" is said, ${COSTS_ONLY_WORDS}.\n\n${markdownTable(head, [...body, lineOf('all', rows)])}`;
};

if (!values.table) {
  for (const word of positionals.length > 0 ? positionals : values.full ? FULL : SHORT) await runJob(jobOf(word));
}
const rows = rowsIn<EvidenceRow>(values.into);
console.log(`\n${table(rows)}\n`);
process.exitCode = rows.some(isAlarm) ? 1 : 0;
