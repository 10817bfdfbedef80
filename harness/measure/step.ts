/** What a person may follow: a step with a title, and what it is at. Whoever owns the terminal shows it. */

/** What is going on, in words that change while it does. */
export interface Meanwhile {
  /** The first of a topic is news; null: it never is, and is worth a word only where it takes its time. */
  readonly topic: string | null;
  /** @param seconds since it was said */
  readonly line: (seconds: number) => string;
}

/** A line stands; what is meanwhile holds until the next thing is said. */
export type Say = (said: string | Meanwhile) => void;

/** One step with a title; `say` shows what it is at. Resolves to what `work` does. */
export type Step = <T>(title: string, work: (say: Say) => Promise<T>) => Promise<T>;
