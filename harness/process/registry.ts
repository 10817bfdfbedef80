/** What runs right now, so that nothing is left behind whichever way we end. */
interface Stoppable {
  readonly pid: number;
  readonly stop: (graceSeconds: number) => Promise<void>;
}

const running = new Map<number, Stoppable>();

/** Signals the whole process group of `pid`; a group that is gone is what we wanted. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    // ESRCH: nobody left. EPERM: only zombies or a program that changed its user, which we cannot signal anyway.
    if (!isErrno(cause, 'ESRCH') && !isErrno(cause, 'EPERM')) throw cause;
  }
};

const isErrno = (cause: unknown, code: string): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === code;

const killNow = (): void => {
  for (const { pid } of running.values()) signalGroup(pid, 'SIGKILL');
};

export const register = (entry: Stoppable): void => {
  // Last resort: `exit` handlers are synchronous, so there is no grace left to give.
  // Before all others, which may remove the folders these programs write to.
  if (running.size === 0) process.prependListener('exit', killNow);
  running.set(entry.pid, entry);
};

export const unregister = (pid: number): void => {
  if (running.delete(pid) && running.size === 0) process.off('exit', killNow);
};

export const runningCount = (): number => running.size;

/** Stops everything that was started and still runs; resolves when all of it has exited. */
export const stopAll = async (graceSeconds = 2): Promise<void> => {
  await Promise.all([...running.values()].map(async ({ stop }) => stop(graceSeconds)));
};
