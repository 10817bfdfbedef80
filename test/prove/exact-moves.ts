/**
 * Refactorings of the demo's sources that add nothing (moves-rewrites.ts), counted by exact mode: none may be called
 * regressed, and the rows should say "moved" with the right twin. Then the same ones with 3 % hidden inside the code
 * that was refactored: they must be caught, and should be named.
 *
 * node test/prove/exact-moves.ts [part of a title …]     appends to docs/evidence/exact-moves.jsonl
 * node test/prove/exact-moves.ts --table                 the rates of all lines
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExactFindings } from '../../harness/compare/index.ts';
import { BURN_STATEMENTS, BURN_VARIABLES, makeVariant } from './demo-variant.ts';
import { evidenceOf } from './campaign.ts';
import { shareOf } from './evidence-table.ts';
import { type Built, type Rig, scenarioAt, withRig, inOwnFolder } from './exact-rig.ts';
import { isTwinRight, type Rewrite, REWRITES } from './moves-rewrites.ts';

const root = path.resolve(import.meta.dirname, '../..');
const HIDDEN_RATIO = 0.03;
const PROBE_ROUNDS = 200;
/** A function that is rarely called shows a probe of that size only. */
const LARGE_PROBE_ROUNDS = 20_000;
const LEAST_SEEN = 0.005;

interface Row {
  readonly title: string;
  readonly hidden: 'nothing' | '3 %';
  readonly verdict: string;
  readonly effectRatio: number | null;
  readonly twinRight: boolean;
  /** Function that the 3 % were put into, and who was named. */
  readonly planted: string | null;
  readonly named: string | null;
  readonly rows: readonly string[];
}

const evidence = evidenceOf<Row>('exact-moves');

/** Writes rounds of computing behind the opening brace of the function `name`, wherever in the copy it is. */
const hide = (folder: string, name: string, rounds: number): void => {
  const header = new RegExp(String.raw`^func (?:\([^)]*\) )?${name}(?:\[[^\]]*\])?\(.*\{\n`, 'm');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.go') && !file.endsWith('_test.go'))
    .map((file) => path.join(folder, file));
  const found = files.filter((file) => header.test(readFileSync(file, 'utf8')));
  const [only] = found;
  if (found.length !== 1 || only === undefined) throw new Error(`${name} is in ${found.length} files`);
  writeFileSync(
    only,
    readFileSync(only, 'utf8').replace(header, (line) => line + BURN_STATEMENTS) +
      `${BURN_VARIABLES}var zzRounds = ${rounds}\n`,
  );
};

const told = ({ functions }: ExactFindings): readonly string[] =>
  functions
    .filter(({ kind }) => kind !== 'unclear')
    .slice(0, 5)
    .map((row) => `${row.function} ${row.kind}${row.movedTo === null ? '' : ` -> ${row.movedTo}`}`);

const rowOf = (rewrite: Rewrite, hidden: Row['hidden'], { withDiff }: { readonly withDiff: ExactFindings }): Row => ({
  title: rewrite.title,
  hidden,
  verdict: withDiff.exactRows[0]?.verdict ?? 'refused',
  effectRatio: withDiff.exactRows[0]?.effectRatio ?? null,
  twinRight: isTwinRight(rewrite, withDiff.functions),
  planted: hidden === 'nothing' ? null : rewrite.hideIn,
  named: withDiff.attribution?.culprit ?? null,
  rows: told(withDiff),
});

const percent = (ratio: number | null): string => (ratio === null ? '–' : `${(100 * ratio).toFixed(3)} %`);

const say = (row: Row): void => {
  evidence.append(row);
  console.log(
    `${row.title}, ${row.hidden} hidden: ${row.verdict} ${percent(row.effectRatio)}, twin ${row.twinRight ? 'right' : 'NOT right'}, ` +
      `named ${row.named ?? 'nobody'}${row.planted === null ? '' : ` (in ${row.planted})`}: ${row.rows.join(', ')}`,
  );
};

const tryOne = async (rig: Rig, work: string, base: Built, rewrite: Rewrite): Promise<void> => {
  const head = path.join(work, 'head');
  const count = async (rounds: number) => {
    rmSync(head, { recursive: true, force: true });
    cpSync(base.folder, head, { recursive: true });
    rewrite.apply(head);
    if (rounds > 0) hide(head, rewrite.hideIn, rounds);
    return rig.count({ base, head: await rig.build('head', head, 'h') }, { base: null, head: null });
  };
  const pure = await count(0);
  say(rowOf(rewrite, 'nothing', pure));
  const without = pure.withDiff.exactRows[0]?.effectRatio ?? 0;
  const added = async (rounds: number): Promise<number> =>
    ((await count(rounds)).withDiff.exactRows[0]?.effectRatio ?? 0) - without;
  const small = await added(PROBE_ROUNDS);
  const perRound = small >= LEAST_SEEN ? small / PROBE_ROUNDS : (await added(LARGE_PROBE_ROUNDS)) / LARGE_PROBE_ROUNDS;
  const rounds = Math.round(HIDDEN_RATIO / perRound);
  if (!(rounds > 0)) throw new Error(`${rewrite.title}: ${rewrite.hideIn} is not called`);
  say(rowOf(rewrite, '3 %', await count(rounds)));
};

const words = process.argv.slice(2);
const run = async (work: string, signal: AbortSignal): Promise<void> => {
  const folder = path.join(work, 'base');
  makeVariant(folder);
  const scenario = scenarioAt(path.join(root, 'scenarios/demo.yml'));
  const own = { ...scenario, target: { ...scenario.target, module: '.' } };
  const wanted = REWRITES.filter(({ title }) => words.length === 0 || words.some((part) => title.includes(part)));
  await withRig({ scenario: own, workDir: path.join(work, 'w'), signal }, async (rig) => {
    const base = await rig.build('base', folder, 'b');
    for (const rewrite of wanted) await tryOne(rig, work, base, rewrite);
  });
};

if (!words.includes('--table')) await inOwnFolder('xm', run);

const rows = evidence.rows();
const pure = rows.filter(({ hidden }) => hidden === 'nothing');
const loaded = rows.filter(({ hidden }) => hidden === '3 %');
const count = (of: readonly Row[], is: (row: Row) => boolean): string => shareOf(of.filter(is).length, of.length);
const isNamed = ({ named, planted }: Row): boolean => named !== null && planted !== null && named.includes(planted);
console.log(`
| | |
| --- | --- |
| nothing hidden: called regressed | ${count(pure, ({ verdict }) => verdict === 'regressed')} |
| nothing hidden: right twin (nobody named where nothing moves) | ${count(pure, ({ twinRight }) => twinRight)} |
| 3 % hidden: called regressed | ${count(loaded, ({ verdict }) => verdict === 'regressed')} |
| 3 % hidden: the function it is in is named first | ${count(loaded, isNamed)} |
`);
const wrong = rows.filter(({ hidden, verdict }) => (verdict === 'regressed') !== (hidden === '3 %')).length;
console.log(`${rows.length - wrong} passed, ${wrong} failed`);
process.exitCode = wrong === 0 ? 0 : 1;
