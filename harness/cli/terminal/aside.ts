/**
 * What is waited for by commands that print their findings as they come: on a terminal one line, rubbed out before the next
 * finding; in a log a line now and then. On stderr, so that stdout holds the findings alone.
 */
import { type Meanwhile, type Say, withSeconds } from '../../measure/index.ts';
import { terminalText } from './plain-text.ts';
import { showProgress } from './progress.ts';

export interface Aside {
  /** What stands is said elsewhere, and only ends here what went on. */
  readonly say: Say;
  /** To be called before anything else is printed. */
  readonly over: () => void;
  readonly end: () => void;
}

type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;

/** Back to the line's begin, and all of it erased (ECMA-48, EL 2). */
const RUB_OUT = '\r\u001B[2K';

/** Of terminals that do not tell, some of which tell 0. */
const USUAL_COLUMNS = 80;

export const asideOn = (stream: Terminal): Aside => {
  let isShown = false;
  const { say, rest, end } = showProgress(stream.isTTY ? 'live' : 'log', (line) => {
    const text = terminalText(line);
    isShown = stream.isTTY;
    // What does not fit would begin a line that is not rubbed out.
    stream.write(isShown ? `${RUB_OUT}${text.slice(0, (stream.columns || USUAL_COLUMNS) - 1)}` : `${text}\n`);
  });
  const over = (): void => {
    rest();
    if (isShown) stream.write(RUB_OUT);
    isShown = false;
  };
  return {
    say: (said) => (typeof said === 'string' ? over() : say(said)),
    over,
    end: () => {
      over();
      end();
    },
  };
};

export const waitingFor = (what: string): Meanwhile => ({
  topic: null,
  line: (seconds) => withSeconds(what, seconds),
});

/** Says `what` with its seconds for as long as `work` takes. */
export const whileWaiting = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const aside = asideOn(process.stderr);
  aside.say(waitingFor(what));
  try {
    return await work();
  } finally {
    aside.end();
  }
};
