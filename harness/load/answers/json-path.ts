/** `$.items[0].id`: the plain part of JSON paths (RFC 9535): names and indexes, no wildcards or filters. */
import { UsageError } from '../../errors.ts';

type PathStep = string | number;

const STEP = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/y;

/** The path's names and indexes in order. Throws {@link UsageError} `JSON_PATH_INVALID`. */
export const parseJsonPath = (path: string): readonly PathStep[] => {
  if (!path.startsWith('$')) throw notAPath(path, 0);
  const steps: PathStep[] = [];
  for (let at = 1; at < path.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const match = STEP.exec(path);
    if (match === null) throw notAPath(path, at);
    const [, name, index, single, double] = match;
    steps.push(index === undefined ? (name ?? single ?? double ?? '') : Number(index));
  }
  return steps;
};

const notAPath = (path: string, at: number): UsageError =>
  new UsageError(
    'JSON_PATH_INVALID',
    `${JSON.stringify(path)} is not a path into a JSON answer (it cannot be read from character ${at + 1} on)`,
    'Write it as $.token, $.items[0].id or $["odd name"].',
  );

/** A number of a JSON answer, as it was written: beyond 2^53 a JavaScript number would be another one. */
export class JsonNumber {
  readonly written: string;

  constructor(written: string) {
    this.written = written;
  }
}

/** Numbers become {@link JsonNumber}. Throws SyntaxError. */
export const parseExactJson = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? new JsonNumber(context?.source ?? String(value)) : value,
  );

/** What is at the path, or undefined. Throws like {@link parseJsonPath}. */
export const readJsonPath = (value: unknown, path: string): unknown =>
  parseJsonPath(path).reduce<unknown>((at, step) => {
    if (typeof at !== 'object' || at === null || at instanceof JsonNumber) return undefined;
    return Object.hasOwn(at, step) ? (at as Record<PathStep, unknown>)[step] : undefined;
  }, value);
