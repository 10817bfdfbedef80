/** What a launch leaves to be waited for and stored beside its figures: stops and logs, said once where they are large. */
import type { RunningTarget } from '../../service/index.ts';
import type { RunClock } from './clock.ts';

/** Shorter stops are not worth a word. */
const TOLD_SECONDS = 0.8;

export interface Upkeep {
  /** Stops these at the same time; the time is not part of the budget. What stops beside others counts once. */
  readonly stop: (targets: readonly RunningTarget[]) => Promise<void>;
  readonly notes: () => readonly string[];
}

const tenths = (seconds: number): string => seconds.toFixed(1);

const megabytes = (bytes: number): string => `${Math.max(1, Math.round(bytes / 1e6))} MB`;

export const keepUp = (
  clock: RunClock,
  stopTimeoutSeconds: number,
  nowMs: () => number = () => performance.now(),
): Upkeep => {
  const stops: number[] = [];
  const cuts: number[] = [];
  /** Launches whose services are being stopped, and since when there is one. */
  let stopping = 0;
  let stoppingSinceMs = 0;
  let stoppedSeconds = 0;
  const countOut = (seconds: number): void => {
    stoppedSeconds += seconds;
    clock.exclude(seconds, 'stops');
  };
  const stopNotes = (): readonly string[] => {
    const each = stops.reduce((sum, seconds) => sum + seconds, 0) / Math.max(1, stops.length);
    if (each < TOLD_SECONDS) return [];
    const how = each < stopTimeoutSeconds ? '' : ', and it had to be ended by force';
    return [
      `The service took ${tenths(each)} s to stop after each launch${how} (target.stopTimeout is ${stopTimeoutSeconds} s): ${tenths(stoppedSeconds)} s in all, not part of the budget.`,
    ];
  };
  const logNotes = (): readonly string[] =>
    cuts.length === 0
      ? []
      : [
          `The service writes large logs: of up to ${megabytes(Math.max(...cuts))} in a launch the beginning and the end are kept. What it costs to write them is part of what was measured.`,
        ];
  return {
    stop: async (targets) => {
      const begunMs = nowMs();
      if (stopping === 0) stoppingSinceMs = begunMs;
      stopping += 1;
      try {
        await Promise.all(targets.map(async (target) => target.stop()));
      } finally {
        stopping -= 1;
        if (stopping === 0) countOut((nowMs() - stoppingSinceMs) / 1000);
      }
      if (targets.length > 0) stops.push((nowMs() - begunMs) / 1000);
      cuts.push(...targets.map((target) => target.cutBytes()).filter((bytes) => bytes > 0));
    },
    notes: () => [...stopNotes(), ...logNotes()],
  };
};
