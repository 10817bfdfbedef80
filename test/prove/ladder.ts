/**
 * `npm run prove:ladder`: planted truth against verdicts. Runs the built command line on copies of the demo that are
 * worse by a known amount. Every run is a line of docs/evidence/ladder.jsonl; the table printed at the end is made of
 * all lines: caught, wrongly told, inconclusive, invalid, time to verdict, and the estimate against what was planted.
 *
 * node test/prove/ladder.ts                       one run each of some rungs: minutes
 * node test/prove/ladder.ts --full                the ladder of the promise: hours
 * node test/prove/ladder.ts cpu:2=30 cpu:1:tight=10 spread:3:noise=5 none=20      rung:size[:tight][:exact][:noise]=runs
 *
 * Other flags: test/prove/word-campaign.ts.
 *
 * **What is true.** The same loop is 5 % of a request on a quiet core and 3.5 % beside other jobs: the service's own
 * work waits for caches and for its core's other half, a loop does not; and how the load is driven counts, too. So a
 * share of CPU is calibrated before the runs and again after every few: head gets several times what is planted, and the
 * rung's dose is the fraction of what that costs under the same load and condition. Each run is held against the
 * calibration before it. demo-duet.ts, which shares nothing with godyno, is asked for its word on the large dose by hand.
 */
