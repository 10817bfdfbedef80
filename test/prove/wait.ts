/**
 * `npm run bench:wait`: how long people wait. This build and an old one measure the same sides in turn on this machine:
 * seconds from the end of the builds to the verdict on CPU and to the end of the command, whether CPU got one at all, and
 * the most memory that the harness takes. Every run is a line of docs/evidence/wait.jsonl; medians of all lines are printed.
 *
 * node test/prove/wait.ts [--cases=demo,plus5,plus5-off,victoria,sqlite,gotify] [--runs=12] [--old=FOLDER]
 *
 * --old <folder> is a checkout of the old godyno that has been built; left out, one is made in a temporary folder, of
 * `--old-commit`. --versions=new leaves the old one out: enough for how often CPU is judged at all. Words after `--` are
 * flags of both versions (`-- --budget 40s`). --table prints the table and measures nothing; --into <file> adds the lines
 * there instead.
 *
 * Times are taken from what either version says while it works: `built in …` first, `after 8 launches: cpuNsPerRequest
 * unchanged …` later. Both versions have the same seed in a round, and who is first changes from round to round. Sides lie
 * where they lay in the last campaign: Go compiles them once.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { appendRow, evidenceFile, nextSeed, peakMbOf, provenance, root, rowsIn } from './campaign.ts';
import { markdownTable, quantile, secondsText, sourcesOf } from './evidence-table.ts';
import { type Prepared, WAIT_CASES, type WaitCaseName } from './wait-cases.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: Object.keys(WAIT_CASES).join(',') },
    runs: { type: 'string', default: '12' },
    old: { type: 'string' },
    'old-commit': { type: 'string', default: 'd9ad4f0' },
    versions: { type: 'string', default: 'old,new' },
    into: { type: 'string', default: evidenceFile('wait') },
    table: { type: 'boolean', default: false },
  },
});

const VERSIONS = ['old', 'new'] as const;

type Version = (typeof VERSIONS)[number];

/** One run of one version. */
interface WaitRow {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly case: WaitCaseName;
  readonly version: Version;
  /** Of the version that ran. */
  readonly ran: string;
  readonly seed: number;
  readonly code: number | null;
  /** From the start of the command to the end of the first builds. */
  readonly buildSeconds: number | null;
  /** From there to the line that decides CPU; null: none did, or it was decided when launches had ended. */
  readonly cpuVerdictSeconds: number | null;
  /** From there to the exit of the command. */
  readonly exitSeconds: number | null;
  readonly peakMb: number;
  /** What the report says of CPU, and from what ratio on it fails: more than usual where few layouts were seen. */
  readonly cpu: { readonly verdict: string; readonly practicalRatio: number | null };
  readonly verdict: string;
  /** Judged ones, and what half of them took at most. */
  readonly launches: number;
  readonly launchSeconds: number;
}

type Waited = Pick<WaitRow, 'code' | 'buildSeconds' | 'cpuVerdictSeconds' | 'exitSeconds' | 'peakMb'>;

type Judged = Pick<WaitRow, 'cpu' | 'verdict' | 'launches' | 'launchSeconds'>;

/** `run.json` and `comparison.json` of either version: what both have of them. */
interface Run {
  readonly runs: readonly [{ readonly launches: readonly { readonly stage: string; readonly wallSeconds: number }[] }];
}

interface Comparison {
  readonly scenarios: readonly [
    {
      readonly verdict: string;
      readonly metrics: readonly ({ readonly metric: string } & WaitRow['cpu'])[];
    },
  ];
}

const jsonIn = (out: string, file: string): unknown => JSON.parse(readFileSync(path.join(out, file), 'utf8'));

const judgedIn = (out: string): Judged => {
  const [{ verdict, metrics }] = (jsonIn(out, 'comparison.json') as Comparison).scenarios;
  const [{ launches }] = (jsonIn(out, 'run.json') as Run).runs;
  const judged = launches.flatMap(({ stage, wallSeconds }) => (stage === 'judged' ? [wallSeconds] : []));
  const cpu = metrics.find(({ metric }) => metric === 'cpuNsPerRequest');
  return {
    verdict,
    launches: judged.length,
    launchSeconds: quantile(judged, 0.5),
    cpu: { verdict: cpu?.verdict ?? 'notJudged', practicalRatio: cpu?.practicalRatio ?? null },
  };
};

const CPU_VERDICT = /after \d+ launch(?:es)?: cpuNsPerRequest (?:regressed|improved|unchanged|changed)\b/;

/** `dist` of a checkout, with progress on stderr, line by line. */
const waitFor = async (checkout: string, args: readonly string[]): Promise<Waited> => {
  const startedMs = performance.now();
  const since = (): number => (performance.now() - startedMs) / 1000;
  const child = spawn(process.execPath, [path.join(checkout, 'dist/cli/bin.js'), 'run', ...args], {
    cwd: checkout,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let built: number | null = null;
  let decided: number | null = null;
  let peakMb = 0;
  const watch = setInterval(() => {
    peakMb = Math.max(peakMb, peakMbOf(child.pid));
  }, 250);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (/\bbuilt in /.test(line)) built ??= since();
    if (CPU_VERDICT.test(line)) decided ??= since();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const ended = since();
  if (built === null) throw new Error(`${checkout} ended with ${code}: ${said.join('\n')}`);
  const from = (at: number | null): number | null => (at === null || built === null ? null : at - built);
  return {
    code,
    buildSeconds: built,
    cpuVerdictSeconds: from(decided),
    exitSeconds: from(ended),
    peakMb: Math.round(peakMb),
  };
};

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** A checkout of its own, with its own packages. */
const oldCheckout = (folder: string): string => {
  git('worktree', 'add', '--detach', folder, values['old-commit']);
  execFileSync('npm', ['ci'], { cwd: folder, stdio: 'inherit' });
  execFileSync('npm', ['run', 'build'], { cwd: folder, stdio: 'inherit' });
  return folder;
};

const commitOf = (checkout: string): string =>
  execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: checkout, encoding: 'utf8' }).trim();

