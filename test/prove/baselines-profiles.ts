/**
 * Layer "profiles" of `npm run prove:baselines`: history, source, bundle and counts taken away, head is compared by the
 * profiles of launches alone. Identical code must name nobody; a function of the demo that holds a tenth of its CPU and
 * more, made 40 % dearer, must be named first and fail its limit.
 *
 * equal=5 dearer=3    what=runs
 *
 * Each call records a baseline of its own, at a seed of its own, unless `--record` keeps one; heads are copies of it, with
 * seeds of their own.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { listBaselines } from '../../harness/baseline/index.ts';
import type { FunctionKind } from '../../harness/model/index.ts';
import { changedScenario, type Measured, measureOnce, nextSeed, provenance, root } from './campaign.ts';
import { DEARER, type DearerName, makeDearer } from './dearer.ts';
import { makeVariant } from './demo-variant.ts';
import { markdownTable, percent, quantile, secondsText, shareOf, sourcesOf } from './evidence-table.ts';

const CASES = ['equal', 'dearer'] as const;
type Case = (typeof CASES)[number];

export interface ProfilesRow {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly layer: 'profiles';
  readonly case: Case;
  readonly site?: DearerName;
  readonly verdict: string;
  /** By CPU profile, the culprit first. */
  readonly named: readonly string[];
  /** Of the planted function: own cost of head ÷ base, less 1, and its share of base. */
  readonly effectRatio?: number;
  readonly shareOfBase?: number;
  readonly gate?: string;
  readonly samples: number | null;
  readonly seconds: number;
}

interface Recorded {
  readonly scenario: string;
  readonly source: string;
  readonly baselines: string;
  readonly work: string;
}

const GATES = {
  functions: Object.fromEntries(Object.values(DEARER).map(({ function: name }) => [name, { cpu: '+15%' }])),
};
const BUDGET = '100s';

const recorded = async (work: string): Promise<Recorded> => {
  const [source, baselines] = [path.join(work, 'base'), path.join(work, 'baselines')];
  const scenario = path.join(work, 's/demo.json');
  if ((await listBaselines(baselines)).length > 0) return { scenario, source, baselines, work };
  makeVariant(source);
  changedScenario(path.join(root, 'scenarios/demo.yml'), path.join(work, 's'), {
    target: { module: '.' },
    gates: GATES,
  });
  const words = ['baseline', 'record', scenario, '--head', source, '--baselines', baselines, '--exact', 'off'];
  const folders = ['--bundles', path.join(work, 'bundles'), '--out', path.join(work, 'recorded')];
  const more = ['--seed', String(nextSeed()), '--budget', BUDGET, ...folders, '--quiet'];
  execFileSync(process.execPath, ['dist/cli/bin.js', ...words, ...more], { cwd: root, stdio: 'inherit' });
  return { scenario, source, baselines, work };
};

const headOf = ({ source, work }: Recorded, site: DearerName | null): string => {
  const head = path.join(work, 'head');
  rmSync(head, { recursive: true, force: true });
  cpSync(source, head, { recursive: true });
  // Another revision of the same program.
  if (site === null) appendFileSync(path.join(head, 'main.go'), '\n// Head.\n');
  else makeDearer(head, DEARER[site]);
  return head;
};

const NAMING: readonly FunctionKind[] = ['regressed', 'improved', 'new', 'gone', 'moved'];

const namedIn = ({ scenario }: Measured): readonly string[] => {
  const culprit = scenario.attribution?.culprit ?? null;
  const rows = scenario.functions.filter(({ kind }) => NAMING.includes(kind)).map((row) => row.function);
  return [...new Set([...(culprit === null ? [] : [culprit]), ...rows])];
};

const rounded = (value: number): number => Number(value.toPrecision(4));

const plantedIn = ({ scenario }: Measured, site: DearerName): Partial<ProfilesRow> => {
  const { function: name } = DEARER[site];
  const rows = scenario.functions.filter(({ profile }) => profile === 'cpu');
  const own = rows.find((row) => row.function === name);
  const gate = scenario.functionGates?.find(({ pattern }) => pattern === name)?.verdict;
  if (own === undefined) return { ...(gate !== undefined && { gate }) };
  const all = Math.max(...rows.map(({ baseCumPerRequest }) => baseCumPerRequest));
  return {
    effectRatio: rounded(own.headPerRequest / own.basePerRequest - 1),
    shareOfBase: rounded(own.basePerRequest / all),
    ...(gate !== undefined && { gate }),
  };
};

