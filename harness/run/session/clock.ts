/** The wall clock of one scenario after its builds; the only clock its conductor knows. */
export interface RunClock {
  readonly elapsedSeconds: () => number;
  readonly secondsLeft: () => number;
  /** Takes seconds out of the count: builds are not part of the budget. */
  readonly exclude: (seconds: number) => void;
}

export const startClock = (budgetSeconds: number, nowMs: () => number = () => performance.now()): RunClock => {
  const startedMs = nowMs();
  let excluded = 0;
  const elapsedSeconds = (): number => (nowMs() - startedMs) / 1000 - excluded;
  return {
    elapsedSeconds,
    secondsLeft: () => budgetSeconds - elapsedSeconds(),
    exclude: (seconds) => {
      excluded += seconds;
    },
  };
};
