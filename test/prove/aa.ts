/**
 * `npm run prove:aa`: identical code against itself, on this machine, as it is and beside a noisy neighbour, through the
 * built command line. Every run is a line of docs/evidence/aa.jsonl; the table printed at the end is made of all lines.
 *
 * node test/prove/aa.ts                                  each service once as it is: minutes
 * node test/prove/aa.ts --full                           what was promised: 60 runs, and 20 with moved code: hours
 * node test/prove/aa.ts demo=5 pocketbase:noise=3 demo:moved=10     service[:noise][:moved]=runs
 *
 * Other flags: test/prove/word-campaign.ts. The raw data of a false alarm stay.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import {
  beside,
  changedScenario,
  COSTS_ONLY,
  COSTS_ONLY_WORDS,
  type EvidenceRow,
  measureOnce,
  nextSeed,
  rowOf,
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
import { campaignFlags, runCampaign } from './word-campaign.ts';

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

const flags = campaignFlags('aa');

const measure = async ({ service, condition, rung }: Job, work: string): Promise<EvidenceRow> => {
  const sides = freshSides(service, `aa-${service}-${rung}`);
  if (rung === 'moved') addUnusedFunctions(sides.head, service);
  const { scenarioFile, changes } = SERVICES[service];
  const scenario = changedScenario(scenarioFile(), work, changes, flags.whole ? {} : COSTS_ONLY);
  const seed = nextSeed();
  try {
    const measured = await beside(condition, async () =>
      measureOnce(scenario, sides, path.join(work, 'out'), ['--seed', String(seed)]),
    );
    return rowOf(measured, { condition, service, rung: flags.whole ? `${rung}, whole` : rung, seed });
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

await runCampaign(flags, {
  short: SHORT,
  full: FULL,
  jobOf,
  measure,
  isRight: (row) => !isAlarm(row),
  figures: ({ gates: { cpuNsPerRequest: cpu }, launches, measureSeconds, foreignCpus }) =>
    `CPU ${cpu?.verdict} ${percent(cpu?.effect ?? Number.NaN)}, ${launches} launches, ${secondsText(measureSeconds)}, foreign CPUs ${foreignCpus}`,
  table,
  keepsWrong: true,
});
