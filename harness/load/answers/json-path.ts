/** `$.items[0].id`: the plain part of JSON paths (RFC 9535): names and indexes, no wildcards or filters. */
import { UsageError } from '../../errors.ts';

type PathStep = string | number;

const STEP = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/y;

/** Throws {@link UsageError} `JSON_PATH_INVALID`. */
export const parseJsonPath = (path: string): readonly PathStep[] => {
  const steps: PathStep[] = [];
  let at = path.startsWith('$') ? 1 : path.length + 1;
  while (at < path.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(path);
    if (match === null) break;
    const [, name, index, single, double] = match;
    steps.push(index === undefined ? (name ?? single ?? double ?? '') : Number(index));
    at = STEP.lastIndex;
  }
  if (at === path.length) return steps;
  throw new UsageError(
    'JSON_PATH_INVALID',
    `${JSON.stringify(path)} is not a path into a JSON answer (stopped at character ${Math.min(at, path.length)})`,
    'Write it as $.token, $.items[0].id or $["odd name"].',
  );
};

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
