/**
 * The part of `npm run prove:profilers` that is about waiting in Go's own profiles: what requests and their goroutines wait
 * for is a gate at +20 %, and names who; goroutines that are stuck are found, though they are one in 400 requests. Each round builds and measures the demo anew with a new seed, without a latency
 * phase, so that no trace can say it.
 *
 * node test/prove/waiting.ts [block=10] [lock=10] [stuck=10] [leak=10] [equal=20]
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CostKind, MetricId, ScenarioComparison } from '../../harness/model/index.ts';
import { scenarioVerdictSentence } from '../../harness/report/words/sentence.ts';
import { plantDemo } from '../helpers/plant-demo.ts';
import { changedScenario, measureOnce, nextSeed, root, type ScenarioChanges, type Sides } from './campaign.ts';
import { proveRows } from './rounds.ts';

const QUOTE = { name: 'quote', weight: 1, http: 'GET /quote/${data.other}' };
const ITEM = { name: 'item', weight: 2, http: 'GET /items/${data.item}' };

interface Row {
  /** What both copies of the demo have. */
  readonly both?: (demo: string) => void;
  /** Worsens head's. */
  readonly plant: (demo: string) => void;
  readonly changes: ScenarioChanges;
  /** What must have regressed, and who is named for it, by a profile or by Go's text of goroutines; null: nothing and nobody. */
  readonly expected: { readonly metric: MetricId; readonly by: CostKind | 'text'; readonly function: string } | null;
  readonly env?: Readonly<Record<string, string>>;
}

const WAITS: ScenarioChanges = {
  load: { requests: [QUOTE, ITEM], latency: false },
  measure: { exact: 'off', explain: false, budget: '75s' },
  gates: { blockWaitNsPerRequest: { fail: '+20%' }, mutexWaitNsPerRequest: { fail: '+20%' } },
};

/** A part of a source file that is there exactly once. */
const edit = (demo: string, file: string, from: string, to: string): void => {
  const place = path.join(demo, file);
  const text = readFileSync(place, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold "${from}" exactly once`);
  writeFileSync(place, text.replace(from, to));
};

/**
 * A service that waits: one supplier in six takes 12 ms, in a goroutine of its own that sleeps, so that only the handler's wait
 * for it is blocked time. On head it takes 15.6 ms.
 */
const slowSupplier = (demo: string): void => edit(demo, 'quote.go', 'const micros = 0 //', 'const micros = 12000 //');
const slowerSupplier = (demo: string): void =>
  edit(demo, 'quote.go', 'const micros = 12000 //', 'const micros = 15600 //');

/** A lock that only goroutines of handlers take, held over a yield. */
const lockInChild = (demo: string): void => {
  edit(demo, 'quote.go', 'answers <- ask(number, name, one)', 'answers <- agreed(number, name, one)');
  const lines = [
    'package main',
    '',
    'import (\n\t"runtime"\n\t"sync"\n)',
    '',
    'var market sync.Mutex',
    '',
    'func agreed(number int, name string, one *item) offer {',
    '\tmarket.Lock()',
    '\tdefer market.Unlock()',
    '\truntime.Gosched()',
    '\treturn ask(number, name, one)',
    '}',
    '',
  ];
  writeFileSync(path.join(demo, 'market.go'), lines.join('\n'));
};

const LEAKS: ScenarioChanges = {
  load: { requests: [QUOTE, ITEM], latency: false },
  measure: { exact: 'off', explain: false, budget: '75s' },
};

const ADDED = 'number := v.total.Add(1)\n\tif number%100 < perHundred {';

/** One request in 400 starts a goroutine that waits for what nobody sends, though somebody could. */
const stuckInOneOf400 = (demo: string): void =>
  edit(demo, 'visits.go', ADDED, ADDED.replace('number%100 < perHundred', 'number%400 == 7'));

/** The same where nobody could: only a collection proves it (Go 1.27). */
const lostInOneOf400 = (demo: string): void => {
  stuckInOneOf400(demo);
  edit(demo, 'visits.go', 'go func() { <-v.closed }()', 'go func() { <-make(chan struct{}) }()');
};

const ROWS: Readonly<Record<string, Row>> = {
  block: {
    both: slowSupplier,
    plant: slowerSupplier,
    changes: WAITS,
    expected: { metric: 'blockWaitNsPerRequest', by: 'block', function: 'main.gather' },
  },
  lock: {
    plant: lockInChild,
    changes: WAITS,
    expected: { metric: 'mutexWaitNsPerRequest', by: 'mutex', function: 'main.agreed' },
  },
  stuck: {
    plant: stuckInOneOf400,
    changes: LEAKS,
    expected: { metric: 'goroutineGrowthPerRequest', by: 'text', function: 'main.(*visits).record.func1' },
  },
  leak: {
    plant: lostInOneOf400,
    changes: LEAKS,
    expected: { metric: 'goroutineGrowthPerRequest', by: 'goroutineleak', function: 'main.(*visits).record.func1' },
    env: { GOTOOLCHAIN: 'go1.27.3' },
  },
  equal: {
    both: slowSupplier,
    plant: () => undefined,
    changes: WAITS,
    expected: null,
  },
};

const DEFAULT = ['block=10', 'lock=10', 'stuck=10', 'leak=10', 'equal=20'];

const sidesOf = async (work: string, { both, plant }: Row): Promise<Sides> => {
  const sides = { base: path.join(work, 'b'), head: path.join(work, 'h') };
  for (const folder of Object.values(sides)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const to = path.join(folder, 'test/targets/demo');
    await plantDemo({ from: path.join(root, 'test/targets/demo'), to, fault: 'none', size: 0 });
    both?.(to);
  }
  plant(path.join(sides.head, 'test/targets/demo'));
  return sides;
};

const isNamed = ({ kind }: ScenarioComparison['functions'][number]): boolean => kind === 'regressed' || kind === 'new';

const namedBy = (by: CostKind | 'text', { functions, stuck = [] }: ScenarioComparison): readonly string[] => {
  const named = by === 'text' ? stuck : functions.filter((each) => each.profile === by && isNamed(each));
  return named.map((each) => each.function);
};

/** The sentence leads with it; of few goroutines no row is certain. */
const saysNeverWakes = (found: ScenarioComparison, name: string): boolean => {
  const sentence = scenarioVerdictSentence(found);
  return sentence.includes('that can never wake, started by') && sentence.includes(`blocked in \`${name}\``);
};

