/**
 * `npm run prove:threats`: services that are hard to measure, for real, through the built command line: identical code must
 * raise no alarm, code that is 5 % more expensive must be found, and with the sides exchanged it must be reported as cheaper. Every
 * run is a line of docs/evidence/threats.jsonl; the table printed at the end is made of all lines.
 *
 * Besides the kinds of test/targets/odd: "large" is a binary of 80 MB whose links take 5 s more each, "huge" one whose
 * links take 20 s more, so that two minutes do not hold the layouts that the usual limits need.
 *
 * node test/prove/threats.ts                                  each kind once, identical code: minutes
 * node test/prove/threats.ts --full                           each kind ten times equal, five times more expensive, twice exchanged
 * node test/prove/threats.ts slow:5=3 moody=10 tiny:-5:noise=2      kind[:percent][:noise]=runs; below 0: base is more expensive
 *
 * Only costs are measured. Other flags: test/prove/word-campaign.ts.
 * What needs no minutes is in test/compare/threats.test.ts and test/e2e (odd, portability, alternate, sides).
 */
import path from 'node:path';
import { addBallast, makeOddTarget, makeSlowLinker, ODD_KINDS, type OddKind } from '../helpers/odd-target.ts';
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
import { emptySides } from './ladder-rungs.ts';
import { campaignFlags, runCampaign } from './word-campaign.ts';

/** Of a plain service: how much each link takes longer. */
const SLOW_LINKS = { large: 5, huge: 20 } as const;
type Kind = OddKind | keyof typeof SLOW_LINKS;
const KINDS: readonly Kind[] = [...ODD_KINDS, 'large', 'huge'];
const BALLAST_BYTES = 78 * 2 ** 20;

const SHORT = KINDS.map((kind) => `${kind}=1`);
const FULL = Array.from({ length: 5 }, (_, turn) =>
  KINDS.flatMap((kind) => [`${kind}=2`, `${kind}:5=1`, ...(turn < 2 ? [`${kind}:-5=1`] : [])]),
).flat();

interface Job {
  readonly kind: Kind;
  /** Of head; below 0 of base. */
  readonly more: number;
  readonly condition: EvidenceRow['condition'];
  readonly runs: number;
}

const jobOf = (word: string): Job => {
  const { name, size, flags, runs } = parseCampaignWord(word, ['noise'], 'kind[:percent][:noise]=runs');
  const kind = KINDS.find((one) => one === name);
  if (kind === undefined) throw new Error(`"${name}" is no threat; write ${KINDS.join(' or ')}`);
  return { kind, more: size ?? 0, condition: flags.has('noise') ? 'noise' : 'as it is', runs };
};

/** Eight launches of 2 s windows do not fit into the usual two minutes. */
const BUDGETS: Partial<Readonly<Record<Kind, string>>> = { slow: '4m' };

const isSlowToLink = (kind: Kind): kind is keyof typeof SLOW_LINKS => kind in SLOW_LINKS;

/** Both sides' sources, and the flags they are built with. */
const makeSides = async ({ kind, more }: Job, work: string) => {
  const sides = emptySides(path.join(work, 'sides'));
  const service: OddKind = isSlowToLink(kind) ? 'plain' : kind;
  await makeOddTarget({ to: sides.base, kind: service, more: Math.max(0, -more) });
  await makeOddTarget({ to: sides.head, kind: service, more: Math.max(0, more) });
  if (!isSlowToLink(kind)) return { sides, buildFlags: [] };
  for (const side of Object.values(sides)) await addBallast(side, BALLAST_BYTES);
  const linker = path.join(work, 'slow-linker');
  await makeSlowLinker(linker, SLOW_LINKS[kind]);
  return { sides, buildFlags: [`-toolexec=${linker}`] };
};

const measure = async (job: Job, work: string): Promise<EvidenceRow> => {
  const { kind, more, condition } = job;
  const { sides, buildFlags } = await makeSides(job, work);
  const scenario = changedScenario(path.join(import.meta.dirname, 'services/odd.yml'), work, COSTS_ONLY, {
    target: { buildFlags },
    measure: { budget: BUDGETS[kind] ?? '2m' },
  });
  const seed = nextSeed();
  const measured = await beside(condition, async () =>
    measureOnce(scenario, sides, path.join(work, 'out'), ['--seed', String(seed)]),
  );
  const rung = more === 0 ? 'equal' : more > 0 ? `head +${more} %` : `base +${-more} %`;
  return rowOf(measured, { condition, service: kind, rung, seed });
};

const isRight = ({ service, rung, gates, verdict }: EvidenceRow): boolean => {
  if (rung === 'equal') return verdict !== 'regressed' && verdict !== 'improved';
  // Over so few layouts the limits are 3 and 6 %: 5 % lies between.
  if (service === 'huge' && gates.cpuNsPerRequest?.verdict === 'notJudged') return true;
  return gates.cpuNsPerRequest?.verdict === (rung.startsWith('head') ? 'regressed' : 'improved');
};

const lineOf = (name: string, rows: readonly EvidenceRow[]): readonly string[] => {
  const cpu = rows.flatMap(({ gates }) => gates.cpuNsPerRequest ?? []);
  const effects = cpu.flatMap(({ effect }) => effect ?? []);
  const seconds = cpu.flatMap((gate) => gate.seconds ?? []);
  return [
    name,
    String(rows.length),
    shareOf(rows.filter(isRight).length, rows.length),
    verdictCounts(rows),
    effects.length === 0 ? '–' : `${percent(Math.min(...effects))}…${percent(Math.max(...effects))}`,
    `${secondsText(quantile(seconds, 0.5))}, ${secondsText(quantile(seconds, 0.9))}`,
  ];
};

const table = (rows: readonly EvidenceRow[]): string => {
  const groups = Map.groupBy(rows, ({ service, rung, condition }) => `${service}, ${rung}, ${condition}`);
  const body = [...groups].toSorted(([a], [b]) => a.localeCompare(b)).map(([name, group]) => lineOf(name, group));
  const head = [
    'service',
    'runs',
    'right (95 %)',
    VERDICTS_HEAD,
    'CPU estimates',
    'seconds to its verdict, median, p90',
  ];
  return `Services that are hard to measure. ${sourcesOf(rows)} Only costs: ${COSTS_ONLY_WORDS}. Percentages are of the service's own work, which is less than the whole.\n\n${markdownTable(head, body)}`;
};

const flags = campaignFlags('threats');
if (flags.whole) throw new Error('of these services only costs are measured');
await runCampaign(flags, {
  short: SHORT,
  full: FULL,
  jobOf,
  measure,
  isRight,
  figures: ({ gates: { cpuNsPerRequest: cpu }, launches, measureSeconds }) =>
    `CPU ${cpu?.verdict} ${percent(cpu?.effect ?? Number.NaN)}, ${launches} launches, ${secondsText(measureSeconds)}`,
  table,
});
