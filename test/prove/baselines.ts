/**
 * `npm run prove:baselines`: a baseline whose commit is gone. Head lies in a folder of its own, without history, beside
 * nothing but what was recorded; the built command line compares. Every run is a line of docs/evidence/baselines.jsonl.
 *
 * Layer "counts": identical code must stay quiet; half a per cent more instructions, planted in one function of the
 * demo's variant, must be called with that function first; and where the emulated CPU is another one (a wrapper around
 * the emulator, as another version of it would be), counts must agree to 0.01 % or be refused.
 *
 * node test/prove/baselines.ts                             each once
 * node test/prove/baselines.ts --full                      equal 20 times, +0.5 % 10 times, three other CPUs
 * node test/prove/baselines.ts equal=5 more:0.5=2 haswell=1 whole=1    what[:percent]=runs
 *
 * node test/prove/baselines.ts --layer=profiles           by profiles alone (baselines-profiles.ts): equal=1 dearer=1;
 *                                                          with --full equal=20 dearer=10
 *
 * "whole" is identical code with everything measured that a user would; the others count alone. --table prints the table
 * and measures nothing, --into <file> adds the lines there. Each call records a baseline of its own, at a seed of its own;
 * --record <folder> keeps it there, and takes the one that is there already.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { listBaselines, loadBaseline } from '../../harness/baseline/index.ts';
import {
  appendRow,
  changedScenario,
  evidenceFile,
  type Measured,
  measureOnce,
  nextSeed,
  provenance,
  root,
  rowsIn,
} from './campaign.ts';
import { parseCampaignWord } from './campaign-words.ts';
import { isRightByProfiles, proveProfiles, type ProfilesRow, tableOfProfiles } from './baselines-profiles.ts';
import { makeVariant, plantAt, type Site, type SiteName, SITES } from './demo-variant.ts';
import { markdownTable, percent, quantile, secondsText, shareOf, sourcesOf } from './evidence-table.ts';

/** Emulated CPUs that are not the one of the record. */
const OTHER_CPUS = { haswell: 'Haswell', epyc: 'EPYC', plain: 'qemu64' } as const;
type OtherCpu = keyof typeof OTHER_CPUS;
const CASES = ['equal', 'whole', 'more', ...(Object.keys(OTHER_CPUS) as OtherCpu[])] as const;
type Case = (typeof CASES)[number];

const SHORT = ['equal=1', 'more:0.5=1', 'haswell=1'];
const FULL = ['equal=18', 'whole=2', 'more:0.5=10', 'haswell=1', 'epyc=1', 'plain=1'];

interface Row {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly layer: 'counts';
  readonly case: Case;
  /** Of the record, which head is counted with. */
  readonly seed: number;
  /** Instructions per request as a share of base's, and where they were planted; absent where nothing was. */
  readonly plantedRatio?: number;
  readonly site?: SiteName;
  readonly verdict: string;
  readonly effectRatio: number | null;
  readonly aaSpreadRatio: number | null;
  readonly refusal: string | null;
  readonly named: string | null;
  /** The planted function is the first row of the report. */
  readonly isFirst?: boolean;
  /** Any metric of the run that regressed or improved. */
  readonly moved: readonly string[];
  readonly seconds: number;
  /** Of the baseline's folder. */
  readonly counts?: number;
}

interface Job {
  readonly what: Case;
  readonly percent: number;
  readonly runs: number;
}

const jobOf = (word: string): Job => {
  const { name, size, runs } = parseCampaignWord(word, [], 'what[:percent]=runs');
  const what = CASES.find((one) => one === name);
  if (what === undefined) throw new Error(`"${name}" is nothing to prove; write ${CASES.join(' or ')}`);
  return { what, percent: size ?? 0.5, runs };
};

interface Recorded {
  readonly scenario: string;
  readonly source: string;
  readonly baselines: string;
  readonly seed: number;
  readonly work: string;
}

/** +0.25 % fails, so that half of one is called by its name. */
const GATES = { instructionsPerRequest: { fail: '+0.25%' } };

/** Where one was recorded before. */
const recordedIn = async (work: string): Promise<Recorded | null> => {
  const baselines = path.join(work, 'baselines');
  const [entry] = await listBaselines(baselines);
  if (entry === undefined) return null;
  const { counts } = await loadBaseline(entry.path);
  const [scenario, source] = [path.join(work, 's/demo.json'), path.join(work, 'base')];
  return { scenario, source, baselines, seed: counts?.conditions.seed ?? 0, work };
};

const record = (work: string): Recorded => {
  const source = path.join(work, 'base');
  makeVariant(source);
  const scenario = changedScenario(path.join(root, 'scenarios/demo.yml'), path.join(work, 's'), {
    target: { module: '.' },
    gates: GATES,
  });
  const [baselines, seed] = [path.join(work, 'baselines'), nextSeed()];
  const words = ['baseline', 'record', scenario, '--head', source, '--baselines', baselines, '--exact', 'always'];
  const folders = ['--bundles', path.join(work, 'bundles'), '--out', path.join(work, 'recorded')];
  const more = ['--seed', String(seed), '--budget', '80s', ...folders, '--quiet'];
  execFileSync(process.execPath, ['dist/cli/bin.js', ...words, ...more], { cwd: root, stdio: 'inherit' });
  return { scenario, source, baselines, seed, work };
};