const measure = async (base: Recorded, site: DearerName | null): Promise<ProfilesRow> => {
  const out = path.join(base.work, 'out');
  rmSync(out, { recursive: true, force: true });
  // Its bundle is taken away, too.
  const flags = ['--baselines', base.baselines, '--bundles', path.join(base.work, 'none'), '--exact', 'off'];
  const more = ['--seed', String(nextSeed()), '--budget', BUDGET];
  const measured = await measureOnce(base.scenario, { base: 'baseline', head: headOf(base, site) }, out, [
    ...flags,
    ...more,
  ]);
  const { scenario, wallSeconds } = measured;
  return {
    ...provenance(),
    layer: 'profiles',
    case: site === null ? 'equal' : 'dearer',
    ...(site !== null && { site }),
    verdict: scenario.verdict,
    named: namedIn(measured),
    ...(site !== null && plantedIn(measured, site)),
    samples: scenario.attribution?.samples?.head ?? null,
    seconds: Number(wallSeconds.toPrecision(3)),
  };
};

export const isRightByProfiles = ({ case: what, site, named }: ProfilesRow): boolean =>
  what === 'equal' ? named.length === 0 : named[0] === DEARER[site as DearerName].function;

const lineOf = (name: string, rows: readonly ProfilesRow[]): readonly string[] => {
  const effects = rows.flatMap(({ effectRatio }) => effectRatio ?? []);
  const seconds = rows.map((row) => row.seconds);
  const gates = rows.flatMap(({ gate }) => gate ?? []);
  return [
    name,
    shareOf(rows.filter(isRightByProfiles).length, rows.length),
    effects.length === 0 ? '–' : `${percent(Math.min(...effects), 0)}…${percent(Math.max(...effects), 0)}`,
    [...Map.groupBy(gates, (gate) => gate)].map(([gate, all]) => `${all.length} ${gate}`).join(', ') || '–',
    String(
      Math.round(
        quantile(
          rows.map(({ samples }) => samples ?? 0),
          0.5,
        ),
      ),
    ),
    `${secondsText(quantile(seconds, 0.5))}, ${secondsText(Math.max(...seconds))}`,
  ];
};

export const tableOfProfiles = (rows: readonly ProfilesRow[]): string => {
  const groups = Map.groupBy(rows, (row) => (row.site === undefined ? row.case : `${row.site}, +40 %`));
  const head = [
    'head',
    'right (95 %)',
    'seen of the function',
    'its limit of 15 %',
    'CPU samples',
    'seconds, median, most',
  ];
  return `By profiles alone, history, source, bundle and counts of base taken away. ${sourcesOf(rows)}\n\n${markdownTable(
    head,
    [...groups].map(([name, group]) => lineOf(name, group)),
  )}`;
};

const told = (row: ProfilesRow): string =>
  `${row.case}${row.site === undefined ? '' : ` in ${row.site}`}: ${isRightByProfiles(row) ? 'right' : 'WRONG'}, named ${row.named.join(', ') || 'nobody'}, ` +
  `${row.effectRatio === undefined ? '' : `seen ${percent(row.effectRatio, 0)}, limit ${row.gate ?? '–'}, `}${secondsText(row.seconds)}`;

const SITE_NAMES = Object.keys(DEARER) as readonly DearerName[];

/** `done`: runs of `dearer` that have lines; sites take turns. Each run is told as soon as it is measured. */
export const proveProfiles = async (
  work: string,
  jobs: readonly { readonly name: string; readonly runs: number }[],
  done: number,
  keep: (row: ProfilesRow) => void,
): Promise<void> => {
  const base = await recorded(work);
  let turn = done;
  for (const { name, runs } of jobs) {
    const what = CASES.find((one) => one === name);
    if (what === undefined) throw new Error(`"${name}" is nothing to prove; write ${CASES.join(' or ')}`);
    for (let run = 0; run < runs; run++) {
      const site = what === 'equal' ? null : (SITE_NAMES[turn++ % SITE_NAMES.length] as DearerName);
      const row = await measure(base, site);
      keep(row);
      console.log(told(row));
    }
  }
};
