/**
 * Asking again: what may pass by itself after a short pause, a rate limit after the time that GitHub names, both with
 * an end. Our own instead of Octokit's plugins: theirs (throttling 11.0, retry 8.1) go on waiting after Ctrl-C, wait for
 * a 429 only where it says "secondary rate" or that no request remains, and read a `Retry-After` that is a date as 60 s;
 * the store of artifacts is none of their business, as it is not the API.
 */
import { GodynoError } from '../errors.ts';
import { askedWaitSeconds, statusOf } from './refusals.ts';

/** `when refused`: only where a rate limit says that nothing was done. */
type Repeat = 'always' | 'when refused';

/** Who waits, and tells why. */
export interface WaitReporter {
  readonly signal: AbortSignal;
  readonly say?: (line: string) => void;
}

/** Of answers that may go away by themselves: no connection, 5xx. */
const PAUSES_SECONDS = [0.5, 3];
/** All waits of one request together; the publishing workflow that `init` writes may take five minutes. */
const LONGEST_WAIT_SECONDS = 150;
/** A server that asks for no time to speak of, again and again, is not asked for ever. */
const MOST_WAITS = 6;
const FIRST_WAIT_SECONDS = 1;

const pause = async (seconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    signal.addEventListener('abort', stop, { once: true });
  });

const mayPass = (status: number): boolean => status === 0 || status >= 500;

/** Resolves to what `attempt` gives in the end; rejects with the error of its last try. Our own errors are final. */
export const repeatedly = async <T>(attempt: () => Promise<T>, repeat: Repeat, waiter: WaitReporter): Promise<T> => {
  const pauses = repeat === 'always' ? [...PAUSES_SECONDS] : [];
  let waits = 0;
  let leftSeconds = LONGEST_WAIT_SECONDS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      waiter.signal.throwIfAborted();
      if (error instanceof GodynoError) throw error;
      const asked = askedWaitSeconds(error, Date.now());
      const nextPause = (): number | undefined => (mayPass(statusOf(error)) ? pauses.shift() : undefined);
      const seconds = asked === null ? nextPause() : Math.max(asked, FIRST_WAIT_SECONDS * 2 ** waits++);
      if (seconds === undefined || seconds > leftSeconds || waits > MOST_WAITS) throw error;
      leftSeconds -= seconds;
      if (asked !== null) waiter.say?.(`GitHub's rate limit: trying again in ${Math.ceil(seconds)} s.`);
      await pause(seconds, waiter.signal);
    }
  }
};
