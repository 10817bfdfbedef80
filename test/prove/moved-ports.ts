/**
 * What moving a fixed port costs in noise: identical code of the demo, side by side with free ports and with a fixed port
 * moved, launch by launch in turn (which way first is random), so that the hour hits both alike. Each round adds a line
 * to docs/evidence/moved-ports.jsonl; the table is made of all of them.
 *
 * node test/prove/moved-ports.ts [--minutes=30] [--table]
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Launch, Scenario } from '../../harness/model/index.ts';
import { judgedLaunch } from '../../harness/run/launch/judged.ts';
import { launchSpecOf } from '../../harness/run/launch/running-pair.ts';
import { insistedOn } from '../../harness/run/session/insisted-ports.ts';
import { prepareSides, withSession } from '../../harness/run/run-scenario.ts';
import { linkSeedOf } from '../../harness/run/session/seeds.ts';
import type { Session } from '../../harness/run/session/session.ts';
import { mean, median, randomFrom, standardDeviation } from '../../harness/stats/index.ts';
import { discardBinary, linkBinary } from '../../harness/service/index.ts';
import { evidenceOf, root } from './campaign.ts';
import { markdownTable, sourcesOf } from './evidence-table.ts';
import { demoScenario } from './explain-pass.ts';
import { plainPlan } from './plain-plan.ts';

/** A port of five digits, as the free ones are: both ways format and parse equally long addresses. */
const FIXED_PORT = 18_765;
const WAYS = ['plain', 'moved'] as const;
type Way = (typeof WAYS)[number];

/** ln(head ÷ base) of CPU per request, of each window that was kept. */
type Windows = readonly number[];

type Windowed = Readonly<Record<Way, Windows>>;
type Round = Windowed & Parameters<typeof sourcesOf>[0][number];

const scenarioOf = (way: Way): Scenario => {
  const demo = demoScenario();
  const { target } = demo;
  const fixed = { args: ['-addr', `127.0.0.1:${FIXED_PORT}`], port: FIXED_PORT };
  return {
    ...demo,
    name: way,
    target: way === 'plain' ? target : { ...target, ...fixed },
    load: { ...demo.load, latency: null },
    measure: { ...demo.measure, exact: 'off' },
  };
};

const logRatios = ({ pairs }: Launch): Windows =>
  pairs
    .filter(({ phase, discarded }) => phase === 'cost' && discarded === null)
    .map(({ base, head }) =>
      Math.log((head.counters.cpuNs ?? Number.NaN) / head.answered / ((base.counters.cpuNs ?? 0) / base.answered)),
    )
    .map((value) => Number(value.toFixed(6)));

type Bench = Readonly<Record<Way, Session>>;

/** Links first, so that nothing else of ours runs while either way is measured. */
const oneRound = async (bench: Bench, number: number): Promise<Windowed> => {
  const link = async (session: Session) => {
    const { prepared, plan } = session;
    const linkSeed = linkSeedOf(plan.seed, number);
    const base = await linkBinary(prepared.base, { linkSeed, cpus: null }, plan.signal);
    return {
      linkSeed,
      binaries: { base, head: await linkBinary(prepared.head, { linkSeed, cpus: null }, plan.signal) },
    };
  };
  const linked = { plain: await link(bench.plain), moved: await link(bench.moved) };
  const windows: Record<Way, Windows> = { plain: [], moved: [] };
  try {
    for (const way of Math.random() < 0.5 ? WAYS : WAYS.toReversed()) {
      const session = bench[way];
      const { launch } = await judgedLaunch(session, launchSpecOf(session, number, linked[way]));
      session.launches.push(launch);
      windows[way] = logRatios(launch);
    }
  } finally {
    for (const way of WAYS)
      for (const side of ['base', 'head'] as const) await discardBinary(linked[way].binaries[side]);
  }
  return windows;
};