const isRight = ({ expected }: Row, found: ScenarioComparison): boolean => {
  if (expected === null)
    return found.verdict !== 'regressed' && !found.functions.some(isNamed) && found.stuck === undefined;
  const row = found.metrics.find(({ metric }) => metric === expected.metric);
  if (row?.verdict !== 'regressed') return false;
  if (expected.by === 'goroutineleak') return saysNeverWakes(found, expected.function);
  return namedBy(expected.by, found).includes(expected.function);
};

const saidOf = ({ metrics, functions, stuck = [] }: ScenarioComparison): string => {
  const moved = metrics.filter(({ verdict }) => verdict === 'regressed' || verdict === 'improved');
  const figures = moved.map(
    ({ metric, verdict, effectRatio, effectAbsolute }) =>
      `${metric} ${verdict} ${(effectRatio ?? effectAbsolute ?? 0).toPrecision(3)}`,
  );
  const named = functions.filter(isNamed).map(({ profile, function: name }) => `${profile} ${name}`);
  const waiting = stuck.map(
    ({ function: name, count, seconds }) => `text ${count} in ${name} for ${seconds.toFixed(1)} s`,
  );
  return [...figures, ...waiting, ...named.slice(0, 4)].join('; ') || 'nothing';
};

const prove = async (work: string, name: string, rounds: number): Promise<number> => {
  const row = ROWS[name];
  if (row === undefined) throw new Error(`no row ${name}`);
  const sides = await sidesOf(work, row);
  const scenario = changedScenario(path.join(root, 'scenarios/demo.yml'), path.join(work, 's'), row.changes);
  let right = 0;
  for (let round = 0; round < rounds; round++) {
    const seed = nextSeed();
    const out = path.join(work, 'out');
    rmSync(out, { recursive: true, force: true });
    const { scenario: found } = await measureOnce(scenario, sides, out, ['--seed', String(seed)], row.env);
    if (isRight(row, found)) right++;
    const sentence = isRight(row, found) ? '' : `\n${scenarioVerdictSentence(found)}`;
    console.log(
      [name, seed, isRight(row, found) ? 'right' : 'WRONG', found.verdict, saidOf(found)].join('  ') + sentence,
    );
  }
  console.log(`=> ${name}: ${right} of ${rounds}`);
  return rounds - right;
};

await proveRows(ROWS, DEFAULT, prove);
