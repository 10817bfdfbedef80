/**
 * `npm run prove:latency`: how much the latency of identical code differs between the sides, from launch to launch and
 * from window to window. Launches of the demo and of test/targets/odd run at the rate of the latency phase, from their
 * first request on, in windows of half a second; every second one while the next binaries are linked. Each is a line of
 * docs/evidence/latency.jsonl; the tables are made of all of them, and `npm run prove:verdicts` draws launches from there.
 *
 * node test/prove/latency.ts [--table] [demo=12 demo:noise=12 plain:900=12 …]      service[:percent dearer][:noise]=launches
 *
 * Without words each of SHORT, 13 minutes in all; the machine should have nothing else to do.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Launch, type Pair, type Scenario, SIDES, type Window } from '../../harness/model/index.ts';
import { launchOf } from '../../harness/run/launch/either-way.ts';
import { latencyRateOf } from '../../harness/run/launch/latency-rate.ts';
import { attachLoader, type LaunchSpec, launchSpecOf, withLivePair } from '../../harness/run/launch/running-pair.ts';
import { measurePair, restPoint } from '../../harness/run/launch/windows.ts';
import { insistedOn } from '../../harness/run/session/insisted-ports.ts';
import { prepareSides, withSession } from '../../harness/run/run-scenario.ts';
import { withLinks } from '../../harness/run/session/links.ts';
import type { Session } from '../../harness/run/session/session.ts';
import { parseScenario } from '../../harness/scenario/index.ts';
import { ODD_KINDS, makeOddTarget } from '../helpers/odd-target.ts';
import { beside, evidenceOf, root, type RowLabels } from './campaign.ts';
import { type CampaignWord, parseCampaignWord } from './campaign-words.ts';
import { markdownTable, sourcesOf } from './evidence-table.ts';
import { demoScenario } from './explain-pass.ts';
import { emptySides } from './ladder-rungs.ts';
import {
  HALF_SECONDS,
  type LatencyRow,
  lateShareOf,
  type MeasuredWindow,
  PERCENTILES,
  spreadOf,
} from './latency-spread.ts';
import { plainPlan } from './plain-plan.ts';

const SHORT = 'demo=12 demo:noise=12 plain=10 plain:300=12 plain:900=12 slow=10 collected=10 background=10'.split(' ');
const WINDOW_SECONDS = 0.5;
/** The loader is warm before the first of them, as it is in a run. */
const LAUNCHES_BEFORE = 2;

const oddScenario = (): Scenario => {
  const file = path.join(import.meta.dirname, 'services/odd.yml');
  return parseScenario(readFileSync(file, 'utf8'), file, new Map());
};

type Job = CampaignWord<'noise'>;

const conditionOf = ({ flags }: Job): RowLabels['condition'] => (flags.has('noise') ? 'noise' : 'as it is');

const scenarioOf = ({ name }: Job): Scenario => {
  if (name !== 'demo') return oddScenario();
  const demo = demoScenario();
  return { ...demo, target: { ...demo.target, module: '.' } };
};

const makeSide = async ({ name, size }: Job, to: string): Promise<void> => {
  const kind = ODD_KINDS.find((one) => one === name);
  if (kind !== undefined) return makeOddTarget({ to, kind, more: size ?? 0 });
  if (name !== 'demo') throw new Error(`"${name}" is no service; write demo or ${ODD_KINDS.join(' or ')}`);
  cpSync(path.join(root, 'test/targets/demo'), to, { recursive: true });
};

const threeOf = ({ response }: Window): MeasuredWindow['base'] =>
  PERCENTILES.map((percentile) => response?.[percentile] ?? 0);

const windowOf = ({ base, head, loader, discarded }: Pair): readonly MeasuredWindow[] =>
  discarded !== null || base.response === null || head.response === null
    ? []
    : [{ lagP99Us: loader.lagP99Us ?? 0, base: threeOf(base), head: threeOf(head) }];

