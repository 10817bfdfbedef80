/**
 * `npm run prove:baselines`: a baseline whose commit is gone. Head lies in a folder of its own, without history, beside
 * nothing but what was recorded; the built command line compares. Every run is a line of docs/evidence/baselines.jsonl.
 *
 * Layer "bundle": base is linked again from its bundle and measured beside head. Identical code must not regress, 3 % more
 * CPU must, by the function it was planted in, and each run may take 1.1 times as long as one with base's source, which is
 * made after it with the same seed.
 *
 * Layer "counts": identical code must stay quiet; half a per cent more instructions, planted in one function of the
 * demo's variant, must be called with that function first; and where the emulated CPU is another one (a wrapper around
 * the emulator, as another version of it would be), counts must agree to 0.01 % or be refused.
 *
 * node test/prove/baselines.ts                             each once
 * node test/prove/baselines.ts --full                      equal 20 times, +0.5 % 10 times, three other CPUs
 * node test/prove/baselines.ts equal=5 more:0.5=2 haswell=1 whole=1    what[:percent]=runs
 * node test/prove/baselines.ts --layer=bundle --service=go-httpbin --runs=10 --plant      or --equal, or both; podinfo, demo
 *
 * node test/prove/baselines.ts --layer=profiles           by profiles alone (baselines-profiles.ts): equal=1 dearer=1;
 *                                                          with --full equal=20 dearer=10
 * --layer=machines counts identical code by the emulated CPUs that are not the one of the record, each `--runs` times.
 *
 * "whole" is identical code with everything measured that a user would; the others count alone. --table prints the table
 * and measures nothing, --into <file> adds the lines there. Each call records a baseline of its own, at a seed of its own;
 * --record <folder> keeps it there, and takes the one that is there already.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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
import { makeVariant, plantAt, plantFencedBurn, type Site, SITES } from './demo-variant.ts';
import { markdownTable, percent, quantile, secondsText, shareOf, sourcesOf } from './evidence-table.ts';
import { HTTPBIN_SITES, PODINFO_SITES } from './service-sites.ts';
import { SERVICES } from './services.ts';

/** Emulated CPUs that are not the one of the record. */
const OTHER_CPUS = { haswell: 'Haswell', epyc: 'EPYC', plain: 'qemu64' } as const;
type OtherCpu = keyof typeof OTHER_CPUS;
const CASES = ['equal', 'whole', 'more', ...(Object.keys(OTHER_CPUS) as OtherCpu[])] as const;
type Case = (typeof CASES)[number];

const SHORT = ['equal=1', 'more:0.5=1', 'haswell=1'];
const FULL = ['equal=18', 'whole=2', 'more:0.5=10', 'haswell=1', 'epyc=1', 'plain=1'];

const LAYERS = ['bundle', 'counts'] as const;
type Layer = (typeof LAYERS)[number];

interface ProvedService {
  readonly makeSource: (folder: string) => void;
  readonly mainFile: string;
  /** Where work is planted; the first one, in layer "bundle". */
  readonly sites: Readonly<Record<string, Site>>;
  /** That cost some per cent of a request, by what it takes and how often it calls the first site. */
  readonly probeRounds: number;
}

const copied =
  (name: keyof typeof SERVICES): ProvedService['makeSource'] =>
  (folder) =>
    cpSync(SERVICES[name].source(), folder, { recursive: true });

const PROVED = {
  demo: { makeSource: makeVariant, mainFile: 'main.go', sites: SITES, probeRounds: 150 },
  'go-httpbin': {
    makeSource: copied('go-httpbin'),
    mainFile: 'cmd/go-httpbin/main.go',
    sites: HTTPBIN_SITES,
    probeRounds: 4000,
  },
  podinfo: { makeSource: copied('podinfo'), mainFile: 'cmd/podinfo/main.go', sites: PODINFO_SITES, probeRounds: 4000 },
} as const satisfies Record<string, ProvedService>;
type ProvedName = keyof typeof PROVED;

