/** `godyno doctor`: what this machine and the user's own target allow, each line with what to do about it. */
import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import { cpuSourceFor, hostEnvironment, readHostEdge, hostWindow } from '../../capture/index.ts';
import { EXIT, type ExitCode, GodynoError, reasonOf } from '../../errors.ts';
import type { LaneCpus, Scenario } from '../../model/index.ts';
import { type Engines, isMissing, type Missing, probeEngines } from '../../exact/index.ts';
import { canPin, coresOf, runCommand, usableCpus } from '../../process/index.ts';
import { findPerf, isPerfMissing, layOutCpus, type PerfTool } from '../../run/index.ts';
import { freePorts } from '../../service/index.ts';
import { formatPercent } from '../../units/index.ts';
import { type Check, fail, note, ok, warn } from '../doctor/check.ts';
import { examineTargets } from '../doctor/target.ts';
import { asideOn, waitingFor } from '../terminal/aside.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { LOADER, loadScenarios, withWorkFolder } from '../../measure/index.ts';
import { ONE_LAYOUT_TEXT, TOTALS_CHANGED_RATIO, METRICS } from '../../metrics/index.ts';
import { terminalText } from '../terminal/plain-text.ts';

const checkSystem = (): Check => {
  const { os, arch, cpuModel, cpus, kernel } = hostEnvironment(LOADER, process.env);
  const found = `${os} ${kernel} ${arch}, ${cpus} × ${cpuModel}`;
  if (os === 'win32')
    return fail('system', found, 'godyno measures on Linux (and, with fewer verdicts, macOS); use WSL or CI.');
  return os === 'linux'
    ? ok('system', found)
    : warn('system', found, 'CPU verdicts are made on Linux; here allocations and growth decide.');
};

const checkGo = async (signal: AbortSignal): Promise<Check> => {
  try {
    const { stdout } = await runCommand(
      { file: 'go', args: ['version'], cwd: process.cwd(), timeoutSeconds: 60 },
      signal,
    );
    const minor = Number(/go1\.(\d+)/.exec(stdout)?.[1] ?? 0);
    if (minor < 22) return fail('go', stdout.trim(), 'godyno needs Go 1.22 or newer.');
    if (minor < 23)
      return warn(
        'go',
        stdout.trim(),
        `Go 1.23 can link seeded layouts; with 1.22 the CPU limits are ${ONE_LAYOUT_TEXT}.`,
      );
    return ok('go', stdout.trim());
  } catch (error) {
    return fail('go', error instanceof GodynoError ? error.message : String(error), 'Install Go and put it on PATH.');
  }
};

const atOnce = (lanes: readonly LaneCpus[]): string =>
  lanes.length === 1
    ? ''
    : `; room for two launches at a time, services on CPU ${lanes.map(({ targetCpus }) => targetCpus.join(', ')).join(' and CPU ')}`;

const checkCpus = async (): Promise<Check> => {
  const cpus = usableCpus();
  const { can, reason } = await canPin();
  if (!can)
    return warn(
      'pinning',
      reason ?? 'not possible',
      'Without it CPU and latency are shown, not judged; install util-linux, or run where affinity is allowed.',
    );
  if (cpus === null || cpus.length < 2) {
    return warn(
      'pinning',
      `${cpus?.length ?? 0} usable CPU`,
      'Two are needed: one for the services, one for the load; with one only allocations and growth decide.',
    );
  }
  const { lanes } = layOutCpus({ cores: coresOf(cpus), wanted: 1, refusal: null });
  return ok('pinning', `CPUs ${cpus.join(', ')} usable, programs can be bound${atOnce(lanes)}`);
};

const checkProc = (): Check => {
  const source = cpuSourceFor({ pid: process.pid });
  return source === 'schedstat'
    ? ok('cpu time', '/proc/PID/task/*/schedstat counts nanoseconds')
    : warn(
        'cpu time',
        `only ${source}`,
        'The kernel offers no scheduler statistics; CPU comes from the service’s own rusage.',
      );
};

/** A quiet machine's own programs stay below. */
const BUSY_CPUS = 0.5;

/** How busy others keep this machine, over one second. */
const checkNeighbours = async (): Promise<Check> => {
  const start = readHostEdge([process.pid]);
  await delay(1000);
  return describeNeighbours(hostWindow(start, readHostEdge([process.pid])));
};

export const describeNeighbours = ({ stealRatio, foreignCpus }: ReturnType<typeof hostWindow>): Check => {
  if (stealRatio === undefined)
    return warn('neighbours', 'unknown (no /proc/stat)', 'Noise of others cannot be seen here.');
  const found = `steal ${formatPercent(stealRatio)}, other programs keep ${(foreignCpus ?? 0).toFixed(1)} CPUs busy`;
  if (stealRatio > 0.15)
    return warn('neighbours', found, 'Pairs with more than 15 % steal are discarded; try again later.');
  return (foreignCpus ?? 0) >= BUSY_CPUS
    ? warn('neighbours', found, 'Others slow both sides alike, so a run takes longer: stop them, or raise --budget.')
    : ok('neighbours', found);
};

