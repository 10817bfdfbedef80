/** How the loader itself fares during a window: a busy or starved loader makes its own latencies wrong. */
import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { LoaderWindow } from '../../model/index.ts';

/** Time all threads of this process waited for a CPU, in ns; undefined where /proc does not say (proc(5), schedstat). */
const runDelayNs = (): number | undefined => {
  let total = 0;
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      total += Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ')[1]);
    }
  } catch {
    return undefined;
  }
  return Number.isFinite(total) ? total : undefined;
};

/** Starts watching; the returned function ends it and says what was seen. */
export const watchHealth = (): (() => LoaderWindow) => {
  const delayBefore = runDelayNs();
  const cpuBefore = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  return () => {
    const loop = performance.eventLoopUtilization(loopBefore);
    const cpu = process.cpuUsage(cpuBefore);
    const delayAfter = runDelayNs();
    return {
      eventLoopRatio: loop.utilization,
      cpuNs: (cpu.user + cpu.system) * 1000,
      ...(delayBefore !== undefined && delayAfter !== undefined && { runDelayNs: delayAfter - delayBefore }),
    };
  };
};
