/** Which files and lines differ between the two folders, whatever they came from. */
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { UsageError } from '../errors.ts';
import type { BySide, FileDiff, GoLines, ModuleChange } from '../model/index.ts';
import { splitNul, tryGit } from './git.ts';
import { goLinesOf, moduleChanges } from './go-mod.ts';
import type { SourceTree } from './sides.ts';

export interface DiffRequest {
  readonly base: Pick<SourceTree, 'rootDir'>;
  readonly head: Pick<SourceTree, 'rootDir'>;
  /** Module folder relative to the roots; files are named relative to it (`../` for those outside). */
  readonly module: string;
  readonly signal: AbortSignal;
}

export interface SideDiff {
  readonly files: readonly FileDiff[];
  /** From the two go.mod files. */
  readonly modules: readonly ModuleChange[];
  readonly goLines: BySide<GoLines>;
}

type Range = readonly [number, number];

interface Change {
  readonly letter: string;
  /** Absolute paths; the same one twice unless renamed. */
  readonly from: string;
  readonly to: string;
}

/** `--name-status -z`: letter (and similarity), path, and for renames the new path (git-diff(1)). */
export const parseNameStatus = (text: string): readonly Change[] => {
  const words = splitNul(text);
  const changes: Change[] = [];
  for (let index = 0; index < words.length; ) {
    const letter = (words[index++] ?? '').charAt(0);
    const from = words[index++] ?? '';
    changes.push({ letter, from, to: letter === 'R' || letter === 'C' ? (words[index++] ?? '') : from });
  }
  return changes;
};

interface ChangedLines {
  readonly baseLines: readonly Range[];
  readonly headLines: readonly Range[];
}

/** `-5,2` → [5, 6]; a count of 0 touches no line of that side. */
const rangeOf = (start: string, count: string | undefined): readonly Range[] => {
  const lines = count === undefined ? 1 : Number(count);
  return lines === 0 ? [] : [[Number(start), Number(start) + lines - 1]];
};

/** Changed lines per file, in the order of the patches; without context no other line starts with `diff` or `@@`.
 * Lines end at `\n` only: a carriage return inside a line is content, so the regular expressions do without `^`. */
export const parsePatches = (text: string): readonly ChangedLines[] =>
  text
    .split(/(?:^|\n)diff --git /)
    .slice(1)
    .map((patch) => {
      const hunks = [...patch.matchAll(/\n@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/g)];
      return {
        baseLines: hunks.flatMap(([, start = '', count]) => rangeOf(start, count)),
        headLines: hunks.flatMap(([, , , start = '', count]) => rangeOf(start, count)),
      };
    });

/** A file whose kind changed (a link that became a file) is two patches: deleted, then created. */
const takeLines = (letter: string, patches: ChangedLines[]): ChangedLines => {
  const first = patches.shift() ?? { baseLines: [], headLines: [] };
  if (letter !== 'T') return first;
  return { baseLines: first.baseLines, headLines: patches.shift()?.headLines ?? [] };
};

const STATUS: Readonly<Record<string, FileDiff['status']>> = { A: 'added', D: 'deleted', R: 'renamed', C: 'added' };

const DIFF = [
  '-c',
  'core.quotePath=false',
  'diff',
  '--no-index',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '-M',
  '-l4000',
];

const runDiff = async (request: DiffRequest, how: readonly string[]): Promise<string> => {
  const folders = [request.base.rootDir, request.head.rootDir];
  const result = await tryGit(request.head.rootDir, [...DIFF, ...how, '--', ...folders], request.signal);
  // 1: they differ.
  if (result.exitCode === 0 || result.exitCode === 1) return result.stdout;
  throw new UsageError(
    'DIFF_FAILED',
    `The sides could not be compared file by file: ${result.stderr.trim()}`,
    'Look whether both folders can be read, and whether memory is short.',
  );
};

const readOrEmpty = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    // A side without go.mod requires nothing.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw cause;
  }
};

const slashed = (path: string): string => path.replaceAll(sep, '/');

/** Git's own, ours, and what npm installs, which a plain folder may hold. */
const NOT_SOURCE = new Set(['.git', '.godyno', 'node_modules']);

/** Both sides' folders must exist. A file of one side is named by that side's path, renamed ones by the head's. */
export const diffSides = async (request: DiffRequest): Promise<SideDiff> => {
  const { base, head, module } = request;
  const patches = [...parsePatches(await runDiff(request, ['-U0']))];
  const nameOf = (path: string): string => {
    const root = `${path}/`.startsWith(`${head.rootDir}/`) ? head.rootDir : base.rootDir;
    return slashed(relative(join(root, module), path));
  };
  const files = parseNameStatus(await runDiff(request, ['--name-status', '-z'])).map(({ letter, from, to }) => ({
    file: nameOf(to),
    status: STATUS[letter] ?? 'modified',
    renamedFrom: letter === 'R' ? nameOf(from) : null,
    ...takeLines(letter, patches),
  }));
  const [baseGoMod, headGoMod] = await Promise.all(
    [base, head].map(async ({ rootDir }) => readOrEmpty(join(rootDir, module, 'go.mod'))),
  );
  return {
    files: files.filter(({ file }) => !file.split('/').some((part) => NOT_SOURCE.has(part))),
    modules: moduleChanges(baseGoMod ?? '', headGoMod ?? ''),
    goLines: { base: goLinesOf(baseGoMod ?? ''), head: goLinesOf(headGoMod ?? '') },
  };
};