const checkPorts = async (): Promise<Check> => {
  try {
    const ports = await freePorts(2);
    return ok('ports', `${ports.join(' and ')} are free`);
  } catch (error) {
    return fail('ports', reasonOf(error), 'Allow listening on 127.0.0.1.');
  }
};

/** Exact mode's engines, each tried on something small, in the order in which they are asked. */
const checkExact = async (signal: AbortSignal): Promise<readonly Check[]> =>
  withWorkFolder(async (workDir) => describeEngines(await probeEngines({ cacheDir: workDir, workDir, signal })));

/** What each engine can do here, what it lacks and how to get it; an engine that a better one replaces is not missed. */
export const describeEngines = ({ perf, qemu, cover }: Engines): readonly Check[] => {
  const replaced = (engine: Missing): string =>
    `not available, and not needed since the emulator counts (${engine.reason})`;
  return [
    isMissing(perf)
      ? isMissing(qemu)
        ? warn('exact mode: CPU counter', perf.reason, perf.hint)
        : note('exact mode: CPU counter', replaced(perf))
      : ok(
          'exact mode: CPU counter',
          `opens and counts: totals of instructions, changes from ${formatPercent(TOTALS_CHANGED_RATIO)} on`,
        ),
    isMissing(qemu)
      ? warn(
          'exact mode: emulator',
          qemu.reason,
          `To count instructions and name functions without noise: ${qemu.hint}`,
        )
      : ok(
          'exact mode: emulator',
          `qemu-user ${qemu.version}, plugin API ${qemu.pluginApi}: changes from ${formatPercent(METRICS.instructionsPerRequest.changedRatio)} on`,
        ),
    isMissing(cover)
      ? warn('exact mode: calls', cover.reason, cover.hint)
      : ok('exact mode: calls', 'Go’s coverage counters count calls of functions where nothing counts instructions'),
  ];
};

/** What samples C and the kernel, which Go's own profiler does not see. */
export const describePerf = (tool: PerfTool): Check =>
  isPerfMissing(tool)
    ? note(
        'perf',
        `not available: ${tool.reason}`,
        `Only to tell what C and the kernel take of a request. ${tool.hint}`,
      )
    : ok('perf', `${tool.version} samples the CPU with the kernel’s part: C and kernel are told by function`);

const SIGNS = { ok: ['green', '✔'], note: ['dim', '–'], warn: ['yellow', '!'], fail: ['red', '✖'] } as const;

const lineOf = ({ name, state, found, advice }: Check): string => {
  const [colour, sign] = SIGNS[state];
  const mark = styleText(colour, sign, { stream: process.stdout });
  return `${mark} ${terminalText(`${name}: ${found}`)}${advice === '' ? '' : `\n    ${terminalText(advice).replaceAll('\n', '\n    ')}`}`;
};

interface DoctorOptions {
  readonly base?: string | undefined;
  readonly head?: string | undefined;
  readonly json?: true | undefined;
}

export const examine = async ({ base, head, json }: DoctorOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const asJson = json === true;
    const checks: Check[] = [];
    const aside = asideOn(process.stderr);
    const add = (...more: readonly Check[]): void => {
      aside.over();
      checks.push(...more);
      if (!asJson) for (const check of more) process.stdout.write(`${lineOf(check)}\n`);
    };
    add(ok('node', process.version), checkSystem(), await checkGo(signal), await checkCpus(), checkProc());
    const { say } = aside;
    try {
      add(await checkNeighbours(), await checkPorts());
      say(waitingFor('trying what counts instructions'));
      add(...(await checkExact(signal)));
      add(await withWorkFolder(async (workDir) => describePerf(await findPerf(workDir, signal))));
      const scenarios = await scenariosFor(words, add);
      await withWorkFolder(async (workDir) => examineTargets({ scenarios, base, head, workDir, add, say, signal }));
    } finally {
      aside.end();
    }
    if (asJson) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
    return checks.some(({ state }) => state === 'fail') ? EXIT.usage : EXIT.ok;
  });

/** A missing or wrong scenario is a finding of the doctor, not its end. */
const scenariosFor = async (words: readonly string[], add: (check: Check) => void): Promise<readonly Scenario[]> => {
  try {
    return await loadScenarios(words);
  } catch (error) {
    if (!(error instanceof GodynoError)) throw error;
    const nothingYet = words.length === 0 && error.code === 'NO_SCENARIO';
    add(nothingYet ? warn('scenario', error.message, error.hint) : fail('scenario', error.message, error.hint));
    return [];
  }
};
