/** qemu-user with our plugin: found, built for the plugin API of this qemu, tried on a small program, and started. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GodynoError } from '../errors.ts';
import { type CommandResult, type GoProgram, runCommand } from '../process/index.ts';
import { snapshot } from './counts-file.ts';

export interface QemuEngine {
  readonly kind: 'qemu';
  /** The emulator program, as found in PATH. */
  readonly program: string;
  /** E.g. `7.2.22`. */
  readonly version: string;
  readonly pluginApi: number;
  /** The compiled plugin. */
  readonly plugin: string;
}

/** Why an engine cannot be used, and the line that installs what is missing. */
export interface Missing {
  readonly reason: string;
  readonly hint: string;
}

export interface ProbeRequest {
  /** Compiled plugins and helpers are kept here between runs. */
  readonly cacheDir: string;
  /** Ours to write into. */
  readonly workDir: string;
  /** As Node names it; this machine's when left out. */
  readonly arch?: string;
  /** For what is built with Go; the user's own when left out. */
  readonly go?: GoProgram;
  /** PATH to search; ours when left out. */
  readonly path?: string;
  readonly signal: AbortSignal;
}

const PROGRAMS: Readonly<Record<string, string>> = { x64: 'qemu-x86_64', arm64: 'qemu-aarch64' };
const COMPILERS = ['cc', 'gcc', 'clang'] as const;
const INSTALL = 'apt-get install -y --no-install-recommends qemu-user gcc libc6-dev';

/** qemu 4.2 to 8.2 have 1; later ones count up and refuse what is too old. */
const PLUGIN_APIS = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const TRIAL_PROGRAMS = ['/bin/true', '/usr/bin/true'] as const;
const SHORT_SECONDS = 30;

const PLUGIN_SOURCE = fileURLToPath(new URL('./plugin/count.c', import.meta.url));

/** The result, or undefined when there is no such program. */
export const tryRun = async (
  request: ProbeRequest,
  file: string,
  args: readonly string[],
): Promise<CommandResult | undefined> => {
  try {
    return await runCommand(
      {
        file,
        args,
        cwd: request.workDir,
        timeoutSeconds: SHORT_SECONDS,
        ...(request.path === undefined ? {} : { env: { PATH: request.path } }),
      },
      request.signal,
    );
  } catch (cause) {
    if (cause instanceof GodynoError && cause.code === 'PROGRAM_MISSING') return undefined;
    throw cause;
  }
};

const versionOf = (output: string): string => /version (\S+)/.exec(output)?.[1] ?? 'unknown';

export const findCompiler = async (request: ProbeRequest): Promise<string | undefined> => {
  for (const compiler of COMPILERS) {
    if ((await tryRun(request, compiler, ['--version']))?.exitCode === 0) return compiler;
  }
  return undefined;
};

export const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** Builds the plugin for one API, or takes it from the cache; a string says why it could not be built. */
const buildPlugin = async (
  request: ProbeRequest,
  compiler: string,
  api: number,
): Promise<{ readonly file: string } | string> => {
  const key = createHash('sha256').update(readFileSync(PLUGIN_SOURCE)).update(`\0${api}`).digest('hex').slice(0, 16);
  const file = join(request.cacheDir, `count-${process.arch}-api${api}-${key}.so`);
  if (existsSync(file)) return { file };
  const fresh = `${file}.${process.pid}`;
  const flags = ['-O2', '-shared', '-fPIC', '-fvisibility=hidden', '-pthread', `-DPLUGIN_API=${api}`];
  const built = await tryRun(request, compiler, [...flags, '-o', fresh, PLUGIN_SOURCE]);
  if (built?.exitCode !== 0) return lastLine(built?.stderr ?? '');
  renameSync(fresh, file);
  return { file };
};

/** qemu splits a plugin's arguments at commas; a doubled one stands for itself. */
const escaped = (path: string): string => path.replaceAll(',', ',,');

const pluginArgs = (plugin: string, countsFile: string): readonly string[] => [
  '-plugin',
  `file=${escaped(plugin)},path=${escaped(countsFile)}`,
];

