/** What zod found wrong → problems with place, sentence and the nearest valid key. */
import type { z } from 'zod';
import { type DocumentPath, pathText, type ScenarioDocument, valueAt } from './document.ts';
import { knownKeysAt, schemasAt } from './json-schema.ts';
import { suggestion } from './nearest.ts';
import type { Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;

const KIND_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'text',
};

/** What was found, short enough for a sentence. */
export const showValue = (value: unknown): string => {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : `${value as number | boolean | bigint}`;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const toPath = (path: readonly PropertyKey[]): DocumentPath =>
  path.map((key) => (typeof key === 'symbol' ? String(key) : key));

/** In a union that nothing fits, the alternative of the right kind has the better message. */
const innermost = (issue: Issue): readonly Issue[] => {
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => ({ ...inner, code: 'custom', path: issue.path, message: inner.message }));
  }
  if (issue.code !== 'invalid_union') return [issue];
  const fitting = issue.errors.filter(
    (alternative) => !alternative.some((inner) => inner.path.length === 0 && isMismatch(inner)),
  );
  const [only] = fitting;
  if (fitting.length !== 1 || only === undefined) return [issue];
  return only.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] } as Issue));
};

const isMismatch = (issue: Issue): boolean =>
  issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';

const sentence = (issue: Issue, value: unknown, path: DocumentPath): string => {
  if (path.length === 0 && (value === undefined || value === null)) {
    return 'the file is empty; `npx godyno init` writes a scenario that runs';
  }
  if (value === undefined && isMismatch(issue)) return missing(path);
  const said =
    issue.code === 'invalid_type' && issue.message.startsWith('Invalid')
      ? `expected ${KIND_NAMES[issue.expected] ?? issue.expected}`
      : issue.message;
  if (!said.startsWith('expected')) return said;
  const near = issue.code === 'invalid_value' && typeof value === 'string' ? nearOnly(value, issue.values) : '';
  return `${said}, got ${showValue(value)}${near}`;
};

const nearOnly = (value: string, known: readonly unknown[]): string => {
  const text = suggestion(
    value,
    known.filter((word) => typeof word === 'string'),
  );
  return text.startsWith(',') ? text : '';
};

const missing = (path: DocumentPath): string => {
  const schema = schemasAt(path).find(({ description }) => description !== undefined);
  const example = schema?.example;
  const written = typeof example === 'string' ? `; for example \`${String(path.at(-1))}: ${example}\`` : '';
  return `missing. ${schema?.description?.replace(/\.$/, '') ?? 'It is required'}${written}`;
};

const problemsOf = (issue: Issue, value: unknown, document: ScenarioDocument): readonly Problem[] => {
  const { source } = document;
  const path = toPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      source,
      place: document.placeOfKey([...path, key]),
      path: pathText([...path, key]),
      message: `unknown key${suggestion(key, knownKeysAt(path))}`,
    }));
  }
  const found = valueAt(value, path);
  const place = issue.code === 'custom' && found === undefined ? document.placeOfKey(path) : document.placeOf(path);
  return [{ source, place, path: pathText(path), message: sentence(issue, found, path) }];
};

/** A key that is missing because it was misspelt beside its place is one mistake, not two. */
const isToldAlready = (problem: Problem, all: readonly Problem[]): boolean => {
  if (!problem.message.startsWith('missing')) return false;
  const [, parent = '', key = ''] = /^(.*?)\.?([^.[\]]+)$/.exec(problem.path) ?? [];
  return all.some(
    ({ path, message }) =>
      message === `unknown key, did you mean \`${key}\`?` && path.replace(/(?:^|\.)[^.]*$/, '') === parent,
  );
};

/** One problem per thing to correct. */
export const explainIssues = (
  issues: readonly Issue[],
  value: unknown,
  document: ScenarioDocument,
): readonly Problem[] => {
  const problems = issues.flatMap(innermost).flatMap((issue) => problemsOf(issue, value, document));
  return problems.filter((problem) => !isToldAlready(problem, problems));
};
