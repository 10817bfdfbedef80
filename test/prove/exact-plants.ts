/**
 * `npm run prove:exact`, planted changes: functions of the demo made to execute a known share more instructions, counted
 * against the demo as it is. From the same comparisons: how small a change is called, and whether the right function is
 * named (with the diff of the change known, as in a pull request, and without).
 *
 * node test/prove/exact-plants.ts [--service=demo] [--sizes=0.2,3] [--rounds=1] [site …]   appends to
 *                                                                            docs/evidence/exact-plants.jsonl
 * node test/prove/exact-plants.ts --table                                    the tables of all lines
 *
 * Both sides hold the planted loop, base with no rounds: a loop put in changes what the compiler makes of the rest, by
 * more than the smallest doses. One comparison per site with many rounds says how many instructions a round costs, and
 * sizes are doses from there.
 */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ExactFindings } from '../../harness/compare/index.ts';
import type { Side } from '../../harness/model/index.ts';
import { makeVariant, plantAt, type Site, SITES } from './demo-variant.ts';
import { evidenceOf } from './campaign.ts';
import { shareOf } from './evidence-table.ts';
import {
  type Built,
  GO_BEFORE,
  goText,
  type GoUsed,
  goUsedBy,
  type Rig,
  scenarioAt,
  withRig,
  inOwnFolder,
} from './exact-rig.ts';
import { CADDY_SITES, HTTPBIN_SITES, PODINFO_SITES } from './service-sites.ts';
import { SERVICES } from './services.ts';

interface Named {
  readonly named: string | null;
  readonly first: boolean;
  readonly top3: boolean;
}

interface Row extends Partial<GoUsed> {
  /** The demo where none is named. */
  readonly service?: Planted;
  readonly site: string;
  readonly what: string;
  /** What was wanted, and what the rounds come to: instructions per request as a share of base's. */
  readonly size: number;
  readonly plantedRatio: number;
  readonly linkSeeds: readonly [number | null, number | null];
  readonly verdict: string;
  readonly effectRatio: number | null;
  readonly aaSpreadRatio: number;
  readonly withDiff: Named;
  readonly withoutDiff: Named;
  readonly seconds: number;
}

/** Services with places for a fault: the demo's variant, and three that no one here wrote. */
const PLANTED = {
  demo: SITES,
  'go-httpbin': HTTPBIN_SITES,
  podinfo: PODINFO_SITES,
  caddy: CADDY_SITES,
} as const satisfies Record<string, Readonly<Record<string, Site>>>;
type Planted = keyof typeof PLANTED;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string', default: '0.2,3' },
    rounds: { type: 'string', default: '1' },
    service: { type: 'string', default: 'demo' },
    table: { type: 'boolean', default: false },
  },
});

const evidence = evidenceOf<Row>('exact-plants');

const namedIn = (findings: ExactFindings, wanted: string): Named => {
  const named = findings.attribution?.culprit ?? null;
  const top = findings.functions
    .filter(({ kind }) => kind !== 'unclear' && kind !== 'moved')
    .slice(0, 3)
    .map((row) => row.function);
  return { named, first: named === wanted, top3: named === wanted || top.includes(wanted) };
};

const SEEDS: readonly (readonly [number | null, number | null])[] = [
  [null, null],
  [1, 2],
  [null, 1],
];

interface Planting {
  readonly rig: Rig;
  readonly work: string;
  readonly base: Built;
}

const copyWith = (work: string, side: Side, site: Site, rounds: number): string => {
  const folder = path.join(work, side);
  rmSync(folder, { recursive: true, force: true });
  cpSync(path.join(work, 'plain'), folder, { recursive: true });
  plantAt(folder, site, rounds);
  return folder;
};

const planted = async ({ rig, work }: Planting, site: Site, rounds: number): Promise<Built> =>
  rig.build('head', copyWith(work, 'head', site, rounds), 'h');

/** Enough rounds to be far above anything else, at no other difference: base has the loop, too, with no rounds. */
const PROBE_ROUNDS = 400;

/** Instructions per request that one round adds, as a share of base's. */
const ratioPerRound = async (planting: Planting, site: Site): Promise<number> => {
  const head = await planted(planting, site, PROBE_ROUNDS);
  const { withDiff } = await planting.rig.count({ base: planting.base, head }, { base: null, head: null });
  const effect = withDiff.exactRows[0]?.effectRatio ?? null;
  if (effect === null)
    throw new Error(`${site.function}: the probe was refused: ${withDiff.exact.refusal ?? 'no reason'}`);
  return effect / PROBE_ROUNDS;
};

const percent = (ratio: number | null): string => (ratio === null ? '–' : `${(100 * ratio).toFixed(3)} %`);

