/**
 * `npm run prove:profilers`: whether requests that wait longer are explained by the function and the reason, and equal
 * code by nothing. Each round builds and measures the demo anew, with one of its routes alone and a new seed.
 *
 * node test/prove/profilers.ts [sleep=10] [child=10] [name=10] [none=20]
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { ScenarioComparison } from '../../harness/model/index.ts';
import { scenarioVerdictSentence } from '../../harness/report/words/sentence.ts';
import { plantDemo } from '../helpers/plant-demo.ts';
import { changedScenario, measureOnce, nextSeed, root } from './campaign.ts';
import { proveRows } from './rounds.ts';

/** Of every three requests two are of the route; the third is quick. */
const PAGE = { name: 'page', weight: 2, http: 'GET /page/${data.item}' };
const QUOTE = { name: 'quote', weight: 2, http: 'GET /quote/${data.other}' };
const ITEM = { name: 'item', weight: 1, http: 'GET /items/${data.item}' };

/** One request in four: the median of all of them does not see it. */
const [RARE_PAGE, MANY_ITEMS] = [
  { ...PAGE, weight: 1 },
  { ...ITEM, weight: 2 },
];

/**
 * A handler's own sleep; a handler that waits at a channel for goroutines of its own, one of which sleeps; and a sleep in
 * the handler of one name in three, which `sentence` names.
 */
const ROWS = {
  sleep: {
    fault: 'sleep',
    micros: 3000,
    requests: [PAGE, ITEM],
    function: 'main.render',
    reason: 'sleep',
    route: null,
  },
  child: { fault: 'block', micros: 3000, requests: [QUOTE, ITEM], function: 'main.ask', reason: 'sleep', route: null },
  name: {
    fault: 'sleep',
    micros: 3000,
    requests: [RARE_PAGE, QUOTE, MANY_ITEMS],
    function: 'main.render',
    reason: 'sleep',
    route: 'page',
  },
  none: { fault: 'none', micros: 0, requests: [PAGE, QUOTE, ITEM], function: null, reason: null, route: null },
} as const;

type RowName = keyof typeof ROWS;

const DEFAULT = ['sleep=10', 'child=10', 'name=10', 'none=20'];
const QUICK = { exact: 'off', budget: '75s' };

/** What the wall clock blames: function and first reason; null: nothing. */
const blamed = ({ functions }: ScenarioComparison): { readonly function: string; readonly reason: string } | null => {
  const [row] = functions.filter(({ profile, kind }) => profile === 'wall' && (kind === 'regressed' || kind === 'new'));
  return row === undefined ? null : { function: row.function, reason: row.reasons?.[0]?.reason ?? '' };
};

const sidesOf = async (work: string, name: RowName) => {
  const { fault, micros } = ROWS[name];
  const sides = { base: path.join(work, `b-${name}`), head: path.join(work, `h-${name}`) };
  for (const [side, folder] of Object.entries(sides)) {
    mkdirSync(folder, { recursive: true });
    await plantDemo({
      from: path.join(root, 'test/targets/demo'),
      to: path.join(folder, 'test/targets/demo'),
      fault: side === 'head' ? fault : 'none',
      size: micros,
    });
  }
  return sides;
};

const prove = async (work: string, name: RowName, rounds: number): Promise<number> => {
  const { requests: sent, function: expected, reason, route } = ROWS[name];
  const sides = await sidesOf(work, name);
  const folder = path.join(work, `s-${name}`);
  const requests = { load: { requests: sent }, measure: QUICK };
  const scenario = changedScenario(path.join(root, 'scenarios/demo.yml'), folder, requests);
  let right = 0;
  for (let round = 0; round < rounds; round++) {
    const seed = nextSeed();
    const out = path.join(work, 'out');
    rmSync(out, { recursive: true, force: true });
    const { scenario: found } = await measureOnce(scenario, sides, out, ['--seed', String(seed)]);
    const named = blamed(found);
    const isRight =
      (named?.function ?? null) === expected &&
      (named?.reason ?? null) === reason &&
      (route === null || scenarioVerdictSentence(found).startsWith(`\`demo\`: in \`${route}\` median latency`));
    if (isRight) right++;
    console.log(
      [name, seed, isRight ? 'right' : 'WRONG', found.verdict, named?.function ?? '-', named?.reason ?? '-'].join('  '),
    );
    if (!isRight) console.log(scenarioVerdictSentence(found));
  }
  console.log(`=> ${name}: ${right} of ${rounds}`);
  return rounds - right;
};

await proveRows(ROWS, DEFAULT, prove);
