/** The lines that give the same verdict on another machine. */
import type { ComparedRevision, Comparison, RunFile } from '../model/index.ts';
import { shellWord } from './inert.ts';
import type { Invocation } from './report.ts';
import { code, type Rich } from './rich.ts';

const COMMIT = /^[0-9a-f]{40,64}$/;
const DIRTY = /^([0-9a-f]{40,64})\+dirty:/;

/** What `--base` and `--head` take to mean this revision; a folder goes by what the user called it. */
const flagValue = (revision: ComparedRevision): string | null => {
  if (COMMIT.test(revision.revision)) return revision.revision;
  if (DIRTY.test(revision.revision)) return null;
  return revision.label;
};

const sideFlag = (flag: string, revision: ComparedRevision): readonly string[] => {
  const value = flagValue(revision);
  return value === null ? [] : [flag, value];
};

const scenarioFiles = (invocation: Invocation, run: RunFile | undefined): readonly string[] =>
  invocation.args.length > 0 ? invocation.args : (run?.runs.map((one) => one.scenario.file) ?? []);

const runLine = (comparison: Comparison, invocation: Invocation, run: RunFile | undefined): string => {
  const words = [
    ...scenarioFiles(invocation, run),
    ...sideFlag('--base', comparison.base),
    ...sideFlag('--head', comparison.head),
    '--seed',
    String(comparison.seed),
    ...invocation.flags,
  ];
  return `${invocation.program} run ${words.map(shellWord).join(' ')}`;
};

const storedLine = (invocation: Invocation): string =>
  `${invocation.program} ${invocation.command} ${[...invocation.args, ...invocation.flags].map(shellWord).join(' ')}`;

/** Runs can be repeated; a comparison of stored runs is repeated from its files. */
export const reproduceLines = (
  comparison: Comparison,
  invocation: Invocation,
  run: RunFile | undefined,
): readonly string[] => [
  invocation.command === 'compare' ? storedLine(invocation) : runLine(comparison, invocation, run),
];

/** What no command line can carry. */
export const reproduceNotes = (comparison: Comparison): readonly Rich[] =>
  (['base', 'head'] as const).flatMap((side): readonly Rich[] => {
    const { revision } = comparison[side];
    const commit = DIRTY.exec(revision)?.[1];
    if (commit === undefined) return [];
    return [[`The ${side} was `, code(commit.slice(0, 12)), ' with uncommitted changes: run it in that working tree.']];
  });