const compareOnce = async (
  planting: Planting,
  name: string,
  site: Site,
  size: number,
  plantedRatio: number,
  head: Built,
  linkSeeds: Row['linkSeeds'],
): Promise<Row> => {
  const { function: wanted, what } = site;
  const [baseSeed, headSeed] = linkSeeds;
  const counted = await planting.rig.count({ base: planting.base, head }, { base: baseSeed, head: headSeed });
  const [row] = counted.withDiff.exactRows;
  return {
    service,
    ...goUsedBy(planting.base),
    site: name,
    what,
    size,
    plantedRatio,
    linkSeeds,
    verdict: row?.verdict ?? 'refused',
    effectRatio: row?.effectRatio ?? null,
    aaSpreadRatio: counted.withDiff.exact.aaSpreadRatio,
    withDiff: namedIn(counted.withDiff, wanted),
    withoutDiff: namedIn(counted.withoutDiff, wanted),
    seconds: Number(counted.seconds.toFixed(1)),
  };
};

const isCalled = ({ verdict }: Row): boolean => verdict === 'changed' || verdict === 'regressed';

const told = ({ first, top3, named }: Named): string => (first ? 'first' : `${top3 ? 'top 3' : 'MISSED'} (${named})`);

const keyOf = ({ service: of = 'demo', go = GO_BEFORE.go, installed = GO_BEFORE.installed }: Row): string =>
  `${of} | ${goText({ go, installed })}`;

const table = (): string => {
  const rows = evidence.rows();
  const sizes = [...new Set(rows.map(({ size }) => size))].toSorted((a, b) => a - b);
  const keys = [...new Set(rows.map(keyOf))];
  const lines = sizes.flatMap((size) =>
    keys.flatMap((key) => {
      const own = rows.filter((row) => row.size === size && keyOf(row) === key);
      if (own.length === 0) return [];
      const called = own.filter(isCalled);
      const bias = called.reduce((sum, row) => sum + (row.effectRatio ?? 0) - row.plantedRatio, 0) / called.length;
      const count = (of: (row: Row) => boolean): string => shareOf(called.filter(of).length, called.length);
      return [
        `| +${size} % | ${key} | ${new Set(own.map(({ site }) => site)).size} | ${shareOf(called.length, own.length)} | ${percent(bias)} | ${count((row) => row.withDiff.first)} | ${count((row) => row.withDiff.top3)} | ${count((row) => row.withoutDiff.first)} | ${count((row) => row.withoutDiff.top3)} |`,
      ];
    }),
  );
  return [
    '| planted | in | Go | functions | called changed or regressed | effect minus planted | of those, right function first | among the first three | first, diff unknown | first three, diff unknown |',
    `|${' --- |'.repeat(10)}`,
    ...lines,
  ].join('\n');
};

const service = values.service as Planted;
const sites: Readonly<Record<string, Site>> = PLANTED[service];

const run = async (work: string, signal: AbortSignal): Promise<void> => {
  const plain = path.join(work, 'plain');
  if (service === 'demo') makeVariant(plain);
  else cpSync(SERVICES[service].source(), plain, { recursive: true });
  const scenario = scenarioAt(SERVICES[service].scenarioFile());
  const own = { ...scenario, target: { ...scenario.target, module: '.' } };
  await withRig({ scenario: own, workDir: path.join(work, 'w'), signal }, async (rig) => {
    for (const name of positionals.length > 0 ? positionals : Object.keys(sites)) {
      const site = sites[name];
      if (site === undefined) throw new Error(`${service} has no site ${name}, but ${Object.keys(sites).join(', ')}`);
      const planting = { rig, work, base: await rig.build('base', copyWith(work, 'base', site, 0), 'b') };
      const perRound = await ratioPerRound(planting, site);
      console.log(`${service}, Go ${goText(goUsedBy(planting.base))}, ${name}: a round is ${percent(perRound)}`);
      for (const size of values.sizes.split(',').map(Number)) {
        const rounds = Math.max(1, Math.round(size / 100 / perRound));
        const plantedRatio = rounds * perRound;
        if (Math.abs((100 * plantedRatio) / size - 1) > 0.2) {
          console.log(`${name}: +${size} % cannot be dosed, the nearest is ${percent(plantedRatio)}`);
          continue;
        }
        const head = await planted(planting, site, rounds);
        for (let round = 0; round < Number(values.rounds); round++) {
          const seeds = SEEDS[round % SEEDS.length] ?? ([null, null] as const);
          const row = await compareOnce(planting, name, site, size, plantedRatio, head, seeds);
          evidence.append(row);
          console.log(
            `+${size} % (${percent(plantedRatio)}) ${site.function}: ${row.verdict} ${percent(row.effectRatio)}, ` +
              `A/A ${percent(row.aaSpreadRatio)}, ${told(row.withDiff)}; without the diff ${told(row.withoutDiff)}; ${row.seconds} s`,
          );
        }
      }
    }
  });
};

if (!values.table) await inOwnFolder('xp', run);
console.log(`\n${table()}\n`);
/** The promise: named first wherever a change was called, and every change of half a percent called. */
const failed = evidence.rows().filter((row) => (isCalled(row) ? !row.withDiff.first : row.size >= 0.5));
console.log(`${evidence.rows().length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
