/**
 * The part of `npm run prove:profilers` that is about what Go's own CPU profile does not see: a loop in C that takes longer
 * and more system calls are named by perf, and by no row of Go's profiles; equal code is named by nothing. Each round builds
 * and measures test/targets/native anew with a new seed.
 *
 * node test/prove/below.ts [cgo=10] [writes=10] [same=20]
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PerfComparison, PerfRow, ScenarioComparison } from '../../harness/model/index.ts';
import { scenarioVerdictSentence } from '../../harness/report/words/sentence.ts';
import { measureOnce, nextSeed, root, type Sides } from './campaign.ts';
import { proveRows } from './rounds.ts';

interface Row {
  /** On head alone. */
  readonly plant: (service: string) => void;
  readonly perf: 'auto' | 'always';
  /** null: nothing. */
  readonly expected: (Pick<PerfRow, 'place' | 'below'> & { readonly mostly?: string; readonly says: string }) | null;
}

/** A part of a source file that is there exactly once. */
const edit = (service: string, file: string, from: string, to: string): void => {
  const place = path.join(service, file);
  const text = readFileSync(place, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold "${from}" exactly once`);
  writeFileSync(place, text.replace(from, to));
};

const ROWS: Readonly<Record<string, Row>> = {
  cgo: {
    plant: (service) => edit(service, 'spin.go', 'const moreInC = 0', 'const moreInC = 60_000'),
    perf: 'auto',
    expected: {
      place: 'C',
      below: 'main.routes.func2',
      mostly: 'spin',
      says: 'mostly C below `main.routes.func2`',
    },
  },
  writes: {
    plant: (service) => edit(service, 'main.go', 'const moreWrites = 0', 'const moreWrites = 200'),
    perf: 'auto',
    expected: { place: 'kernel', below: 'os.(*File).Write', says: 'mostly the kernel below `os.(*File).Write`' },
  },
  same: { plant: () => undefined, perf: 'always', expected: null },
};

const DEFAULT = ['cgo=10', 'writes=10', 'same=20'];

const SCENARIO = (perf: Row['perf']): string => `name: native
target: { module: test/targets/native, args: [-addr, "127.0.0.1:\${port}"], ready: GET /healthz }
load: { requests: [{ http: GET /work }], latency: false }
measure: { exact: "off", explain: ${perf === 'auto'}, perf: ${perf}, budget: ${process.env['PROVE_BUDGET'] ?? '75s'} }
`;

const sidesOf = (work: string, { plant }: Row): Sides => {
  const sides = { base: path.join(work, 'b'), head: path.join(work, 'h') };
  for (const folder of Object.values(sides)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    cpSync(path.join(root, 'test/targets/native'), path.join(folder, 'test/targets/native'), { recursive: true });
  }
  plant(path.join(sides.head, 'test/targets/native'));
  return sides;
};

/** Names of C's and the kernel's functions, none of which Go's profiles know. */
const isNative = (name: string): boolean => /^(?:spin|mix|(?:ksys|vfs|do_syscall|entry_SYSCALL)\w*)$/.test(name);

const isRight = ({ expected }: Row, found: ScenarioComparison): boolean => {
  const { perf, functions } = found;
  if (functions.some((row) => isNative(row.function))) return false;
  if (expected === null) return found.verdict !== 'regressed' && perf !== undefined && perf.rows.length === 0;
  const [first] = perf?.rows ?? [];
  return (
    first?.place === expected.place &&
    first.below === expected.below &&
    (expected.mostly ?? first.mostly) === first.mostly &&
    scenarioVerdictSentence(found).includes(expected.says)
  );
};

const amounts = ({ basePerRequest, headPerRequest }: { basePerRequest: number; headPerRequest: number }): string =>
  `${basePerRequest.toFixed(0)} → ${headPerRequest.toFixed(0)} ns`;

const figuresOf = ({ launches, samples, places, rows }: PerfComparison): string =>
  [
    `  ${launches} launches, ${samples.base} and ${samples.head} samples`,
    ...places.map((each) => `  ${each.place} ${amounts(each)}`),
    ...rows.map(
      (each) =>
        `  ${each.place} ${each.function ?? '(all)'} below ${each.below ?? '-'} ${amounts(each)} q ${each.qValue ?? '-'}`,
    ),
  ].join('\n');

const prove = async (work: string, name: string, rounds: number): Promise<number> => {
  const row = ROWS[name];
  if (row === undefined) throw new Error(`no row ${name}`);
  const sides = sidesOf(work, row);
  const scenario = path.join(work, 'native.yml');
  writeFileSync(scenario, SCENARIO(row.perf));
  let right = 0;
  for (let round = 0; round < rounds; round++) {
    const seed = nextSeed();
    const out = path.join(work, 'out');
    rmSync(out, { recursive: true, force: true });
    const { scenario: found } = await measureOnce(scenario, sides, out, ['--seed', String(seed)]);
    if (isRight(row, found)) right++;
    console.log([name, seed, isRight(row, found) ? 'right' : 'WRONG', found.verdict].join('  '));
    console.log(scenarioVerdictSentence(found));
    const { perf, launches, diagnosis = [] } = found;
    const why = diagnosis.find(({ capture }) => capture === 'perf')?.leftOut ?? 'nobody asked';
    console.log(perf === undefined ? `  no perf after ${launches} launches: ${why}` : figuresOf(perf));
  }
  console.log(`=> ${name}: ${right} of ${rounds}`);
  return rounds - right;
};

await proveRows(ROWS, DEFAULT, prove);
