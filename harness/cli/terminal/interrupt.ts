/**
 * Ctrl-C and SIGTERM as an AbortSignal: the first one stops what runs and cleans up, a second one gives up waiting.
 */
import { stopAll } from '../../process/index.ts';
import { EXIT, InterruptedError } from '../../errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What was started has seconds to stop; whatever hangs longer than this is given up, as after a second signal. */
const PATIENCE_MS = 30_000;

/** Runs `use` with a signal that aborts on Ctrl-C; rejects with {@link InterruptedError} then. */
export const withInterrupt = async <T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController();
  const giveUp = (): never => {
    void stopAll();
    process.exit(EXIT.interrupted);
  };
  const onSignal = (): void => {
    if (controller.signal.aborted) giveUp();
    process.stderr.write('\nStopping; press Ctrl-C again to give up waiting.\n');
    controller.abort(new InterruptedError());
    setTimeout(giveUp, PATIENCE_MS).unref();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await use(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? new InterruptedError() : error;
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
};
