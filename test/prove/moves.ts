/**
 * Refactorings that add nothing: whether their rows say "moved", with the right twin, nobody is called the culprit of
 * a difference, and +3 % hidden inside the same change is still found. On sampled profiles of the demo's call paths
 * (moves-synthetic.ts), deterministic for a seed. Usage: node test/prove/moves.ts [seeds=5] [samples=6000]
 *
 * No build can fail by it: functions never fail one, and the totals are equal. Ends 1 when fewer than 15 of 20 have the
 * right twin, fewer than 18 of 20 hidden faults are named, or somebody is blamed more often than the false-discovery
 * level allows.
 */
import { compareFunctions } from '../../harness/compare/functions/compare-functions.ts';
import type { FunctionComparison } from '../../harness/model/index.ts';
import { inputOf, type Costs } from '../compare/functions/fixture.ts';
import { BASE, diffFor, type Move, MOVES, withHidden } from './moves-synthetic.ts';

const HIDDEN_RATIO = 0.03;
const LEAST_TWINS = 0.75;
const LEAST_FOUND = 0.9;
/** The false-discovery level of the test (docs/blame.md). */
const MOST_BLAMED = 0.05;

const [seeds = 5, samples = 6000] = process.argv.slice(2).map(Number);

const compareCosts = (move: Move, head: Costs, state: 'plain' | 'hidden', seed: number) => {
  const input = inputOf({ base: BASE, head, samples, seed, launches: 8, diff: diffFor(move, head, state) });
  return compareFunctions({ ...input, modulePath: 'example.com/app' });
};

/** Whether the row of the old or the new place names the other. */
const saysTwin = (rows: readonly FunctionComparison[], [from, to]: readonly [string, string]): boolean =>
  rows.some(
    ({ kind, function: name, movedTo }) =>
      kind === 'moved' && ((name === from && movedTo === to) || (name === to && movedTo === from)),
  );

const isNamed = ({ kind }: FunctionComparison): boolean => kind !== 'unclear' && kind !== 'moved';

/** A refactoring that moved no function's own cost is right when no row claims a change. */
const isTwinRight = ({ twin }: Move, rows: readonly FunctionComparison[]): boolean =>
  twin === null ? !rows.some(isNamed) : saysTwin(rows, twin);

interface Tally {
  blamed: number;
  twins: number;
  found: number;
  runs: number;
}

const all: Tally = { blamed: 0, twins: 0, found: 0, runs: 0 };
for (const [index, move] of MOVES.entries()) {
  const tally: Tally = { blamed: 0, twins: 0, found: 0, runs: 0 };
  const seen = new Set<string>();
  for (let seed = 1; seed <= seeds; seed++) {
    const plain = compareCosts(move, move.cut(BASE), 'plain', 1000 * index + seed);
    const hidden = compareCosts(move, withHidden(move, HIDDEN_RATIO), 'hidden', 1000 * index + 500 + seed);
    tally.runs++;
    if (plain.attribution.culprit !== null) {
      tally.blamed++;
      seen.add(`blamed ${plain.attribution.culprit}`);
    }
    if (isTwinRight(move, plain.functions)) tally.twins++;
    else {
      const rows = plain.functions.filter(({ kind }) => kind !== 'unclear');
      seen.add(
        rows.map((row) => `${row.function} ${row.kind}${row.movedTo === null ? '' : ` → ${row.movedTo}`}`).join(', ') ||
          'nothing',
      );
    }
    if (hidden.attribution.culprit === move.hidden) tally.found++;
    else seen.add(`hidden: named ${hidden.attribution.culprit ?? 'nobody'}`);
  }
  for (const key of ['blamed', 'twins', 'found', 'runs'] as const) all[key] += tally[key];
  console.log(
    `${move.title}: twin right ${tally.twins} of ${seeds}, blamed ${tally.blamed}, hidden +3 % found ${tally.found} of ${seeds}${seen.size > 0 ? `  (${[...seen].slice(0, 3).join('; ')})` : ''}`,
  );
}
console.log(
  `\n${MOVES.length} refactorings × ${seeds} seeds at ${samples} samples a side: right twin ${((100 * all.twins) / all.runs).toFixed(0)} %, ` +
    `a culprit named where nothing was added ${all.blamed} of ${all.runs}, hidden +3 % found ${((100 * all.found) / all.runs).toFixed(0)} %`,
);
if (all.twins < LEAST_TWINS * all.runs || all.found < LEAST_FOUND * all.runs || all.blamed > MOST_BLAMED * all.runs)
  process.exitCode = 1;
