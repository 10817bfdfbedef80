/** What a person may follow: a step with a title, and lines for what it is at. Whoever owns the terminal shows them. */
export type Say = (line: string) => void;

/** One step with a title; `say` shows what it is at. Resolves to what `work` does. */
export type Step = <T>(title: string, work: (say: Say) => Promise<T>) => Promise<T>;