interface Row {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly layer: Layer;
  /** Absent in the first lines, which are of the demo. */
  readonly service?: ProvedName;
  readonly case: Case;
  /** Of the record, which head is counted with. */
  readonly seed: number;
  /** Instructions (layer "bundle": CPU) per request as a share of base's, and where they were planted; absent where nothing was. */
  readonly plantedRatio?: number;
  readonly site?: string;
  /** The answer of the run, all gates together; absent in the first lines. */
  readonly whole?: string;
  /** Of the judged metric: instructions; in layer "bundle" CPU. */
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
  /** Of the same run with base's source. */
  readonly besideSeconds?: number;
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
  readonly service: ProvedName;
  readonly scenario: string;
  /** What was recorded, where no run is told of it. */
  readonly source: string;
  readonly baselines: string;
  readonly bundles: string;
  readonly seed: number;
  readonly work: string;
}

/** +0.25 % fails, so that half of one is called by its name. */
const GATES = { instructionsPerRequest: { fail: '+0.25%' } };

/** Of the burn that base has, too (see `plantFencedBurn`). */
const BASE_ROUNDS = 30;
const TAG = 'Slow';

const siteOf = (service: ProvedName): readonly [string, Site] => Object.entries<Site>(PROVED[service].sites)[0]!;

const roundsFile = (folder: string, { file }: Site): string => path.join(folder, path.dirname(file), `zz${TAG}.go`);

const setRounds = (folder: string, site: Site, rounds: number): void => {
  const name = roundsFile(folder, site);
  writeFileSync(name, readFileSync(name, 'utf8').replace(/Rounds = \d+/, `Rounds = ${rounds}`));
};

const placesIn = (work: string, service: ProvedName): Omit<Recorded, 'seed'> => {
  const name = path.basename(SERVICES[service].scenarioFile(), '.yml');
  const [baselines, bundles] = [path.join(work, 'baselines'), path.join(work, 'bundles')];
  return {
    service,
    scenario: path.join(work, `s/${name}.json`),
    source: path.join(work, 'kept'),
    baselines,
    bundles,
    work,
  };
};

/** Where one was recorded before. */
const recordedIn = async (work: string, service: ProvedName): Promise<Recorded | null> => {
  const places = placesIn(work, service);
  const [entry] = await listBaselines(places.baselines);
  if (entry === undefined) return null;
  const { counts } = await loadBaseline(entry.path);
  return { ...places, seed: counts?.conditions.seed ?? 0 };
};

const record = (work: string, service: ProvedName): Recorded => {
  const places = placesIn(work, service);
  const [, site] = siteOf(service);
  PROVED[service].makeSource(places.source);
  plantFencedBurn(places.source, site, BASE_ROUNDS, TAG);
  const base = path.join(work, 'base');
  cpSync(places.source, base, { recursive: true });
  const { scenarioFile, changes } = SERVICES[service];
  changedScenario(scenarioFile(), path.join(work, 's'), changes, { gates: GATES });
  const seed = nextSeed();
  const words = ['baseline', 'record', places.scenario, '--head', base, '--baselines', places.baselines];
  const folders = ['--bundles', places.bundles, '--out', path.join(work, 'recorded')];
  const more = ['--exact', 'always', '--seed', String(seed), '--budget', '80s', ...folders, '--quiet'];
  execFileSync(process.execPath, ['dist/cli/bin.js', ...words, ...more], { cwd: root, stdio: 'inherit' });
  rmSync(base, { recursive: true });
  return { ...places, seed };
};

const copyOf = ({ source, work, service }: Recorded, name: string): string => {
  const head = path.join(work, name);
  rmSync(head, { recursive: true, force: true });
  cpSync(source, head, { recursive: true });
  // Another revision of the same program.
  appendFileSync(path.join(head, PROVED[service].mainFile), '\n// Head.\n');
  return head;
};

const outOf = ({ work }: Recorded): string => {
  const out = path.join(work, 'out');
  rmSync(out, { recursive: true, force: true });
  return out;
};