/** null when the plugin counted the small program; else what went wrong. */
const trial = async (request: ProbeRequest, program: string, plugin: string): Promise<string | null> => {
  const subject = TRIAL_PROGRAMS.find((file) => existsSync(file));
  if (subject === undefined) return `none of ${TRIAL_PROGRAMS.join(', ')} exists to try it on`;
  const counts = join(request.workDir, `trial-${process.pid}.counts`);
  try {
    const result = await tryRun(request, program, [...pluginArgs(plugin, counts), subject]);
    if (result?.exitCode !== 0) return lastLine(result?.stderr ?? '') || `ended by ${result?.signal ?? 'an error'}`;
    const { blocks, executions } = snapshot(counts);
    return blocks.count > 0 && executions.length > 0 ? null : 'the plugin was loaded but counted nothing';
  } catch (cause) {
    if (cause instanceof GodynoError && cause.code === 'COUNTS_UNREADABLE') return 'it ran without counting';
    throw cause;
  } finally {
    rmSync(counts, { force: true });
  }
};

/** Which qemu is here and works with our plugin; otherwise why not. Throws only the abort's reason. */
export const probeQemu = async (request: ProbeRequest): Promise<QemuEngine | Missing> => {
  const arch = request.arch ?? process.arch;
  const program = process.platform === 'linux' ? PROGRAMS[arch] : undefined;
  if (program === undefined) {
    return { reason: `no emulator for ${process.platform} on ${arch}`, hint: 'Use Linux on amd64 or arm64.' };
  }
  mkdirSync(request.cacheDir, { recursive: true });
  mkdirSync(request.workDir, { recursive: true });
  const asked = await tryRun(request, program, ['--version']);
  if (asked?.exitCode !== 0) return { reason: `${program} is not installed`, hint: INSTALL };
  const compiler = await findCompiler(request);
  if (compiler === undefined)
    return { reason: 'no C compiler (cc, gcc or clang) for the counting plugin', hint: INSTALL };
  let reason = '';
  for (const pluginApi of PLUGIN_APIS) {
    const built = await buildPlugin(request, compiler, pluginApi);
    if (typeof built === 'string') return { reason: `the counting plugin does not compile: ${built}`, hint: INSTALL };
    const failed = await trial(request, program, built.file);
    if (failed === null) {
      return { kind: 'qemu', program, version: versionOf(asked.stdout), pluginApi, plugin: built.file };
    }
    reason = failed;
    if (!failed.includes('API version')) break;
  }
  return { reason: `${program} ${versionOf(asked.stdout)} does not run the counting plugin: ${reason}`, hint: INSTALL };
};

/**
 * All that this emulator can do. It is no model of any machine, and never follows the one it runs on; it does follow the
 * emulator's version (emulated-cpu.ts asks what it is).
 */
export const EMULATED_CPU = 'max';

/** Of the plugin's source: what is counted, and as what. */
export const pluginDigest = (): string =>
  createHash('sha256').update(readFileSync(PLUGIN_SOURCE)).digest('hex').slice(0, 16);

/** No signals by the clock, no unwinding at random allocations. */
export const COUNTED_GODEBUG = 'asyncpreemptoff=1,memprofilerate=0';

export interface EmulatedStart {
  /** Program and arguments to put in front of the service. */
  readonly prefix: readonly string[];
  /** Environment the service must have, besides GOGC=off, GOMEMLIMIT=off and GOMAXPROCS=1. */
  readonly godebug: string;
}

/**
 * How to start a service so that it counts into `countsFile` (made anew). `-seed 1` fixes the random bytes the kernel
 * hands to a new process, hence map iteration and hashing: launches differ 3 to 20 times more without. Asynchronous
 * preemption is a signal every 10 ms of wall clock; heap samples unwind stacks at random allocations.
 */
export const startOf = (engine: QemuEngine, countsFile: string): EmulatedStart => ({
  prefix: [engine.program, '-cpu', EMULATED_CPU, '-seed', '1', ...pluginArgs(engine.plugin, countsFile)],
  godebug: COUNTED_GODEBUG,
});
