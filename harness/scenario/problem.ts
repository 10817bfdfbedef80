/** What is wrong in a file someone wrote, said the way an editor says it: place, path, sentence, line and caret. */
import { UsageError } from '../errors.ts';

export interface SourcePosition {
  /** Both from 1, columns in UTF-16 units as editors count them. */
  readonly line: number;
  readonly column: number;
}

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

export interface Problem {
  readonly source: SourceText;
  readonly place: SourcePosition;
  /** `load.requests[0].weight`; empty when the file as a whole is meant. */
  readonly path: string;
  readonly message: string;
}

const MOST_SHOWN = 10;
/** Columns of source shown around the caret: a minified JSON line must not fill the screen. */
const WIDTH = 110;

/** Terminal control characters in someone's file must not reach the terminal. */
const printable = (text: string): string => text.replaceAll('\t', ' ').replaceAll(/\p{Cc}|\p{Cf}/gu, '·');

const excerpt = (source: SourceText, place: SourcePosition): string => {
  const line = source.text.split(/\r\n|\n|\r/)[place.line - 1] ?? '';
  const start = place.column > WIDTH - 20 ? place.column - 40 : 0;
  const shown = printable(line.slice(start, start + WIDTH));
  const number = String(place.line).padStart(4);
  const cut = start > 0 ? '…' : '';
  const caret = ' '.repeat(cut.length + place.column - 1 - start);
  return `${number} | ${cut}${shown}\n     | ${caret}^`;
};

const render = (problem: Problem): string => {
  const { source, place, path, message } = problem;
  const head = `${source.file}:${place.line}:${place.column}  ${path === '' ? '' : `${path}: `}${printable(message)}`;
  return `${head}\n${excerpt(source, place)}`;
};

/** One error for everything that is wrong, the scenario first, in the order of the file; the first ten are shown. */
export const problemsError = (problems: readonly Problem[], scenario: SourceText): UsageError => {
  const sorted = problems.toSorted(
    (a, b) =>
      Number(a.source !== scenario) - Number(b.source !== scenario) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column,
  );
  const shown = sorted.slice(0, MOST_SHOWN).map(render);
  if (sorted.length > MOST_SHOWN) shown.push(`… and ${sorted.length - MOST_SHOWN} more`);
  return new UsageError(
    'SCENARIO_INVALID',
    shown.join('\n\n'),
    problems.length === 1
      ? 'Correct this place; node_modules/godyno/docs/scenario.md lists every key.'
      : 'Correct these places; node_modules/godyno/docs/scenario.md lists every key.',
  );
};

/** Line and column of an offset into `text`. */
export const placeAt = (text: string, offset: number): SourcePosition => {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
};
