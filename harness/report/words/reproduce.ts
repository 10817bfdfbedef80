/** The lines that give the same verdict on another machine. */
import type { ComparedRevision, Comparison, RunFile } from '../../model/index.ts';
import { shellWord } from '../text/escape.ts';
import type { Invocation } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const COMMIT = /^[0-9a-f]{40,64}$/;
const DIRTY = /^([0-9a-f]{40,64})\+dirty:/;

/**
 * What `--base` and `--head` take to mean this revision: the commit, so that a moved branch changes nothing; what the
 * user said where there is none. A working tree is the default of `--head` and is left out.
 */
const flagValue = (revision: ComparedRevision, told: string | undefined): string | null => {
  if (COMMIT.test(revision.revision)) return revision.revision;
  return DIRTY.test(revision.revision) ? null : (told ?? revision.label);
};

const sideFlags = (comparison: Comparison, invocation: Invocation, run: RunFile | undefined): readonly string[] => {
  const kept = comparison.method !== 'duet' || run?.base.kind === 'baseline';
  const stored = kept && invocation.base !== undefined;
  const base = stored ? invocation.base : flagValue(comparison.base, invocation.base);
  const head = flagValue(comparison.head, invocation.head);
  return [...(base === null ? [] : ['--base', base]), ...(head === null ? [] : ['--head', head])];
};

const scenarioFiles = (invocation: Invocation, run: RunFile | undefined): readonly string[] =>
  invocation.args.length > 0 ? invocation.args : (run?.runs.map((one) => one.scenario.file) ?? []);

const runLine = (comparison: Comparison, invocation: Invocation, run: RunFile | undefined): string => {
  const words = [
    ...scenarioFiles(invocation, run),
    ...sideFlags(comparison, invocation, run),
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
export const reproduceNotes = (comparison: Comparison): readonly InlineText[] =>
  (['base', 'head'] as const).flatMap((side): readonly InlineText[] => {
    const { revision } = comparison[side];
    const commit = DIRTY.exec(revision)?.[1];
    if (commit === undefined) return [];
    return [[`The ${side} was `, code(commit.slice(0, 12)), ' with uncommitted changes: run it in that working tree.']];
  });
