/** Where our words go may close before we are done (`| head`), or be full; neither is a crash. */
import { reportFailure } from './failure.ts';

const isClosedPipe = ({ code }: NodeJS.ErrnoException): boolean => code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';

/**
 * A reader that has gone has seen enough: what was begun goes on, and its results lie in files. Output that cannot be
 * written for another reason (`> /dev/full`) is an error; when stderr itself fails nobody is left to be told.
 */
export const surviveClosedPipes = (): void => {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!isClosedPipe(error)) process.exit(reportFailure(error));
  });
};
