/**
 * What both sides answered to the same requests, compared while nobody measures. Kept in the loader over all launches:
 * the first launch's answers tell what varies by itself when the same request comes again.
 */
import type { AnswerSample, BySide, RequestSpec, RouteAnswers, Side } from '../../model/index.ts';
import { otherSide } from '../../model/index.ts';
import { answerText, SHOWN_BYTES, unpacked } from './answer-text.ts';
import { hashMasked, maskBody } from './masked-body.ts';

/** Answers kept over the launches, 64 KiB each at most; more routes than that are compared, but not for what varies. */
const MOST_KEPT = 400;

/** A body of fewer bytes has nothing to lose: `{"ok":true}` and its kind. */
const LEAST_BYTES = 16;
/** Less than this share of the bytes, or of the words, of the other side's answer: most of it is missing. */
const MOST_MISSING = 0.5;

export interface FirstAnswer {
  readonly side: Side;
  /** Of the schedule. */
  readonly number: number;
  readonly route: number;
  /** The request line as it was sent. */
  readonly request: string;
  readonly status: number;
  /** Of the body as it came. */
  readonly bytes: number;
  readonly encoding: string | undefined;
  readonly kept: Buffer;
}

interface Read {
  readonly answer: FirstAnswer;
  readonly masked: string;
  /** Distinct words of the body, masked; null for what is no text. */
  readonly words: ReadonlySet<string> | null;
}

const wordsOf = (text: string): ReadonlySet<string> => new Set(text.match(/[\p{L}_#][\p{L}\p{M}_#-]*/gu));

const readOf = (answer: FirstAnswer): Read => {
  const plain = Buffer.from(unpacked(answer.kept, answer.encoding));
  const isText = !(answerText(plain.subarray(0, SHOWN_BYTES), undefined)?.startsWith('bytes ') ?? false);
  return {
    answer,
    masked: hashMasked(plain),
    words: isText ? wordsOf(maskBody(plain.toString('utf8'))) : null,
  };
};

/** Whether most of what `whole` says is not in `part`. */
const isMissing = (whole: Read, part: Read): boolean => {
  if (whole.answer.bytes >= LEAST_BYTES && part.answer.bytes < MOST_MISSING * whole.answer.bytes) return true;
  if (whole.words === null || part.words === null || whole.words.size === 0) return false;
  const { words } = part;
  const held = [...whole.words].filter((word) => words.has(word)).length;
  return held < MOST_MISSING * whole.words.size;
};

const isEqual = (one: Read, other: Read): boolean =>
  one.answer.status === other.answer.status && one.masked === other.masked;

const sampleOf = ({ answer: { status, bytes, kept, encoding } }: Read): AnswerSample => ({
  status,
  bytes,
  body: answerText(kept.subarray(0, 4 * SHOWN_BYTES), encoding),
});

type RouteCounts = { -readonly [K in keyof Omit<RouteAnswers, 'route' | 'first'>]: number };

interface RouteBook {
  readonly name: string;
  readonly counts: RouteCounts;
  first: RouteAnswers['first'];
}

const newRoute = ({ name }: RequestSpec): RouteBook => ({
  name,
  counts: { compared: 0, differing: 0, otherStatus: 0, lost: 0, gained: 0, repeated: 0, varying: 0, unsteady: 0 },
  first: null,
});

export class AnswerBook {
  #routes: RouteBook[] = [];
  /** The first answer of each side to a request. */
  readonly #known = new Map<string, Read>();
  /** Answers that wait for the other side's. */
  readonly #waiting = new Map<string, Read>();
  #arrived: FirstAnswer[] = [];

  /** The requests are the same in all launches of a run. */
  begin(requests: readonly RequestSpec[]): void {
    const isSame =
      this.#routes.length === requests.length && requests.every(({ name }, at) => this.#routes[at]?.name === name);
    if (isSame) return;
    this.#routes = requests.map(newRoute);
    this.#known.clear();
    this.#waiting.clear();
  }

  /** Only keeps it: to compare takes milliseconds, which {@link settle} spends when the look is over. */
  add(answer: FirstAnswer): void {
    this.#arrived.push(answer);
  }

  settle(): void {
    for (const answer of this.#arrived.splice(0)) {
      const read = readOf(answer);
      this.#repeat(read);
      this.#pair(read);
    }
  }

  summarize(): readonly RouteAnswers[] {
    return this.#routes.map(({ name, counts, first }) => ({ route: name, ...counts, first }));
  }

  #repeat(read: Read): void {
    const { side, number, route } = read.answer;
    const key = `${side} ${number}`;
    const known = this.#known.get(key);
    const counts = this.#routes[route]?.counts;
    if (known === undefined) {
      if (this.#known.size < MOST_KEPT) this.#known.set(key, read);
    } else if (counts !== undefined) {
      counts.repeated++;
      if (!isEqual(known, read)) counts.varying++;
      if (isMissing(known, read) || isMissing(read, known)) counts.unsteady++;
    }
  }

  #pair(read: Read): void {
    const { side, number, route } = read.answer;
    const found = this.#routes[route];
    const other = this.#waiting.get(`${otherSide(side)} ${number}`);
    if (other === undefined) {
      this.#waiting.set(`${side} ${number}`, read);
      return;
    }
    this.#waiting.delete(`${otherSide(side)} ${number}`);
    if (found === undefined) return;
    const pair = side === 'base' ? { base: read, head: other } : { base: other, head: read };
    this.#count(found, pair);
  }

  #count(route: RouteBook, { base, head }: BySide<Read>): void {
    const { counts } = route;
    counts.compared++;
    if (isEqual(base, head)) return;
    counts.differing++;
    if (base.answer.status !== head.answer.status) counts.otherStatus++;
    const isLost = isMissing(base, head);
    // One that lost most of its content tells more than one that says it in other words.
    if (route.first === null || (isLost && counts.lost === 0)) {
      route.first = { request: base.answer.request, base: sampleOf(base), head: sampleOf(head) };
    }
    if (isLost) counts.lost++;
    if (isMissing(head, base)) counts.gained++;
  }
}
