/** A line that people can run to see a build fail as it did here, where the side’s own folder is gone by then. */
import { relative } from 'node:path';
import type { Revision, Side, TargetSpec } from '../../model/index.ts';
import { chosenGo } from './toolchain.ts';

export interface RepeatedBuild {
  readonly side: Side;
  readonly revision: Revision;
  readonly sourceDir: string;
  readonly moduleDir: string;
  readonly spec: TargetSpec;
}

const shellWord = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const buildLine = ({ package: name, buildFlags, buildEnv, go }: TargetSpec, side: Side): string => {
  const { file, env: ofGo } = chosenGo(go?.[side], '');
  const env = Object.entries({ ...buildEnv, ...ofGo }).map(([key, value]) => `${key}=${shellWord(value)}`);
  return [...env, shellWord(file), 'build', ...['-o', '/dev/null', ...buildFlags, name].map(shellWord)].join(' ');
};

const inFolder = (folder: string, line: string): string =>
  folder === '' || folder === '.' ? line : `cd ${shellWord(folder)} && ${line}`;

/** For a commit, its files in a new folder; for a folder, that; else the working tree. */
export const repeatLine = ({ side, revision, sourceDir, moduleDir, spec }: RepeatedBuild): string => {
  const build = buildLine(spec, side);
  if (revision.kind === 'folder') return inFolder(moduleDir, build);
  const module = relative(sourceDir, moduleDir);
  if (revision.kind === 'worktree') return inFolder(module, build);
  const commit = revision.revision.slice(0, 12);
  const place = module === '' ? '"$d"' : `"$d"/${shellWord(module)}`;
  return `d=$(mktemp -d) && git archive ${commit} | tar -x -C "$d" && cd ${place} && ${build}`;
};