const withBench = async (work: string, signal: AbortSignal, use: (bench: Bench) => Promise<void>): Promise<void> => {
  const folders = { base: path.join(work, 'b'), head: path.join(work, 'h') };
  for (const folder of Object.values(folders)) {
    cpSync(path.join(root, 'test/targets/demo'), folder, { recursive: true });
  }
  const session = async (way: Way, go: (session: Session) => Promise<void>): Promise<void> => {
    const plan = await plainPlan({ scenario: scenarioOf(way), folders, work, signal });
    const moved = insistedOn(plan.scenario);
    await withSession(plan, await prepareSides(plan, moved.length > 0), moved, go);
  };
  await session('plain', async (plain) => session('moved', async (moved) => use({ plain, moved })));
};

const evidence = evidenceOf<Windowed>('moved-ports');

const measure = async (minutes: number): Promise<void> => {
  const work = mkdtempSync(path.join(tmpdir(), 'mp-'));
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  process.on('SIGTERM', () => abort.abort());
  const untilMs = performance.now() + minutes * 60_000;
  try {
    await withBench(work, abort.signal, async (bench) => {
      for (let number = 1; performance.now() < untilMs && !abort.signal.aborted; number++) {
        const windows = await oneRound(bench, number);
        evidence.append(windows);
        console.error(`${number}: ${WAYS.map((way) => `${way} ${shown(mean(windows[way]))}`).join(', ')}`);
      }
    });
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

const shown = (logRatio: number): string => `${(100 * logRatio).toFixed(2)} %`;

/** Scaled to a normal's standard deviation; what a few launches that a neighbour hit do not move. */
const madSd = (values: readonly number[]): number =>
  1.4826 * median(values.map((value) => Math.abs(value - median(values))));

/** What is left of the windows of a launch less its mean. */
const within = (launches: readonly Windows[]): number => {
  const squares = launches.flatMap((windows) => windows.map((value) => (value - mean(windows)) ** 2));
  const freedom = launches.reduce((all, windows) => all + windows.length - 1, 0);
  return Math.sqrt(squares.reduce((all, one) => all + one, 0) / freedom);
};

const MEASURES: Readonly<Record<string, (launches: readonly Windows[]) => number>> = {
  'launches, standard deviation': (launches) => standardDeviation(launches.map(mean)),
  'launches, by median deviation': (launches) => madSd(launches.map(mean)),
  'windows within a launch, standard deviation': within,
};

const RESAMPLES = 4000;

/** 95 % by resampling rounds, each with both of its launches. */
const interval = (rounds: readonly Round[], of: (rounds: readonly Round[]) => number): readonly [number, number] => {
  const random = randomFrom(1);
  const ratios = Array.from({ length: RESAMPLES }, () =>
    of(rounds.map(() => rounds[Math.floor(random() * rounds.length)] as Round)),
  ).toSorted((a, b) => a - b);
  return [ratios[Math.floor(0.025 * RESAMPLES)] ?? Number.NaN, ratios[Math.floor(0.975 * RESAMPLES)] ?? Number.NaN];
};

const printTable = (): void => {
  // A launch of which the machine took more than one window says nothing about its windows.
  const rounds = (evidence.rows() as readonly Round[]).filter((round) => WAYS.every((way) => round[way].length > 1));
  if (rounds.length < 3) return;
  const rows = Object.entries(MEASURES).map(([name, measured]) => {
    const of = (way: Way) => (some: readonly Round[]) => measured(some.map((round) => round[way]));
    const ratio = (some: readonly Round[]): number => of('moved')(some) / of('plain')(some);
    const [low, high] = interval(rounds, ratio);
    const sizes = WAYS.map((way) => shown(of(way)(rounds)));
    return [name, ...sizes, `${ratio(rounds).toFixed(2)} (${low.toFixed(2)}…${high.toFixed(2)})`];
  });
  console.log(
    markdownTable(['of ln(head ÷ base), CPU per request', 'free ports', 'moved ports', 'ratio (95 %)'], rows),
  );
  for (const way of WAYS) {
    const means = rounds.map((round) => mean(round[way]));
    const error = standardDeviation(means) / Math.sqrt(means.length);
    console.log(`\n${way}: mean ${shown(mean(means))} ± ${shown(error)}`);
  }
  console.log(`\n${sourcesOf(rounds)}`);
};

const [minutes] = process.argv.flatMap((word) => /^--minutes=(\d+)$/.exec(word)?.[1] ?? []);
if (!process.argv.includes('--table')) await measure(Number(minutes ?? 30));
printTable();