const compare = async (
  recorded: Recorded,
  head: string,
  more: { readonly exact?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Measured> => {
  const { exact = 'only', env = {} } = more;
  const { scenario, baselines, work } = recorded;
  // Its bundle is taken away, too.
  const flags = ['--baselines', baselines, '--bundles', path.join(work, 'none'), '--exact', exact];
  return measureOnce(scenario, { base: 'baseline', head }, outOf(recorded), flags, env);
};

const rounded = (value: number, digits: number): number => Number(value.toPrecision(digits));

const rowOf = (recorded: Recorded, layer: Layer, what: Case, { scenario, wallSeconds }: Measured): Row => {
  const judged = layer === 'counts' ? 'instructionsPerRequest' : 'cpuNsPerRequest';
  const row = scenario.metrics.find(({ metric }) => metric === judged);
  const effect = row?.effectRatio ?? null;
  const spread = layer === 'counts' ? (scenario.exact?.aaSpreadRatio ?? null) : null;
  return {
    ...provenance(),
    layer,
    service: recorded.service,
    case: what,
    seed: recorded.seed,
    verdict: row?.verdict ?? 'refused',
    whole: scenario.verdict,
    effectRatio: effect === null ? null : rounded(effect, 4),
    aaSpreadRatio: spread === null ? null : rounded(spread, 3),
    refusal: layer === 'counts' ? (scenario.exact?.refusal ?? null) : null,
    named: scenario.attribution?.culprit ?? null,
    moved: scenario.metrics.flatMap(({ metric, verdict }) =>
      verdict === 'regressed' || verdict === 'improved' ? [metric] : [],
    ),
    seconds: rounded(wallSeconds, 3),
  };
};

const PROBE_ROUNDS = 400;

/** Rounds that come to `percent`; found once per site and record. */
const doseOf = async (recorded: Recorded, site: Site, wanted: number): Promise<{ rounds: number; ratio: number }> => {
  const head = copyOf(recorded, 'head');
  plantAt(head, site, PROBE_ROUNDS);
  const effect = rowOf(recorded, 'counts', 'more', await compare(recorded, head)).effectRatio;
  if (effect === null) throw new Error(`${site.function}: the probe was refused`);
  const rounds = Math.max(1, Math.round((wanted / 100 / effect) * PROBE_ROUNDS));
  return { rounds, ratio: (effect / PROBE_ROUNDS) * rounds };
};

const ofService = (row: Row, service: ProvedName): boolean => (row.service ?? 'demo') === service;

const measureMore = async (recorded: Recorded, wanted: number): Promise<Row> => {
  const { service } = recorded;
  const isLike = (row: Row): boolean => row.layer === 'counts' && row.case === 'more' && ofService(row, service);
  const sites = Object.entries<Site>(PROVED[service].sites);
  // The next one of those that have lines already.
  const [name, site] = sites[rowsIn<Row>(values.into).filter(isLike).length % sites.length]!;
  const { rounds, ratio } = await doseOf(recorded, site, wanted);
  const head = copyOf(recorded, 'head');
  plantAt(head, site, rounds);
  const measured = await compare(recorded, head);
  const first = measured.scenario.functions.find(({ profile }) => profile === 'instructions')?.function;
  const row = rowOf(recorded, 'counts', 'more', measured);
  return { ...row, plantedRatio: rounded(ratio, 4), site: name, isFirst: first === site.function };
};

/** By its bundle, or with base's source in `base`. */
const beside = async (recorded: Recorded, head: string, base: string | null): Promise<Measured> => {
  const { scenario, baselines, bundles } = recorded;
  const flags = ['--baselines', baselines, '--bundles', bundles, '--seed', String(nextSeed())];
  const from = base === null ? { base: 'baseline', head } : { base, head };
  return measureOnce(scenario, from, outOf(recorded), [...flags, ...(base === null ? ['--base-required'] : [])]);
};

const cpuDoses = new Map<ProvedName, number>();

/** CPU of one round as a share of base's; found once per record. */
const cpuDoseOf = async (recorded: Recorded, site: Site): Promise<number> => {
  const known = cpuDoses.get(recorded.service);
  if (known !== undefined) return known;
  const head = copyOf(recorded, 'head');
  const { probeRounds } = PROVED[recorded.service];
  setRounds(head, site, BASE_ROUNDS + probeRounds);
  const effect = rowOf(recorded, 'bundle', 'more', await beside(recorded, head, null)).effectRatio;
  if (effect === null || effect <= 0) throw new Error(`${site.function}: the probe shows ${effect}`);
  const dose = effect / probeRounds;
  cpuDoses.set(recorded.service, dose);
  return dose;
};

const CPU_PERCENT = 3;

const measureByBundle = async (recorded: Recorded, what: 'equal' | 'more'): Promise<Row> => {
  const [name, site] = siteOf(recorded.service);
  const dose = what === 'more' ? await cpuDoseOf(recorded, site) : 0;
  const rounds = what === 'more' ? Math.max(1, Math.round(CPU_PERCENT / 100 / dose)) : 0;
  const head = copyOf(recorded, 'head');
  setRounds(head, site, BASE_ROUNDS + rounds);
  const row = rowOf(recorded, 'bundle', what, await beside(recorded, head, null));
  const base = path.join(recorded.work, 'base');
  cpSync(recorded.source, base, { recursive: true });
  const { wallSeconds } = await beside(recorded, head, base);
  rmSync(base, { recursive: true });
  const planted = what === 'more' ? { plantedRatio: rounded(dose * rounds, 4), site: name } : {};
  return { ...row, ...planted, besideSeconds: rounded(wallSeconds, 3) };
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
  if (what === 'equal') return rowOf(recorded, 'counts', what, await compare(recorded, head));
  if (what === 'whole') return rowOf(recorded, 'counts', what, await compare(recorded, head, { exact: 'auto' }));
  const env = { PATH: `${otherEmulator(recorded, OTHER_CPUS[what])}:${process.env['PATH'] ?? ''}` };
  return rowOf(recorded, 'counts', what, await compare(recorded, head, { env }));
};

const AGREE = 1e-4;

const isNamed = ({ named, site = '', service = 'demo' }: Row): boolean =>
  named === (PROVED[service].sites as Readonly<Record<string, Site>>)[site]?.function;

const isRight = (row: Row): boolean => {
  if (row.layer === 'bundle') {
    return row.case === 'equal' ? row.whole !== 'regressed' : row.verdict === 'regressed' && isNamed(row);
  }
  if (row.case === 'equal' || row.case === 'whole')
    return row.verdict === 'unchanged' && row.moved.length === 0 && row.named === null;
  if (row.case === 'more') return row.verdict === 'regressed' && isNamed(row) && row.isFirst === true;
  return row.refusal !== null || Math.abs(row.effectRatio ?? Infinity) <= AGREE;
};

/** How many times as long as with base's source, in the median. */
const timesOf = (rows: readonly Row[]): string => {
  const times = rows.flatMap(({ seconds, besideSeconds }) =>
    besideSeconds === undefined ? [] : seconds / besideSeconds,
  );
  return times.length === 0 ? '–' : quantile(times, 0.5).toFixed(2);
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
    timesOf(rows),
  ];
};

const nameOf = ({ layer, service = 'demo', case: what, plantedRatio = 0 }: Row): string =>
  `${layer}, ${service}, ${what === 'more' ? `+${percent(plantedRatio, layer === 'counts' ? 1 : 0)}` : what}`;

const tableOfOthers = (rows: readonly Row[]): string => {
  const head = [
    'layer, service, head',
    'right (95 %)',
    'verdicts',
    'effects',
    'largest spread of a side',
    'seconds, median, most',
    'times with source',
  ];
  return `History and source of base taken away. ${sourcesOf(rows)}\n\n${markdownTable(
    head,
    [...Map.groupBy(rows, nameOf)].map(([name, group]) => lineOf(name, group)),
  )}`;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    into: { type: 'string', default: evidenceFile('baselines') },
    record: { type: 'string' },
    layer: { type: 'string' },
    service: { type: 'string', default: 'demo' },
    runs: { type: 'string', default: '1' },
    equal: { type: 'boolean', default: false },
    plant: { type: 'boolean', default: false },
  },
});