const casesAsked = (): readonly WaitCaseName[] =>
  values.cases.split(',').map((word) => {
    if (!Object.hasOwn(WAIT_CASES, word)) throw new Error(`no case ${word}, but ${Object.keys(WAIT_CASES).join(', ')}`);
    return word as WaitCaseName;
  });

const versionsAsked = (): readonly Version[] => {
  const asked = values.versions.split(',');
  const wrong = asked.find((word) => !VERSIONS.some((version) => version === word));
  if (wrong !== undefined) throw new Error(`no version ${wrong}, but ${VERSIONS.join(', ')}`);
  return VERSIONS.filter((version) => asked.includes(version));
};

interface Job {
  readonly name: WaitCaseName;
  readonly prepared: Prepared;
  readonly version: Version;
  readonly checkout: string;
  readonly seed: number;
  readonly out: string;
}

const runOnce = async ({ name, prepared, version, checkout, seed, out }: Job): Promise<WaitRow> => {
  const { sides, scenario } = prepared;
  rmSync(out, { recursive: true, force: true });
  const args = [scenario, '--base', sides.base, '--head', sides.head, '--out', out, '--seed', String(seed)];
  const waited = await waitFor(checkout, [...args, ...WAIT_CASES[name].flags, ...positionals]);
  return { ...provenance(), case: name, version, ran: commitOf(checkout), seed, ...waited, ...judgedIn(out) };
};

/** A run that measured nothing is shown, and the campaign goes on. */
const oneRow = async (job: Job): Promise<void> => {
  try {
    const row = await runOnce(job);
    appendRow(values.into, row);
    console.log(JSON.stringify(row));
  } catch (error) {
    console.log(`${job.name}, ${job.version}: NOT MEASURED: ${String(error)}`);
    process.exitCode = 1;
  }
};

const campaign = async (work: string): Promise<void> => {
  const made = path.join(work, 'old');
  try {
    const versions = versionsAsked();
    const old = versions.includes('old') ? (values.old ?? oldCheckout(made)) : made;
    const checkouts: Readonly<Record<Version, string>> = { old, new: root };
    for (const name of casesAsked()) {
      const prepared = await WAIT_CASES[name].make(work);
      for (let run = 0; run < Number(values.runs); run++) {
        const seed = nextSeed();
        for (const version of run % 2 === 0 ? versions : versions.toReversed())
          await oneRow({ name, prepared, version, checkout: checkouts[version], seed, out: path.join(work, 'out') });
      }
    }
  } finally {
    if (existsSync(made)) git('worktree', 'remove', '--force', made);
  }
};

type Figure = 'cpuVerdictSeconds' | 'exitSeconds' | 'peakMb';

const medianOf = (rows: readonly WaitRow[], version: Version, figure: Figure): number =>
  quantile(
    rows.filter((row) => row.version === version).flatMap((row) => row[figure] ?? []),
    0.5,
  );

const cellsOf = (rows: readonly WaitRow[], figure: Figure): readonly string[] => {
  const [before, now] = [medianOf(rows, 'old', figure), medianOf(rows, 'new', figure)];
  const text = (value: number): string =>
    figure === 'peakMb' && !Number.isNaN(value) ? `${value.toFixed(0)} MB` : secondsText(value);
  const ratio = now / before;
  return [text(before), text(now), Number.isNaN(ratio) ? '–' : ratio.toFixed(2)];
};

const JUDGED: readonly string[] = ['regressed', 'improved', 'unchanged', 'changed'];

/** τ of CPU with as many code layouts as it takes (docs/method.md); more than that where it had to do with fewer. */
const USUAL_RATIO = 0.01;

const judgedText = (rows: readonly WaitRow[], version: Version): string => {
  const own = rows.filter((row) => row.version === version);
  const judged = own.filter(({ cpu }) => JUDGED.includes(cpu.verdict));
  const wide = judged.filter(({ cpu }) => (cpu.practicalRatio ?? 0) > USUAL_RATIO).length;
  return `${judged.length} of ${own.length}${wide === 0 ? '' : ` (${wide} at wider limits)`}`;
};

const table = (rows: readonly WaitRow[]): string => {
  const body = [...Map.groupBy(rows, (row) => row.case)].map(([name, group]) => [
    WAIT_CASES[name].what,
    judgedText(group, 'old'),
    judgedText(group, 'new'),
    ...(['cpuVerdictSeconds', 'exitSeconds', 'peakMb'] as const).flatMap((figure) => cellsOf(group, figure)),
  ]);
  const three = (what: string): readonly string[] => [`${what}, old`, 'new', 'ratio'];
  const head = ['case', 'CPU judged, old', 'new', ...three('to CPU'), ...three('to the exit'), ...three('most memory')];
  return `${sourcesOf(rows)} Medians; seconds from the end of the builds.\n\n${markdownTable(head, body)}`;
};

if (!values.table) {
  const work = mkdtempSync(path.join(tmpdir(), 'wt-'));
  try {
    await campaign(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
console.log(`\n${table(rowsIn<WaitRow>(values.into))}\n`);
