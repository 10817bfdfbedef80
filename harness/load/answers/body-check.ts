/** Whether an answer's body is what the scenario expects. */
import type { BodyExpectation } from '../../model/index.ts';
import { JsonNumber, parseExactJson, readJsonPath } from './json-path.ts';

const shortly = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

const DECIMAL = /^(-?)0*(\d*?)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Sign, digits without zeros around them, and the power of ten of the last digit: `1.50e3` → `15e2`. */
const canonicalNumber = (written: string): string => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(written) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return '0';
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`;
};

/** JSON in one notation, numbers to the last digit. */
const canonicalJson = (value: unknown): string => {
  if (value instanceof JsonNumber) return canonicalNumber(value.written);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'nothing';
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
};

const jsonProblem = (text: string, json: NonNullable<BodyExpectation['json']>): string | null => {
  let body: unknown;
  try {
    body = parseExactJson(text);
  } catch {
    return 'the body is not JSON';
  }
  for (const [path, expected] of Object.entries(json)) {
    const found = canonicalJson(readJsonPath(body, path));
    if (found !== canonicalJson(parseExactJson(expected)))
      return `${path} is ${shortly(found)}, not ${shortly(expected)}`;
  }
  return null;
};

/** What is wrong with the body; null: nothing. */
export const bodyProblem = (text: string, { contains = [], matches, json }: BodyExpectation): string | null => {
  const missing = contains.find((part) => !text.includes(part));
  if (missing !== undefined) return `the body does not contain ${shortly(missing)}`;
  if (matches !== undefined && !new RegExp(matches).test(text)) return `the body does not match ${shortly(matches)}`;
  return json === undefined ? null : jsonProblem(text, json);
};