const told = (row: Row): string =>
  `${nameOf(row)}${row.site === undefined ? '' : ` in ${row.site} (${percent(row.plantedRatio ?? 0, 3)})`}: ${isRight(row) ? 'right' : 'WRONG'}, ` +
  `${row.verdict} ${row.effectRatio === null ? '' : percent(row.effectRatio, 4)}, ${row.refusal ?? `A/A ${percent(row.aaSpreadRatio ?? 0, 4)}`}, ` +
  `named ${row.named ?? 'nobody'}, moved ${row.moved.join(', ') || 'nothing'}, ${secondsText(row.seconds)}` +
  (row.besideSeconds === undefined ? '' : ` (${secondsText(row.besideSeconds)} with its source)`);

/** One record, and of it each of `runs` in turn. */
const prove = async (service: ProvedName, runs: readonly ((recorded: Recorded) => Promise<Row>)[]): Promise<void> => {
  const work = values.record ?? mkdtempSync(path.join(tmpdir(), 'pb-'));
  try {
    const recorded = (await recordedIn(work, service)) ?? record(work, service);
    const [entry] = await listBaselines(recorded.baselines);
    const counts = statSync(path.join(entry?.path ?? '', 'counts.json')).size;
    for (const run of runs) {
      const row = { ...(await run(recorded)), counts };
      appendRow(values.into, row);
      console.log(told(row));
    }
  } finally {
    if (values.record === undefined) rmSync(work, { recursive: true, force: true });
  }
};

