/**
 * `npm run bench:wait`: how long people wait. This build and an old one measure the same sides in turn on this machine:
 * seconds from the end of the builds to the verdict on CPU and to the end of the command, and the most memory that the
 * harness takes. Every run is a line of docs/evidence/wait.jsonl; medians of all lines are printed.
 *
 * node test/prove/wait.ts [--cases=demo,plus5,plus5-off,victoria,sqlite] [--runs=12] [--old=FOLDER]
 *
 * --old <folder> is a checkout of the old godyno that has been built; left out, one is made in a temporary folder, of
 * `--old-commit`. Words after `--` are flags of both versions (`-- --budget 40s`). --table prints the table and measures nothing; --into <file> adds the lines there instead.
 *
 * Times are taken from what either version says while it works: `built in …` first, `after 8 launches: cpuNsPerRequest
 * unchanged …` later. Both versions have the same seed in a round, and who is first changes from round to round.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { appendRow, evidenceFile, nextSeed, peakMbOf, provenance, root, rowsIn } from './campaign.ts';
import { markdownTable, quantile, secondsText, sourcesOf } from './evidence-table.ts';
import { WAIT_CASES, type WaitCaseName } from './wait-cases.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: Object.keys(WAIT_CASES).join(',') },
    runs: { type: 'string', default: '12' },
    old: { type: 'string' },
    'old-commit': { type: 'string', default: 'd9ad4f0' },
    into: { type: 'string', default: evidenceFile('wait') },
    table: { type: 'boolean', default: false },
  },
});

type Version = 'old' | 'new';

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
  /** From there to the line that decides CPU; null: none did. */
  readonly cpuVerdictSeconds: number | null;
  /** From there to the exit of the command. */
  readonly exitSeconds: number | null;
  readonly peakMb: number;
}

type Waited = Pick<WaitRow, 'code' | 'buildSeconds' | 'cpuVerdictSeconds' | 'exitSeconds' | 'peakMb'>;

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

const campaign = async (work: string): Promise<void> => {
  const made = path.join(work, 'old');
  try {
    const checkouts: Readonly<Record<Version, string>> = { old: values.old ?? oldCheckout(made), new: root };
    for (const name of casesAsked()) {
      const { flags, make } = WAIT_CASES[name];
      const { sides, scenario } = await make(path.join(work, name));
      for (let run = 0; run < Number(values.runs); run++) {
        const seed = nextSeed();
        for (const version of run % 2 === 0 ? (['old', 'new'] as const) : (['new', 'old'] as const)) {
          const out = path.join(work, 'out');
          rmSync(out, { recursive: true, force: true });
          const args = [scenario, '--base', sides.base, '--head', sides.head, '--out', out, '--seed', String(seed)];
          const waited = await waitFor(checkouts[version], [...args, ...flags, ...positionals]);
          const ran = commitOf(checkouts[version]);
          const row: WaitRow = { ...provenance(), case: name, version, ran, seed, ...waited };
          appendRow(values.into, row);
          console.log(JSON.stringify(row));
        }
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

const table = (rows: readonly WaitRow[]): string => {
  const body = [...Map.groupBy(rows, (row) => row.case)].map(([name, group]) => [
    WAIT_CASES[name].what,
    `${group.filter(({ version }) => version === 'old').length}, ${group.filter(({ version }) => version === 'new').length}`,
    ...(['cpuVerdictSeconds', 'exitSeconds', 'peakMb'] as const).flatMap((figure) => cellsOf(group, figure)),
  ]);
  const three = (what: string): readonly string[] => [`${what}, old`, 'new', 'ratio'];
  const head = ['case', 'runs, old and new', ...three('to CPU'), ...three('to the exit'), ...three('most memory')];
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