const measureLaunch = async (session: Session, place: LaunchSpec, ratePerSecond: number): Promise<readonly Pair[]> =>
  withLivePair(session, place, async (live) => {
    const { loader, schedule } = place.lane;
    await attachLoader(session, live, 8);
    let at = await restPoint(live);
    const pairs: Pair[] = [];
    for (let index = 0; index < HALF_SECONDS; index++) {
      const measured = await measurePair(session, live, at, { index, phase: 'latency' }, async () =>
        loader.latency({ first: schedule.next, seconds: WINDOW_SECONDS, ratePerSecond }),
      );
      pairs.push(measured.pair);
      at = measured.end;
    }
    return pairs;
  });

const evidence = evidenceOf<LatencyRow>('latency');

const measureJob = async (job: Job, work: string, signal: AbortSignal): Promise<void> => {
  const folders = emptySides(path.join(work, 'sides'));
  for (const side of SIDES) await makeSide(job, folders[side]);
  const plan = await plainPlan({ scenario: scenarioOf(job), folders, work, signal });
  const moved = insistedOn(plan.scenario);
  const prepared = await prepareSides(plan, moved.length > 0);
  const lanes = plan.cpus.lanes.map(({ loaderCpus }) => loaderCpus);
  const labels = {
    service: job.size === null ? job.name : `${job.name} +${job.size} %`,
    condition: conditionOf(job),
  };
  await withLinks(
    { prepared, seed: plan.seed, lanes, signal },
    () => undefined,
    async (links) =>
      withSession(plan, prepared, moved, async (session) => {
        const placeOf = async (isLinking: boolean): Promise<LaunchSpec> => {
          const [linked = links.again()] = isLinking ? await links.next(1) : [];
          return launchSpecOf(session, session.launches.length + 1, linked);
        };
        const keep = (launch: Launch): number => session.launches.push(launch);
        let ratePerSecond = 1;
        for (let number = 0; number < LAUNCHES_BEFORE; number++) {
          const { launch, pace } = await launchOf(session, await placeOf(true));
          keep(launch);
          ratePerSecond = latencyRateOf(session, pace) ?? ratePerSecond;
        }
        const [last] = session.launches.slice(-1);
        for (let number = 0; number < job.runs && last !== undefined; number++) {
          const isLinking = number % 2 === 0;
          const place = await placeOf(isLinking);
          const pairs = await measureLaunch(session, place, ratePerSecond);
          keep({ ...last, index: place.index });
          evidence.append({
            ...labels,
            ratePerSecond: Math.round(ratePerSecond),
            isLinking,
            windows: pairs.flatMap(windowOf),
          });
        }
      }),
  );
};

const measure = async (words: readonly string[]): Promise<void> => {
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  for (const word of words) {
    const job = parseCampaignWord(word, ['noise'], 'service[:percent][:noise]=launches');
    const work = mkdtempSync(path.join(tmpdir(), 'la-'));
    try {
      await beside(conditionOf(job), async () => measureJob(job, work, abort.signal));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
};

const printTables = (): void => {
  const rows = evidence.rows() as readonly (LatencyRow & Parameters<typeof sourcesOf>[0][number])[];
  const groups = [...Map.groupBy(rows, ({ service, condition }) => `${service}, ${condition}`)];
  console.log(`Launches of identical code, windows of half a second. ${sourcesOf(rows)}\n`);
  console.log(
    markdownTable(
      ['service', 'requests a second and side', 'launches', 'median, ms', 'between launches', 'within', 'p90', 'p99'],
      groups.map(([name, group]) => [name, String(group[0]?.ratePerSecond ?? 0), ...spreadOf(group)]),
    ),
  );
  console.log('\nWindows in which the loader was late:\n');
  console.log(
    markdownTable(
      ['service', 'first second, while linking', 'later', 'first second, else', 'later'],
      groups.map(([name, group]) => [name, ...lateShareOf(group)]),
    ),
  );
};

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
if (!process.argv.includes('--table')) await measure(words.length > 0 ? words : SHORT);
printTables();
