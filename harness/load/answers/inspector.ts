/**
 * Reads answers under load where the scenario asks for it: bodies against what is expected, values for later requests,
 * cookies. Everything else is answered without it, since reading costs the loader time.
 */
import type { BodyExpectation, Capture, RequestSpec } from '../../model/index.ts';
import { answerText, SHOWN_BYTES, unpacked } from './answer-text.ts';
import { bodyProblem } from './body-check.ts';
import { type CapturableAnswer, captureFrom } from './capture.ts';
import { expectedStatus } from './expected.ts';
import type { LoadPlan } from '../plan/messages.ts';
import { keepsCookies, type User, userOf } from '../plan/users.ts';
import { type AnswerHead, headerIn } from './witness.ts';

/** Above it, bodies that differ from the last good one are looked at in one of {@link SAMPLE} requests. */
const LARGE_BYTES = 16 * 1024;
const SAMPLE = 16;

/** What is read of the answers to one request of the scenario. */
interface Rule {
  readonly expected: Uint8Array;
  readonly check: BodyExpectation | null;
  readonly captures: readonly (readonly [string, Capture])[];
  readonly needsBody: boolean;
  /** The last body that was as expected: the same bytes need no second look. */
  good: Buffer | null;
}

const ruleOf = (request: RequestSpec): Rule => {
  const captures = Object.entries(request.capture ?? {});
  const check = request.expect.body ?? null;
  return {
    expected: expectedStatus(request),
    check,
    captures,
    needsBody: check !== null || captures.length > 0,
    good: null,
  };
};

/** What all connections of a side share. */
export interface Inspection {
  readonly rules: readonly Rule[];
  readonly users: readonly User[];
  readonly keepsCookies: boolean;
}

/** null: nothing of the answers needs to be read. */
export const inspectionOf = (plan: LoadPlan, users: readonly User[]): Inspection | null => {
  const rules = plan.requests.map(ruleOf);
  const inspection = { rules, users, keepsCookies: keepsCookies(plan, users) };
  return inspection.keepsCookies || rules.some(({ needsBody }) => needsBody) ? inspection : null;
};

const SET_COOKIE = 'set-cookie';

/** For every answer, and mostly none. */
const setCookiesIn = ({ headers }: AnswerHead): readonly string[] => {
  let found: string[] | null = null;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (name.length !== SET_COOKIE.length || name.toLowerCase() !== SET_COOKIE) continue;
    found ??= [];
    found.push(headers[at + 1] ?? '');
  }
  return found ?? [];
};

const pathOf = (request: Buffer): string => request.toString('latin1', 0, 4096).split(' ', 2)[1] ?? '/';

/** Of one connection. */
export class Inspector {
  readonly #inspection: Inspection;
  #rule: Rule | undefined;
  #number = 0;
  #request: Buffer = Buffer.alloc(0);
  #head: AnswerHead | null = null;
  /** So far the body is that of the last good one, up to here. */
  #same = 0;
  /** The body, once it differs. */
  #chunks: Buffer[] | null = null;

  constructor(inspection: Inspection) {
    this.#inspection = inspection;
  }

  begin(number: number, route: number, request: Buffer): void {
    this.#rule = this.#inspection.rules[route];
    this.#number = number;
    this.#request = request;
    this.#head = null;
    this.#same = 0;
    this.#chunks = null;
  }

  head(head: AnswerHead): void {
    this.#head = head;
  }

  /** `chunk` is a view of the socket's buffer: what is kept is copied. */
  read(chunk: Buffer): void {
    const rule = this.#rule;
    if (rule?.needsBody !== true) return;
    if (this.#chunks === null) {
      const { good } = rule;
      const end = this.#same + chunk.length;
      if (good !== null && end <= good.length && chunk.compare(good, this.#same, end) === 0) {
        this.#same = end;
        return;
      }
      this.#chunks = good === null ? [] : [good.subarray(0, this.#same)];
    }
    this.#chunks.push(Buffer.from(chunk));
  }

  /** What is wrong with an answer of this status; null: nothing, or its status is wrong already. */
  end(status: number): string | null {
    const rule = this.#rule;
    const head = this.#head;
    if (rule === undefined || head === null) return null;
    if (this.#inspection.keepsCookies) this.#keepCookies(head);
    if (rule.expected[status] !== 1) return null;
    return this.#check(rule, head) ?? this.#capture(rule, head);
  }

  #user(): User {
    return userOf(this.#inspection.users, this.#number);
  }

  #keepCookies(head: AnswerHead): void {
    const set = setCookiesIn(head);
    if (set.length > 0) this.#user().jar.store(set, pathOf(this.#request), Date.now());
  }

  #isGood({ good }: Rule): boolean {
    return this.#chunks === null && good !== null && this.#same === good.length;
  }

  #body({ good }: Rule): Buffer {
    if (this.#chunks !== null) return Buffer.concat(this.#chunks);
    return good?.subarray(0, this.#same) ?? Buffer.alloc(0);
  }

  #check(rule: Rule, head: AnswerHead): string | null {
    if (rule.check === null || this.#isGood(rule)) return null;
    const body = this.#body(rule);
    if (body.length > LARGE_BYTES && this.#number % SAMPLE !== 0) return null;
    const problem = bodyProblem(textOf(body, head), rule.check);
    if (problem === null) rule.good = body;
    return problem;
  }

  /** The beginning of the body, as people read it. */
  shown(): string | null {
    if (this.#rule === undefined || this.#head === null) return null;
    const beginning = this.#body(this.#rule).subarray(0, 4 * SHOWN_BYTES);
    return answerText(beginning, headerIn(this.#head, 'content-encoding'));
  }

  #capture(rule: Rule, head: AnswerHead): string | null {
    if (rule.captures.length === 0) return null;
    const answer: CapturableAnswer = {
      header: (name) => headerIn(head, name.toLowerCase()),
      setCookies: setCookiesIn(head),
      text: () => textOf(this.#body(rule), head),
    };
    const { values } = this.#user();
    for (const [name, capture] of rule.captures) {
      const found = captureFrom(capture, answer);
      if ('problem' in found) return `${found.problem} to capture as ${name}`;
      values[name] = found.value;
    }
    return null;
  }
}

const textOf = (body: Buffer, head: AnswerHead): string =>
  Buffer.from(unpacked(body, headerIn(head, 'content-encoding'))).toString('utf8');
