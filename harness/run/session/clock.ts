/** The wall clock of one scenario after its builds; the only clock its conductor knows. */
export interface RunClock {
  readonly elapsedSeconds: () => number;
  readonly secondsLeft: () => number;
  /** Takes seconds out of the count: these are not part of the budget. */
  readonly exclude: (seconds: number, what: Excluded) => void;
  readonly excludedSeconds: (what: Excluded) => number;
  /** All that passed, whatever is excluded. */
  readonly wallSeconds: () => number;
}

export type Excluded = 'builds' | 'stops';

export const startClock = (budgetSeconds: number, nowMs: () => number = () => performance.now()): RunClock => {
  const startedMs = nowMs();
  const excluded = { builds: 0, stops: 0 };
  const wallSeconds = (): number => (nowMs() - startedMs) / 1000;
  const elapsedSeconds = (): number => wallSeconds() - excluded.builds - excluded.stops;
  return {
    elapsedSeconds,
    secondsLeft: () => budgetSeconds - elapsedSeconds(),
    exclude: (seconds, what) => {
      excluded[what] += seconds;
    },
    excludedSeconds: (what) => excluded[what],
    wallSeconds,
  };
};
