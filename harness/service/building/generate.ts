/** `target.generate`: the commands that make files in a side's own tree before its build, and the cache of what they made. */
import { createHash } from 'node:crypto';
import { cp, glob, lstat, mkdir, readFile, readdir, readlink, rename, rm, stat, utimes } from 'node:fs/promises';
import { appendFileSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BuildError, GodynoError } from '../../errors.ts';
import { fillTemplate, type GenerateCommand, type Side } from '../../model/index.ts';
import { runCommand } from '../../process/index.ts';
import { pruneFolder } from './prune.ts';

export interface GenerateRequest {
  readonly side: Side;
  /** The side's own copy: commands write into it. */
  readonly moduleDir: string;
  /** The module folder relative to the root of the source, for messages. */
  readonly place: string;
  readonly commands: readonly GenerateCommand[];
  /** `target.buildEnv` and the chosen Go, so that `go generate` sees what the build sees. */
  readonly env: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Where made files are kept; null: nowhere. */
  readonly cacheDir: string | null;
  readonly onCommand: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What decides what was made; null when a command without `inputs` may make something else each time. */
export type GeneratedDigest = string | null;

const lineOf = ({ command, args }: GenerateCommand): string =>
  command === 'sh' && args[0] === '-c' ? (args[1] ?? '') : [command, ...args].join(' ');

const lastLines = (text: string): string => {
  const lines = text.trimEnd().split('\n').slice(-20);
  return lines.join('\n') === '' ? '(it wrote nothing)' : lines.join('\n');
};

/** Files and links that the globs name, those below named folders included; sorted. */
const filesOf = async (folder: string, globs: readonly string[]): Promise<readonly string[]> => {
  const found = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    const entry = await lstat(join(folder, path)).catch(() => null);
    if (entry === null) return;
    if (!entry.isDirectory()) {
      found.add(path);
      return;
    }
    for (const name of await readdir(join(folder, path))) await visit(join(path, name));
  };
  for (const pattern of globs) for await (const path of glob(pattern, { cwd: folder })) await visit(path);
  return [...found].toSorted();
};

const keyOf = async (command: GenerateCommand, { moduleDir, env, values }: GenerateRequest): Promise<string> => {
  const hash = createHash('sha256');
  const { timeoutSeconds: _timeout, ...words } = command;
  hash.update(JSON.stringify([words, env, process.platform, process.arch, Object.keys(values)]));
  for (const file of await filesOf(moduleDir, command.inputs)) {
    const path = join(moduleDir, file);
    const isLink = (await lstat(path)).isSymbolicLink();
    hash.update(`\0${file}\0`).update(isLink ? await readlink(path) : await readFile(path));
  }
  return hash.digest('hex');
};

/** Made files are kept up to this size, all commands together. */
const KEPT_BYTES = 1024 ** 3;

const copyInto = async (from: string, to: string, files: readonly string[]): Promise<void> => {
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await cp(join(from, file), join(to, file), { verbatimSymlinks: true, force: true });
  }
};

/** Complete or absent: written aside, then renamed. A cache that cannot be written costs time, never the run. */
const keep = async (entry: string, moduleDir: string, files: readonly string[]): Promise<void> => {
  const aside = join(dirname(entry), `.${basename(entry)}.${process.pid}`);
  try {
    await copyInto(moduleDir, aside, files);
    await rename(aside, entry);
    await pruneFolder(dirname(entry), KEPT_BYTES);
  } catch {
    await rm(aside, { recursive: true, force: true }).catch(() => undefined);
  }
};

/** Puts what was made before into the tree; false when there is nothing. */
const takeKept = async (entry: string, moduleDir: string): Promise<boolean> => {
  if ((await stat(entry).catch(() => null)) === null) return false;
  await cp(entry, moduleDir, { recursive: true, verbatimSymlinks: true, force: true });
  const now = new Date();
  await utimes(entry, now, now).catch(() => undefined);
  return true;
};

const failed = (request: GenerateRequest, command: GenerateCommand, how: string, said: string): BuildError =>
  new BuildError(
    'GENERATE_FAILED',
    `${request.side}: the command "${lineOf(command)}" of target.generate ${how}:\n${lastLines(said)}`,
    `It runs in ${request.place === '' ? 'the module folder' : request.place} of the ${request.side}’s own copy, which holds what is in git and what target.include carries.${request.side === 'base' ? ' Commands for base alone go into target.base.' : ''} All of its output: ${request.logFile}`,
  );

const runOne = async (request: GenerateRequest, command: GenerateCommand): Promise<void> => {
  const fill = (text: string): string =>
    fillTemplate(text, (name) => (Object.hasOwn(request.values, name) ? request.values[name] : undefined));
  const filled = Object.entries({ ...request.env, ...command.env }).map(([name, text]) => [name, fill(text)]);
  const env = Object.fromEntries(filled) as Record<string, string>;
  request.onCommand(lineOf(command));
  const log = (text: string): void => appendFileSync(request.logFile, text, { mode: 0o600 });
  log(`$ ${lineOf(command)}\n`);
  try {
    const result = await runCommand(
      {
        file: fill(command.command),
        args: command.args.map(fill),
        cwd: request.moduleDir,
        env: { ...env, PWD: request.moduleDir },
        timeoutSeconds: command.timeoutSeconds,
      },
      request.signal,
    );
    const said = `${result.stdout}${result.stderr}`;
    log(said.endsWith('\n') || said === '' ? said : `${said}\n`);
    if (result.exitCode === 0) return;
    const how = result.timedOut
      ? `did not end within ${command.timeoutSeconds} s`
      : `ended with ${result.exitCode === null ? `signal ${result.signal ?? '?'}` : `exit code ${result.exitCode}`}`;
    throw failed(request, command, how, said);
  } catch (error) {
    request.signal.throwIfAborted();
    if (error instanceof BuildError || !(error instanceof GodynoError)) throw error;
    throw failed(request, command, 'could not be started', error.message);
  }
};

const makeOrTake = async (request: GenerateRequest, command: GenerateCommand): Promise<string | null> => {
  if (command.inputs.length === 0) {
    await runOne(request, command);
    return null;
  }
  const key = await keyOf(command, request);
  const entry = request.cacheDir === null ? null : join(request.cacheDir, key);
  if (entry !== null && (await takeKept(entry, request.moduleDir))) return key;
  await runOne(request, command);
  const made = await filesOf(request.moduleDir, command.outputs);
  if (made.length === 0) {
    throw failed(request, command, `made nothing that its outputs (${command.outputs.join(', ')}) match`, '');
  }
  if (entry !== null) await keep(entry, request.moduleDir, made);
  return key;
};

/**
 * Runs the commands in order, or takes what they made for the same inputs. Throws a {@link BuildError}
 * `GENERATE_FAILED` that names the side, with the command's last lines; its whole output is in `logFile`.
 */
export const generate = async (request: GenerateRequest): Promise<GeneratedDigest> => {
  if (request.commands.length === 0) return '';
  mkdirSync(dirname(request.logFile), { recursive: true });
  const keys: GeneratedDigest[] = [];
  for (const command of request.commands) keys.push(await makeOrTake(request, command));
  return keys.includes(null) ? null : keys.join('\0');
};
