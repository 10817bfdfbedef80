/** The load generator's process: takes orders over its message channel, one at a time, and answers each once. */
import { GodynoError, InvalidMeasurementError, TargetStartError, UsageError } from '../errors.ts';
import { AnswerBook } from './answers/answer-book.ts';
import {
  type LoaderReply,
  type LoaderCommand,
  type LoaderFailure,
  type LoadResult,
  parseOrder,
} from './plan/messages.ts';
import { testSeam } from './traffic/self-test.ts';
import { openSession, type LoaderSession } from './traffic/session.ts';

let session: LoaderSession | undefined;
/** Tested once, while the services are still being built or started; what is wrong with it is said to who attaches. */
const seam = testSeam();
seam.catch(() => undefined);
/** Outlives attachments: what varies shows only over launches. */
const book = new AnswerBook();

const requireSession = (): LoaderSession => {
  if (session === undefined) throw new Error('no targets are attached');
  return session;
};

const detach = (): null => {
  session?.close();
  session = undefined;
  return null;
};

const obey = async (command: LoaderCommand): Promise<LoadResult | null> => {
  switch (command.kind) {
    case 'attach':
      detach();
      await seam;
      session = await openSession(command.targets, command.plan, book);
      return null;
    case 'detach':
      return detach();
    case 'couples':
      return requireSession().couples(command.loop);
    case 'contention':
      return requireSession().contention(command.loop);
    case 'latency':
      return requireSession().latency(command.loop);
    case 'single':
      return requireSession().single(command.loop);
    case 'answers':
      return requireSession().answers(command.loop);
  }
};

const typeOf = (error: unknown): LoaderFailure['type'] => {
  if (error instanceof UsageError) return 'usage';
  if (error instanceof TargetStartError) return 'start';
  return error instanceof InvalidMeasurementError ? 'invalid' : 'internal';
};

const failureOf = (error: unknown): LoaderFailure =>
  error instanceof GodynoError
    ? { type: typeOf(error), code: error.code, message: error.message, hint: error.hint }
    : {
        type: 'internal',
        code: 'LOADER_FAILED',
        message: `The load generator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        hint: '',
      };

const answer = async (id: number, command: LoaderCommand): Promise<LoaderReply> => {
  try {
    return { id, kind: 'done', result: await obey(command) };
  } catch (error) {
    return { id, kind: 'failed', failure: failureOf(error) };
  }
};

// Nobody is left to measure for: a harness that dies takes its loader with it.
process.on('disconnect', () => process.exit(0));

process.on('message', (message) => {
  const order = parseOrder(message);
  if (order === undefined) return;
  void answer(order.id, order.command).then((reply) => process.send?.(reply));
});
