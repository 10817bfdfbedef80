/** Values taken out of an answer: by JSON path, from a header or a cookie, by regular expression. */
import type { Capture } from '../../model/index.ts';
import { headerText, parseSetCookie } from '../plan/cookies.ts';
import { JsonNumber, parseExactJson, readJsonPath } from './json-path.ts';

export interface CapturableAnswer {
  readonly header: (name: string) => string | undefined;
  /** The `Set-Cookie` values. */
  readonly setCookies: readonly string[];
  /** The body, unpacked. */
  readonly text: () => string;
}

export type Captured = { readonly value: string } | { readonly problem: string };

const parseJson = (text: string): { readonly json: unknown } | null => {
  try {
    return { json: parseExactJson(text) };
  } catch {
    return null;
  }
};

const atPath = (path: string, { text }: CapturableAnswer): Captured => {
  const parsed = parseJson(text());
  if (parsed === null) return { problem: 'the answer is not JSON, so nothing can be captured from it' };
  const value = readJsonPath(parsed.json, path);
  if (value instanceof JsonNumber) return { value: value.written };
  if (typeof value === 'string' || typeof value === 'boolean') return { value: String(value) };
  return { problem: `there is ${value === undefined ? 'nothing' : 'no single value'} at ${path}` };
};

const cookieValue = (name: string, { setCookies }: CapturableAnswer): string | undefined =>
  setCookies
    .map((text) => parseSetCookie(text, '/', 0))
    .findLast((cookie) => cookie?.name === name)
    ?.value.replace(/^"(.*)"$/s, '$1');

const sourceOf = (capture: Exclude<Capture, string>, answer: CapturableAnswer): Captured => {
  if ('json' in capture) return atPath(capture.json, answer);
  if ('header' in capture) {
    const value = answer.header(capture.header);
    return value === undefined ? { problem: `there is no header ${capture.header}` } : { value: headerText(value) };
  }
  if ('cookie' in capture) {
    const value = cookieValue(capture.cookie, answer);
    return value === undefined ? { problem: `it sets no cookie ${capture.cookie}` } : { value: headerText(value) };
  }
  return { value: answer.text() };
};

/** The first group of the expression, or all it matches where it has none. */
const matched = (found: Captured, regex: string | undefined): Captured => {
  if (regex === undefined || 'problem' in found) return found;
  const match = new RegExp(regex).exec(found.value);
  return match === null ? { problem: `nothing matches ${regex}` } : { value: match[1] ?? match[0] };
};

export const captureFrom = (capture: Capture, answer: CapturableAnswer): Captured =>
  typeof capture === 'string' ? atPath(capture, answer) : matched(sourceOf(capture, answer), capture.regex);
