/** Shows what is said of a step, where and as often as it is wanted. */
import type { Meanwhile, Say } from '../../measure/index.ts';

/** `live`: one line, always the newest. `log`: lines that stay, so only news, and now and then what goes on meanwhile. */
export type Showing = 'live' | 'log';

const FRESHEN_MS = 1000;
/** Between two lines of a log that say what goes on. */
const LOG_MS = 10_000;

export interface Shown {
  readonly say: Say;
  /** What went on is over, and there is nothing to say of it. */
  readonly rest: () => void;
  /** Stops what keeps the line fresh. */
  readonly end: () => void;
}

export const showProgress = (showing: Showing, show: (line: string) => void): Shown => {
  let meanwhile: { readonly what: Meanwhile; readonly sinceMs: number } | null = null;
  let shownMs = performance.now();
  const topics = new Set<string | null>([null]);
  const put = (line: string): void => {
    shownMs = performance.now();
    show(line);
  };
  const refresh = (): void => {
    if (meanwhile !== null) put(meanwhile.what.line((performance.now() - meanwhile.sinceMs) / 1000));
  };
  const isDue = (): boolean => showing === 'live' || performance.now() - shownMs >= LOG_MS;
  const timer = setInterval(() => {
    if (isDue()) refresh();
  }, FRESHEN_MS);
  timer.unref();
  return {
    say: (said) => {
      meanwhile = typeof said === 'string' ? null : { what: said, sinceMs: performance.now() };
      if (typeof said === 'string') return put(said);
      const isNews = !topics.has(said.topic);
      topics.add(said.topic);
      if (isNews || isDue()) refresh();
    },
    rest: () => {
      meanwhile = null;
    },
    end: () => clearInterval(timer),
  };
};
