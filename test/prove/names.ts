/**
 * `npm run prove:profilers`, too: whether the request name or the tenant that costs more CPU is told from the others, and
 * nobody where code is equal. The service (test/targets/tenants) computes everything in one function, so that no profile by
 * function tells them apart.
 *
 * node test/prove/names.ts [route=10] [tenant=10] [none=20]
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ScenarioComparison } from '../../harness/model/index.ts';
import { scenarioVerdictSentence } from '../../harness/report/words/sentence.ts';
import { measureOnce, nextSeed, root, type Sides } from './campaign.ts';
import { proveRows } from './rounds.ts';

/** Of a hundred requests three are of route 7; of ten one is of tenant delta. */
const WEIGHTS = [10, 10, 11, 11, 11, 11, 11, 3, 11, 11];
const TENANTS = ['alpha', 'alpha', 'alpha', 'alpha', 'beta', 'beta', 'beta', 'gamma', 'gamma', 'delta'];

/**
 * `more`: rounds of about a nanosecond that head computes beside base. 25,000 are 8 % of the CPU of a request of route 7;
 * 40,000 are 40 % of what a request computes for tenant delta. With both measures asked for, equal code must be silent in both.
 */
const ROWS = {
  route: { constant: 'moreAtSeven', more: 25_000, measure: { routes: 'always' }, told: ['r7'] },
  tenant: { constant: 'moreForDelta', more: 40_000, measure: { labels: ['tenant'] }, told: ['tenant=delta'] },
  none: { constant: null, more: 0, measure: { routes: 'always', labels: ['tenant'] }, told: [] },
} as const;

type RowName = keyof typeof ROWS;

const DEFAULT = ['route=10', 'tenant=10', 'none=20'];

/** Names whose costs are called more or less; latency has its own campaign. */
const namesIn = ({ routes = [] }: ScenarioComparison): readonly string[] =>
  routes
    .filter(({ metric, verdict }) => metric !== 'latencyP50Ms' && (verdict === 'regressed' || verdict === 'improved'))
    .map(({ route }) => route);

const tenantsIn = ({ labels = [] }: ScenarioComparison): readonly string[] =>
  labels.filter(({ verdict }) => verdict !== 'notJudged').map(({ label, value }) => `${label}=${value}`);

/** Where a tenant costs more, every route does a little: of which nothing is asked. */
const toldIn = (found: ScenarioComparison, name: RowName): readonly string[] => [
  ...new Set([...(name === 'tenant' ? [] : namesIn(found)), ...tenantsIn(found)]),
];

const sidesOf = (work: string, name: RowName): Sides => {
  const { constant, more } = ROWS[name];
  const sides = { base: path.join(work, `b-${name}`), head: path.join(work, `h-${name}`) };
  for (const folder of Object.values(sides))
    cpSync(path.join(root, 'test/targets/tenants'), folder, { recursive: true });
  if (constant === null) return sides;
  const file = path.join(sides.head, 'main.go');
  const source = readFileSync(file, 'utf8');
  const planted = source.replace(new RegExp(`(${constant} += )0`), `$1${more}`);
  if (planted === source) throw new Error(`no constant ${constant} in ${file}`);
  writeFileSync(file, planted);
  return sides;
};

const scenarioFor = (folder: string, name: RowName): string => {
  const requests = WEIGHTS.map((weight, at) => ({
    name: `r${at}`,
    weight,
    http: `GET /r${at}?tenant=\${data.tenant}`,
  }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'tenants.csv'), ['tenant', ...TENANTS, ''].join('\n'));
  const file = path.join(folder, 'tenants.json');
  const scenario = {
    name: 'tenants',
    target: { module: '.', package: '.', args: ['-addr', '127.0.0.1:${port}'], ready: 'GET /healthz' },
    load: { data: 'tenants.csv', latency: false, requests },
    measure: { exact: 'off', budget: '110s', ...ROWS[name].measure },
  };
  writeFileSync(file, JSON.stringify(scenario, null, 1));
  return file;
};

const prove = async (work: string, name: RowName, rounds: number): Promise<number> => {
  const sides = sidesOf(work, name);
  const scenario = scenarioFor(path.join(work, `s-${name}`), name);
  let right = 0;
  for (let round = 0; round < rounds; round++) {
    const seed = nextSeed();
    const out = path.join(work, 'out');
    rmSync(out, { recursive: true, force: true });
    const { scenario: found, wallSeconds } = await measureOnce(scenario, sides, out, ['--seed', String(seed)]);
    const told = toldIn(found, name);
    const isRight = told.join(' ') === ROWS[name].told.join(' ');
    if (isRight) right++;
    const sentence = scenarioVerdictSentence(found);
    console.log([name, seed, isRight ? 'right' : 'WRONG', `${wallSeconds.toFixed(0)} s`, sentence].join('  '));
  }
  console.log(`=> ${name}: ${right} of ${rounds}`);
  return rounds - right;
};

await proveRows(ROWS, DEFAULT, prove);