const copyOf = ({ source, work }: Recorded, name: string): string => {
  const head = path.join(work, name);
  rmSync(head, { recursive: true, force: true });
  cpSync(source, head, { recursive: true });
  // Another revision of the same program.
  appendFileSync(path.join(head, 'main.go'), '\n// Head.\n');
  return head;
};

const compare = async (
  { scenario, baselines, work }: Recorded,
  head: string,
  more: { readonly exact?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Measured> => {
  const { exact = 'only', env = {} } = more;
  const out = path.join(work, 'out');
  rmSync(out, { recursive: true, force: true });
  // Its bundle is taken away, too.
  const flags = ['--baselines', baselines, '--bundles', path.join(work, 'none'), '--exact', exact];
  return measureOnce(scenario, { base: 'baseline', head }, out, flags, env);
};

const rounded = (value: number, digits: number): number => Number(value.toPrecision(digits));

const rowOf = (recorded: Recorded, what: Case, measured: Measured): Row => {
  const { scenario, wallSeconds } = measured;
  const row = scenario.metrics.find(({ metric }) => metric === 'instructionsPerRequest');
  const effect = row?.effectRatio ?? null;
  const spread = scenario.exact?.aaSpreadRatio ?? null;
  return {
    ...provenance(),
    layer: 'counts',
    case: what,
    seed: recorded.seed,
    verdict: row?.verdict ?? 'refused',
    effectRatio: effect === null ? null : rounded(effect, 4),
    aaSpreadRatio: spread === null ? null : rounded(spread, 3),
    refusal: scenario.exact?.refusal ?? null,
    named: scenario.attribution?.culprit ?? null,
    moved: scenario.metrics.flatMap(({ metric, verdict }) =>
      verdict === 'regressed' || verdict === 'improved' ? [metric] : [],
    ),
    seconds: rounded(wallSeconds, 3),
  };
};

const PROBE_ROUNDS = 400;
const SITE_NAMES = Object.keys(SITES) as readonly SiteName[];

/** Rounds that come to `percent`; found once per site and record. */
const doseOf = async (recorded: Recorded, site: Site, wanted: number): Promise<{ rounds: number; ratio: number }> => {
  const head = copyOf(recorded, 'head');
  plantAt(head, site, PROBE_ROUNDS);
  const effect = rowOf(recorded, 'more', await compare(recorded, head)).effectRatio;
  if (effect === null) throw new Error(`${site.function}: the probe was refused`);
  const rounds = Math.max(1, Math.round((wanted / 100 / effect) * PROBE_ROUNDS));
  return { rounds, ratio: (effect / PROBE_ROUNDS) * rounds };
};

const measureMore = async (recorded: Recorded, wanted: number): Promise<Row> => {
  // The next one of those that have lines already.
  const done = rowsIn<Row>(values.into).filter((row) => row.case === 'more').length;
  const site = SITE_NAMES[done % SITE_NAMES.length] as SiteName;
  const { rounds, ratio } = await doseOf(recorded, SITES[site], wanted);
  const head = copyOf(recorded, 'head');
  plantAt(head, SITES[site], rounds);
  const measured = await compare(recorded, head);
  const first = measured.scenario.functions.find(({ profile }) => profile === 'instructions')?.function;
  const isFirst = first === SITES[site].function;
  return { ...rowOf(recorded, 'more', measured), plantedRatio: rounded(ratio, 4), site, isFirst };
};

/** A folder for PATH whose emulator is told to be another CPU, whatever it is asked for. */
const otherEmulator = ({ work }: Recorded, model: string): string => {
  const bin = path.join(work, 'bin');
  mkdirSync(bin, { recursive: true });
  const name = process.arch === 'arm64' ? 'qemu-aarch64' : 'qemu-x86_64';
  const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  const file = path.join(bin, name);
  writeFileSync(file, `#!/bin/bash\nexec ${real} "\${@/#max/${model}}" 2> >(grep -v 'doesn.t support' >&2)\n`);
  chmodSync(file, 0o755);
  return bin;
};

const measure = async (recorded: Recorded, { what, percent: wanted }: Job): Promise<Row> => {
  if (what === 'more') return measureMore(recorded, wanted);
  const head = copyOf(recorded, 'head');
  if (what === 'equal') return rowOf(recorded, what, await compare(recorded, head));
  if (what === 'whole') return rowOf(recorded, what, await compare(recorded, head, { exact: 'auto' }));
  const env = { PATH: `${otherEmulator(recorded, OTHER_CPUS[what])}:${process.env['PATH'] ?? ''}` };
  return rowOf(recorded, what, await compare(recorded, head, { env }));
};

const AGREE = 1e-4;

const isRight = (row: Row): boolean => {
  if (row.case === 'equal' || row.case === 'whole')
    return row.verdict === 'unchanged' && row.moved.length === 0 && row.named === null;
  if (row.case === 'more')
    return row.verdict === 'regressed' && row.named === SITES[row.site as SiteName].function && row.isFirst === true;
  return row.refusal !== null || Math.abs(row.effectRatio ?? Infinity) <= AGREE;
};

const lineOf = (name: string, rows: readonly Row[]): readonly string[] => {
  const effects = rows.flatMap(({ effectRatio }) => effectRatio ?? []);
  const spreads = rows.flatMap(({ aaSpreadRatio, refusal }) => (refusal === null ? (aaSpreadRatio ?? []) : []));
  const seconds = rows.map((row) => row.seconds);
  return [
    name,
    shareOf(rows.filter(isRight).length, rows.length),
    [...Map.groupBy(rows, ({ verdict }) => verdict)].map(([verdict, all]) => `${all.length} ${verdict}`).join(', '),
    effects.length === 0 ? '–' : `${percent(Math.min(...effects), 3)}…${percent(Math.max(...effects), 3)}`,
    spreads.length === 0 ? '–' : percent(Math.max(...spreads), 4),
    `${secondsText(quantile(seconds, 0.5))}, ${secondsText(Math.max(...seconds))}`,
  ];
};

const tableOfCounts = (rows: readonly Row[]): string => {
  const groups = Map.groupBy(rows, (row) => (row.case === 'more' ? `+${percent(row.plantedRatio ?? 0, 1)}` : row.case));
  const head = ['head', 'right (95 %)', 'verdicts', 'effects', 'largest spread of a side', 'seconds, median, most'];
  return `By counts alone, history and source of base taken away. ${sourcesOf(rows)}\n\n${markdownTable(
    head,
    [...groups].map(([name, group]) => lineOf(name, group)),
  )}`;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    into: { type: 'string', default: evidenceFile('baselines') },
    record: { type: 'string' },
    layer: { type: 'string', default: 'counts' },
  },
});

