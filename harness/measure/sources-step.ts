/** Says what bringing the sources is at, as a step of its own where that takes more than a moment. */
import { setTimeout as delay } from 'node:timers/promises';
import { withSeconds } from './progress-lines.ts';
import type { Say, Step } from './step.ts';

/** Most sources are there sooner. */
const MOMENT_MS = 1000;

export interface SourcesStep {
  readonly say: (text: string) => void;
  /** Ends the step, if there is one, as `sources` ended; resolves when nothing more of it is shown. */
  readonly end: (outcome: { readonly error?: unknown }) => Promise<void>;
}

export const beginSources = (step: Step): SourcesStep => {
  const ended = Promise.withResolvers<{ readonly error?: unknown }>();
  let latest = 'looking for both sides';
  let tell: Say = () => undefined;
  const show = (): void => {
    const text = latest;
    tell({ topic: text, line: (seconds) => withSeconds(text, seconds) });
  };
  const shown = async (): Promise<void> => {
    const isSoon = await Promise.race([ended.promise.then(() => true), delay(MOMENT_MS, false, { ref: false })]);
    if (isSoon) return;
    await step('sources of both sides', async (say) => {
      tell = say;
      show();
      const { error } = await ended.promise;
      if (error !== undefined) throw error;
    });
  };
  // Its failure is that of the sources, which whoever brings them knows.
  const over = shown().catch(() => undefined);
  return {
    say: (text) => {
      latest = text;
      show();
    },
    end: async (outcome) => {
      ended.resolve(outcome);
      await over;
    },
  };
};
