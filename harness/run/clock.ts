/** The wall clock of one scenario after its builds; the only clock its conductor knows. */
export interface RunClock {
  readonly elapsedSeconds: () => number;
  readonly secondsLeft: () => number;
}

export const startClock = (budgetSeconds: number, nowMs: () => number = () => performance.now()): RunClock => {
  const startedMs = nowMs();
  const elapsedSeconds = (): number => (nowMs() - startedMs) / 1000;
  return { elapsedSeconds, secondsLeft: () => budgetSeconds - elapsedSeconds() };
};