import path from 'node:path';
import { mean, standardError } from '../../harness/stats/index.ts';
import {
  beside,
  changedScenario,
  COSTS_ONLY,
  COSTS_ONLY_WORDS,
  type EvidenceRow,
  measureOnce,
  nextSeed,
  root,
  rowOf,
  type ScenarioChanges,
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
import { emptySides, type Rung, RUNGS } from './ladder-rungs.ts';
import { campaignFlags, runCampaign } from './word-campaign.ts';

const SHORT = ['none=1', 'cpu:5=1', 'alloc:2=1', 'leak-goroutine:1=1'];
/** In turns, so that no rung has the quiet hour for itself. */
const FULL = Array.from({ length: 10 }, () => [
  'none=2',
  'cpu:2=3',
  'cpu:5=3',
  'cpu:1:tight=1',
  'cpu:3=1',
  'spread:3=1',
  'gc:3=1',
  'alloc:3=1',
  'alloc:2=1',
  'lock:1=1',
  'sleep:2000=1',
  'leak-heap:1=1',
  'leak-goroutine:1=1',
]).flat();

/** Runs after which the machine's hour may be another one. */
const RUNS_PER_CALIBRATION = 8;

interface Job {
  readonly kind: string;
  readonly rung: Rung;
  readonly size: number;
  readonly mode: 'usual' | 'tight' | 'exact';
  readonly condition: EvidenceRow['condition'];
  readonly runs: number;
}

const jobOf = (word: string): Job => {
  const usage = 'rung:size[:tight][:exact][:noise]=runs';
  const { name, size, flags, runs } = parseCampaignWord(word, ['tight', 'exact', 'noise'], usage);
  const rung = RUNGS[name];
  if (rung === undefined) throw new Error(`"${name}" is no rung; write ${Object.keys(RUNGS).join(' or ')}`);
  return {
    kind: name,
    rung,
    size: size ?? 0,
    mode: flags.has('tight') ? 'tight' : flags.has('exact') ? 'exact' : 'usual',
    condition: flags.has('noise') ? 'noise' : 'as it is',
    runs,
  };
};

const flags = campaignFlags('ladder');

const nameOf = ({ kind, size, mode }: Job): string =>
  [
    kind,
    ...(kind === 'none' ? [] : [size]),
    ...(mode === 'usual' ? [] : [mode]),
    ...(flags.whole ? ['whole'] : []),
  ].join(' ');

const MODES: Readonly<Record<Job['mode'], ScenarioChanges>> = {
  usual: { measure: { budget: '2m' } },
  tight: { measure: { budget: '4m', tight: true } },
  exact: { measure: { exact: 'only' } },
};

const scenarioFor = ({ rung, mode }: Job, work: string): string =>
  changedScenario(
    path.join(root, 'scenarios/demo.yml'),
    path.join(work, 'scenarios'),
    { target: { module: '.' } },
    flags.whole ? {} : COSTS_ONLY,
    MODES[mode],
    rung.gates === undefined || mode === 'exact' ? {} : { gates: rung.gates },
  );

interface Calibration {
  /** Share of a request's CPU per unit of the dose. */
  readonly sharePerDose: number;
  runsLeft: number;
}
/** By kind and condition: a neighbour changes what a dose is worth. */
const calibrations = new Map<string, Calibration>();

const calibrate = async (job: Job, trialDose: number, work: string): Promise<Calibration> => {
  const { kind, rung, condition } = job;
  const sides = emptySides(path.join(work, 'trial'));
  const dose = await rung.plant(sides, trialDose);
  const scenario = scenarioFor({ ...job, mode: 'usual' }, work);
  const ratios: number[] = [];
  for (let run = 1; run <= (rung.trialRuns ?? 1); run++) {
    const { scenario: told } = await beside(condition, async () =>
      measureOnce(scenario, sides, path.join(work, 'out'), ['--seed', String(nextSeed())]),
    );
    const effect = told.metrics.find(({ metric }) => metric === 'cpuNsPerRequest')?.effectRatio ?? null;
    if (effect === null) throw new Error(`${kind}: a run of the calibration has no CPU effect (${told.verdict})`);
    ratios.push(effect);
  }
  const ratio = mean(ratios);
  console.log(`${kind}, ${condition}: a dose of ${dose.toFixed(0)} costs ${ratios.map(percent).join(', ')}`);
  return { sharePerDose: ratio / dose, runsLeft: RUNS_PER_CALIBRATION };
};

/** What to plant for the job's size, and by what share that should then be more expensive; null where it is no share. */
const doseOf = async (
  job: Job,
  work: string,
): Promise<{ readonly dose: number; readonly share: (dose: number) => number | null }> => {
  const { rung, size } = job;
  if (rung.size === 'allocation share') return { dose: size, share: () => size / 100 };
  if (rung.trialDose === undefined) return { dose: size, share: () => null };
  const key = `${job.kind} ${job.condition}`;
  let known = calibrations.get(key);
  if (known === undefined || known.runsLeft === 0) {
    known = await calibrate(job, rung.trialDose, work);
    calibrations.set(key, known);
  }
  known.runsLeft -= 1;
  const { sharePerDose } = known;
  return { dose: size / 100 / sharePerDose, share: (dose) => dose * sharePerDose };
};

const measure = async (job: Job, work: string): Promise<EvidenceRow> => {
  const { dose, share } = await doseOf(job, work);
  const sides = emptySides(path.join(work, 'sides'));
  const real = await job.rung.plant(sides, dose);
  const seed = nextSeed();
  const scenario = scenarioFor(job, work);
  const measured = await beside(job.condition, async () =>
    measureOnce(scenario, sides, path.join(work, 'out'), ['--seed', String(seed)]),
  );
  const planted = share(real);
  const labels = { condition: job.condition, service: 'demo', rung: nameOf(job), seed };
  return rowOf(measured, planted === null ? labels : { ...labels, plantedRatio: planted });
};

const kindOf = ({ rung }: EvidenceRow): Rung => RUNGS[rung.split(' ')[0] ?? ''] ?? RUNGS['none']!;
const isNull = ({ rung }: EvidenceRow): boolean => rung.startsWith('none');

/** The first gate that had to fail and did. */
const caughtBy = (row: EvidenceRow) =>
  kindOf(row)
    .watched.map((metric) => row.gates[metric])
    .filter((gate) => gate?.verdict === 'regressed')
    .toSorted((a, b) => (a?.seconds ?? 0) - (b?.seconds ?? 0))[0];

const isRight = (row: EvidenceRow): boolean =>
  isNull(row) ? row.verdict !== 'regressed' && row.verdict !== 'improved' : caughtBy(row) !== undefined;

const biasOf = (rows: readonly EvidenceRow[]): string => {
  const differences = rows.flatMap((row) => {
    const [first] = kindOf(row).watched;
    const effect = first === undefined ? null : (row.gates[first]?.effect ?? null);
    return effect === null || row.plantedRatio === undefined ? [] : [effect - row.plantedRatio];
  });
  if (differences.length === 0) return '–';
  const error = differences.length < 2 ? '' : ` ± ${percent(standardError(differences))}`;
  return `${percent(mean(differences))}${error}`;
};

const meanText = (values: readonly number[]): string => (values.length === 0 ? '–' : percent(mean(values)));

const lineOf = (name: string, rows: readonly EvidenceRow[]): readonly string[] => {
  const seconds = rows.flatMap(
    (row) => caughtBy(row)?.seconds ?? (isNull(row) && row.verdict === 'unchanged' ? row.measureSeconds : []),
  );
  const effects = rows.flatMap((row) => row.gates[kindOf(row).watched[0] ?? 'cpuNsPerRequest']?.effect ?? []);
  const truths = rows.flatMap(({ plantedRatio }) => plantedRatio ?? []);
  const nameable = rows.filter((row) => kindOf(row).functions.length > 0);
  const named = nameable.filter((row) => row.named !== null && kindOf(row).functions.includes(row.named));
  return [
    name,
    String(rows.length),
    shareOf(rows.filter(isRight).length, rows.length),
    verdictCounts(rows),
    `${secondsText(quantile(seconds, 0.5))}, ${secondsText(quantile(seconds, 0.9))}`,
    meanText(truths),
    truths.length === 0 ? '–' : meanText(effects),
    biasOf(rows),
    nameable.length === 0 ? '–' : `${named.length} of ${nameable.length}`,
  ];
};

const table = (rows: readonly EvidenceRow[]): string => {
  const groups = Map.groupBy(rows, ({ rung, condition }) => `${rung}, ${condition}`);
  const body = [...groups].toSorted(([a], [b]) => a.localeCompare(b)).map(([name, group]) => lineOf(name, group));
  const head = [
    'planted',
    'runs',
    'right (95 %)',
    VERDICTS_HEAD,
    'seconds to the verdict, median, p90',
    'truth',
    'estimate',
    'bias ± SE',
    'named',
  ];
  return `The demo, made worse. ${sourcesOf(rows)} Unless "whole" or "exact" is said, ${COSTS_ONLY_WORDS}.\n\n${markdownTable(head, body)}`;
};

const figuresOf = (row: EvidenceRow): string => {
  const [first = 'cpuNsPerRequest'] = kindOf(row).watched;
  const seconds = caughtBy(row)?.seconds ?? row.measureSeconds;
  return `${first} ${row.gates[first]?.effect}, planted ${row.plantedRatio ?? '–'}, ${secondsText(seconds)}, ${row.launches} launches, ${row.named ?? 'names nobody'}`;
};

await runCampaign(flags, { short: SHORT, full: FULL, jobOf, measure, isRight, figures: figuresOf, table });