const known = <T extends string>(names: readonly T[], word: string): T => {
  const found = names.find((name) => name === word);
  if (found === undefined) throw new Error(`"${word}" is none of ${names.join(', ')}`);
  return found;
};

const repeated = <T>(one: T, times: number): readonly T[] => Array.from({ length: times }, () => one);

/** Of --layer: equal code, +3 % CPU or +0.5 % instructions, `--runs` times each that was asked for. */
const runsOf = (layer: Layer | 'machines'): readonly ((recorded: Recorded) => Promise<Row>)[] => {
  const others = Object.keys(OTHER_CPUS) as readonly OtherCpu[];
  if (layer === 'machines') {
    return others.flatMap((what) =>
      repeated(async (recorded: Recorded) => measure(recorded, { what, percent: 0, runs: 1 }), Number(values.runs)),
    );
  }
  const both = values.equal === values.plant;
  const cases = [
    ...(both || values.equal ? ['equal' as const] : []),
    ...(both || values.plant ? ['more' as const] : []),
  ];
  return cases.flatMap((what) =>
    repeated(
      async (recorded: Recorded) =>
        layer === 'bundle' ? measureByBundle(recorded, what) : measure(recorded, { what, percent: 0.5, runs: 1 }),
      Number(values.runs),
    ),
  );
};

const words = positionals.length > 0 ? positionals : values.full ? FULL : SHORT;
const runsOfWords = (): readonly ((recorded: Recorded) => Promise<Row>)[] =>
  words.map(jobOf).flatMap((job) => repeated(async (recorded: Recorded) => measure(recorded, job), job.runs));

const proveLayerOfProfiles = async (): Promise<void> => {
  const asked =
    positionals.length > 0 ? positionals : values.full ? ['equal=20', 'dearer=10'] : ['equal=1', 'dearer=1'];
  const work = values.record ?? mkdtempSync(path.join(tmpdir(), 'pp-'));
  const done = profilesRows().filter((row) => row.case === 'dearer').length;
  try {
    const jobs = asked.map((word) => parseCampaignWord(word, [], 'what=runs'));
    await proveProfiles(work, jobs, done, (row) => appendRow(values.into, row));
  } finally {
    if (values.record === undefined) rmSync(work, { recursive: true, force: true });
  }
};

const linesOf = <Line extends { readonly layer: string }>(layers: readonly Line['layer'][]): readonly Line[] =>
  rowsIn<Line>(values.into).filter(({ layer }) => layers.includes(layer));
const profilesRows = (): readonly ProfilesRow[] => linesOf<ProfilesRow>(['profiles']);

const isOfProfiles = values.layer === 'profiles';
if (!values.table && isOfProfiles) await proveLayerOfProfiles();
if (!values.table && !isOfProfiles) {
  const service = known(Object.keys(PROVED) as ProvedName[], values.service);
  await prove(
    service,
    values.layer === undefined ? runsOfWords() : runsOf(known([...LAYERS, 'machines'], values.layer)),
  );
}
const [others, sampled] = [linesOf<Row>(LAYERS), profilesRows()];
const right = isOfProfiles ? sampled.filter(isRightByProfiles).length : others.filter(isRight).length;
const wrong = (isOfProfiles ? sampled : others).length - right;
console.log(`\n${isOfProfiles ? tableOfProfiles(sampled) : tableOfOthers(others)}\n\n${right} right, ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
