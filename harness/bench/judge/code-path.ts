/**
 * Whether a benchmark runs anything that was changed: executed blocks, as Go's coverage counts them, against changed
 * lines. Whatever cannot be placed (declarations, imports, files that are not Go, other modules) counts as run.
 */
import type { FileDiff } from '../../model/index.ts';

/** One basic block of `go tool cover`. */
interface Block {
  readonly fromLine: number;
  readonly toLine: number;
  readonly isRun: boolean;
}

/** File, as coverage names it (`example.com/m/codec/codec.go`) → its blocks. */
export type Coverage = ReadonlyMap<string, readonly Block[]>;

/** Of -test.coverprofile, with set or count mode. */
export const readCoverage = (text: string): Coverage => {
  const rows = [...text.matchAll(/^(\S.*):(\d+)\.\d+,(\d+)\.\d+ \d+ (\d+)$/gm)].map(
    ([, file = '', from = '', to = '', count = '']) => ({
      file,
      block: { fromLine: Number(from), toLine: Number(to), isRun: count !== '0' },
    }),
  );
  const byFile = Map.groupBy(rows, ({ file }) => file);
  return new Map([...byFile].map(([file, all]) => [file, all.map(({ block }) => block)]));
};

/** One side of a changed file. */
export interface ChangedFile {
  /** Relative to the folder in which `go` is called, `/`-separated. */
  readonly file: string;
  readonly changedLines: readonly (readonly [number, number])[];
  /** Its text on that side; null: it is not there. */
  readonly text: string | null;
}

/** Lines of one side. */
export const changedOn = (
  side: 'base' | 'head',
  { file, renamedFrom, baseLines, headLines }: FileDiff,
): Omit<ChangedFile, 'text'> =>
  side === 'base' ? { file: renamedFrom ?? file, changedLines: baseLines } : { file, changedLines: headLines };

/** Comments that the compiler reads. */
const DIRECTIVE = /^\s*\/\/(?:go:|line |export |\s*\+build)/;
const SAYS_NOTHING = /^\s*(?:\/\/.*)?$|^package \w+\s*$/;

/** What Go's source may be in the middle of at the end of a line, and all that ends within one. */
const PIECES =
  /\/\/.*|\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))|`[^`]*(?:`|$(?![\s\S]))|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;

/** Line by line, from 1: inside of a text of several lines, where nothing is a comment. */
const linesOfText = (text: string): ReadonlySet<number> => {
  const inside = new Set<number>();
  let number = 1;
  let counted = 0;
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    if (!piece.startsWith('`')) continue;
    number += text.slice(counted, index).split('\n').length - 1;
    counted = index;
    const rows = piece.split('\n').length;
    for (let row = 0; row < rows && rows > 1; row++) inside.add(number + row);
  }
  return inside;
};

const isSilent = (line: string): boolean => SAYS_NOTHING.test(line) && !DIRECTIVE.test(line);

const blocksOf = (file: string, coverage: Coverage): readonly Block[] =>
  [...coverage].filter(([name]) => name.endsWith(`/${file}`)).flatMap(([, blocks]) => blocks);

const isLineRun = (number: number, blocks: readonly Block[]): boolean => {
  const around = blocks.filter(({ fromLine, toLine }) => fromLine <= number && number <= toLine);
  // Outside of all blocks: a declaration.
  return around.length === 0 || around.some(({ isRun }) => isRun);
};

const folderOf = (file: string): string => file.replace(/[^/]*$/, '');

/** Words about the module at its top: nothing reads them. */
const isReadme = (file: string): boolean => /^[^/]+\.md$/.test(file);

const isFileRun = ({ file, changedLines, text }: ChangedFile, coverage: Coverage, ownFolder: string): boolean => {
  if (isReadme(file) || changedLines.length === 0) return false;
  if (!file.endsWith('.go') || text === null) return true;
  // Tests of other packages are no part of this program.
  if (file.endsWith('_test.go') && folderOf(file) !== ownFolder) return false;
  const lines = text.split('\n');
  const inText = linesOfText(text);
  const blocks = file.endsWith('_test.go') ? [] : blocksOf(file, coverage);
  return changedLines.some(([from, to]) => {
    for (let number = from; number <= to; number++) {
      const isWord = inText.has(number) || !isSilent(lines[number - 1] ?? '');
      if (isWord && isLineRun(number, blocks)) return true;
    }
    return false;
  });
};

/** @param ownFolder of the package, relative as the files are, with `/` at its end; '' at the top */
export const runsChanged = (changed: readonly ChangedFile[], coverage: Coverage, ownFolder: string): boolean =>
  changed.some((one) => isFileRun(one, coverage, ownFolder));
