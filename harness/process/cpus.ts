/** Which CPUs we may use, and whether programs can be bound to them. */
import { readFileSync } from 'node:fs';
import { runCommand } from './command.ts';
import { findProgram, type ProcessEnv } from './program.ts';

export interface PinAbility {
  readonly can: boolean;
  /** One sentence why not; null when it can. */
  readonly reason: string | null;
}

/** `0-2,5` → [0, 1, 2, 5]: the kernel's list format (cpuset(7)). */
export const parseCpuList = (text: string): readonly number[] =>
  text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first, last] = part.split('-').map(Number);
      if (first === undefined || Number.isNaN(first)) return [];
      return Array.from({ length: (last ?? first) - first + 1 }, (_, index) => first + index);
    });

/** CPUs this process may run on, ascending; null where the system does not say (no /proc). */
export const usableCpus = (statusFile = '/proc/self/status'): readonly number[] | null => {
  let status: string;
  try {
    status = readFileSync(statusFile, 'utf8');
  } catch {
    return null;
  }
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1];
  return list === undefined ? null : parseCpuList(list);
};

/** Where Linux keeps which CPUs share a core. */
const TOPOLOGY = '/sys/devices/system/cpu';

/** Hardware threads of its core, itself among them; null where the system does not tell. */
const siblingsOf = (cpu: number, topology: string): readonly number[] | null => {
  try {
    return parseCpuList(readFileSync(`${topology}/cpu${cpu}/topology/thread_siblings_list`, 'utf8'));
  } catch {
    return null;
  }
};

/** These CPUs core by core, in their order. A CPU of which the system does not tell is a core of its own. */
export const coresOf = (cpus: readonly number[], topology = TOPOLOGY): readonly (readonly number[])[] => {
  const cores = Map.groupBy(cpus, (cpu) => (siblingsOf(cpu, topology) ?? [cpu]).join());
  return [...cores.values()];
};

/** Tries it: only a program that really ran bound to a CPU proves that containers and security modules allow it. */
export const canPin = async (
  env: ProcessEnv = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<PinAbility> => {
  const cpus = usableCpus();
  const first = cpus?.[0];
  if (first === undefined) return { can: false, reason: `${process.platform} offers no CPU affinity to programs` };
  if (findProgram('taskset', '/', env) === undefined) {
    return { can: false, reason: 'the program taskset (package util-linux) is not installed' };
  }
  const result = await runCommand(
    { file: 'taskset', args: ['-c', String(first), process.execPath, '--version'], cwd: '/', env, timeoutSeconds: 20 },
    signal,
  );
  return result.exitCode === 0
    ? { can: true, reason: null }
    : { can: false, reason: `this system refuses CPU affinity: ${result.stderr.trim().split('\n')[0] ?? ''}` };
};
