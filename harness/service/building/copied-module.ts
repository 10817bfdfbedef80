/**
 * Folders copied out of the module cache are not complete: go.work without its members, relative replaces without
 * their targets, go.sum without what those had needed. Each remedy is taken only after `go` has said so, never writes
 * into the folder, and is told as a note.
 */
import { copyFileSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { TargetSpec } from '../../model/index.ts';
import type { GoProgram } from '../../process/index.ts';
import { callGo } from './go-command.ts';
import { goFailure } from './go-failure.ts';

export interface Remedy {
  readonly spec: TargetSpec;
  readonly note: string;
}

interface Replace {
  readonly Old: { readonly Path: string; readonly Version?: string };
  readonly New: { readonly Path: string };
}

const isMissingFolder = (path: string, cwd: string): boolean =>
  (path.startsWith('.') || isAbsolute(path)) && !existsSync(resolve(cwd, path));

const replacesOf = (text: string): readonly Replace[] => {
  const value = JSON.parse(text) as { readonly Replace?: readonly Replace[] | null };
  return value.Replace ?? [];
};

const hasFlag = (spec: TargetSpec, name: string): boolean =>
  spec.buildFlags.some((flag) => flag === `-${name}` || flag.startsWith(`-${name}=`));

const withoutWorkspace = (spec: TargetSpec): TargetSpec => ({ ...spec, buildEnv: { ...spec.buildEnv, GOWORK: 'off' } });

/** A go.mod of our own beside a copy of go.sum; `go` completes them instead of the folder's. */
const withOwnModFile = async (
  spec: TargetSpec,
  go: GoProgram,
  moduleDir: string,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly spec: TargetSpec; readonly dropped: readonly string[] }> => {
  mkdirSync(folder, { recursive: true });
  const modFile = join(folder, 'go.mod');
  copyFileSync(join(moduleDir, 'go.mod'), modFile);
  if (existsSync(join(moduleDir, 'go.sum'))) copyFileSync(join(moduleDir, 'go.sum'), join(folder, 'go.sum'));
  const call = { cwd: moduleDir, go, env: spec.buildEnv };
  const shown = await callGo({ ...call, args: ['mod', 'edit', '-json', modFile] }, signal);
  if (shown.exitCode !== 0)
    throw goFailure('go mod edit', { side: null, repeat: `go mod edit -json ${modFile}` }, shown);
  const missing = replacesOf(shown.stdout).filter(({ New }) => isMissingFolder(New.Path, moduleDir));
  if (missing.length > 0) {
    const drops = missing.map(
      ({ Old }) => `-dropreplace=${Old.Path}${Old.Version === undefined ? '' : `@${Old.Version}`}`,
    );
    const edited = await callGo({ ...call, args: ['mod', 'edit', ...drops, modFile] }, signal);
    if (edited.exitCode !== 0)
      throw goFailure('go mod edit', { side: null, repeat: `go mod edit ${drops.join(' ')} ${modFile}` }, edited);
  }
  return {
    spec: { ...spec, buildFlags: [...spec.buildFlags, `-modfile=${modFile}`, '-mod=mod'] },
    dropped: missing.map(({ Old, New }) => `${Old.Path} => ${New.Path}`),
  };
};

/** What to try after `go` failed with `code` in a plain folder; null when there is nothing (more) to try. */
export const remedyFor = async (
  code: string,
  spec: TargetSpec,
  go: GoProgram,
  moduleDir: string,
  folder: string,
  signal: AbortSignal,
): Promise<Remedy | null> => {
  if (code === 'GO_WORK_MEMBER_MISSING' && spec.buildEnv['GOWORK'] === undefined) {
    return { spec: withoutWorkspace(spec), note: 'go.work lists modules that are not there: built with GOWORK=off' };
  }
  if ((code === 'REPLACEMENT_MISSING' || code === 'GO_SUM_MISSING') && !hasFlag(spec, 'modfile')) {
    const made = await withOwnModFile(withoutWorkspace(spec), go, realpathSync(moduleDir), folder, signal);
    const dropped = made.dropped.length === 0 ? '' : `, without the replaces ${made.dropped.join(', ')}`;
    return { spec: made.spec, note: `the folder’s go.mod is not complete: built with -mod=mod from a copy${dropped}` };
  }
  return null;
};