const told = (row: Row): string =>
  `${row.case}${row.site === undefined ? '' : ` in ${row.site} (${percent(row.plantedRatio ?? 0, 3)})`}: ${isRight(row) ? 'right' : 'WRONG'}, ` +
  `${row.verdict} ${row.effectRatio === null ? '' : percent(row.effectRatio, 4)}, ${row.refusal ?? `A/A ${percent(row.aaSpreadRatio ?? 0, 4)}`}, ` +
  `named ${row.named ?? 'nobody'}, moved ${row.moved.join(', ') || 'nothing'}, ${secondsText(row.seconds)}`;

const prove = async (jobs: readonly Job[]): Promise<void> => {
  const work = values.record ?? mkdtempSync(path.join(tmpdir(), 'pb-'));
  try {
    const recorded = (await recordedIn(work)) ?? record(work);
    const [entry] = await listBaselines(recorded.baselines);
    const counts = statSync(path.join(entry?.path ?? '', 'counts.json')).size;
    for (const job of jobs) {
      for (let run = 0; run < job.runs; run++) {
        const row = { ...(await measure(recorded, job)), counts };
        appendRow(values.into, row);
        console.log(told(row));
      }
    }
  } finally {
    if (values.record === undefined) rmSync(work, { recursive: true, force: true });
  }
};

const proveLayerOfProfiles = async (): Promise<void> => {
  const words =
    positionals.length > 0 ? positionals : values.full ? ['equal=20', 'dearer=10'] : ['equal=1', 'dearer=1'];
  const work = values.record ?? mkdtempSync(path.join(tmpdir(), 'pp-'));
  const done = profilesRows().filter((row) => row.case === 'dearer').length;
  try {
    const jobs = words.map((word) => parseCampaignWord(word, [], 'what=runs'));
    await proveProfiles(work, jobs, done, (row) => appendRow(values.into, row));
  } finally {
    if (values.record === undefined) rmSync(work, { recursive: true, force: true });
  }
};

const linesOf = <Line extends { readonly layer: string }>(layer: Line['layer']): readonly Line[] =>
  rowsIn<Line>(values.into).filter((row) => row.layer === layer);
const profilesRows = (): readonly ProfilesRow[] => linesOf<ProfilesRow>('profiles');

const isOfProfiles = values.layer === 'profiles';
if (!values.table && isOfProfiles) await proveLayerOfProfiles();
if (!values.table && !isOfProfiles) {
  const words = positionals.length > 0 ? positionals : values.full ? FULL : SHORT;
  await prove(words.map(jobOf));
}
const [counted, sampled] = [linesOf<Row>('counts'), profilesRows()];
const right = isOfProfiles ? sampled.filter(isRightByProfiles).length : counted.filter(isRight).length;
const wrong = (isOfProfiles ? sampled : counted).length - right;
console.log(`\n${isOfProfiles ? tableOfProfiles(sampled) : tableOfCounts(counted)}\n\n${right} right, ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
