/**
 * Unquoted numbers and true/false where text is meant: taken as they are written, so `1.10` stays `1.10`. Numbers that
 * JavaScript would round stay as written where JSON is sent or expected.
 */
import { type DocumentPath, type ScenarioDocument } from './document.ts';

/** Below `target`, and below what one side has of its own. */
const SERVICE_PLACES = [
  'args.*',
  'env.*',
  'generate.*.*',
  'generate.*.args.*',
  'generate.*.env.*',
  'cwd',
  'seed.*.*',
  'seed.*.args.*',
  'seed.*.env.*',
  'setup.*.*',
  'setup.*.args.*',
  'setup.*.env.*',
];

/** Places of text, `*` for any key or index. */
const TEXT_PLACES = [
  'name',
  'description',
  'target.buildFlags.*',
  'target.buildEnv.*',
  'target.go',
  'target.go.*',
  'target.gogc',
  'target.gomemlimit',
  'load.requests.*.name',
  'load.requests.*.headers.*',
  'load.requests.*.form.*',
  'load.requests.*.multipart.*',
  'load.requests.*.expect.body.contains',
  'load.requests.*.expect.body.contains.*',
  'load.prepare.*.name',
  'load.prepare.*.headers.*',
  'load.prepare.*.form.*',
  'load.prepare.*.multipart.*',
  'load.prepare.*.expect.body.contains',
  'load.prepare.*.expect.body.contains.*',
  ...['target', 'target.base', 'target.head'].flatMap((at) => SERVICE_PLACES.map((place) => `${at}.${place}`)),
].map((place) => place.split('.'));

/** Where values are JSON: a number there keeps its digits. */
const JSON_PLACE = /^load\.(?:requests|prepare)\.\d+\.(?:body|expect\.body\.json)\./;

/** Enough for a number of JavaScript to say it back. */
const SAFE_DIGITS = 15;

/** The number itself, or one that JSON writes as it stands where JavaScript would round it. */
const exactNumber = (value: number, source: string | undefined): unknown => {
  const isJson = source !== undefined && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source);
  if (!isJson || (Number.isFinite(value) && source.replaceAll(/\D/g, '').length <= SAFE_DIGITS)) return value;
  return rawJson(source);
};

/** `JSON.rawJSON` of ECMAScript, which the types do not know yet. */
const rawJson = (text: string): unknown => (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(text);

const isTextPlace = (path: DocumentPath): boolean =>
  TEXT_PLACES.some(
    (place) => place.length === path.length && place.every((key, index) => key === '*' || key === path[index]),
  );

/** The document's values, with text where text is meant. */
export const asWritten = (document: ScenarioDocument): unknown => {
  const rewrite = (value: unknown, path: DocumentPath): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => rewrite(item, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rewrite(inner, [...path, key])]));
    }
    if (typeof value === 'number' && JSON_PLACE.test(`${path.join('.')}.`)) {
      return exactNumber(value, document.sourceOf(path));
    }
    const isBare = typeof value === 'number' || typeof value === 'boolean';
    return isBare && isTextPlace(path) ? (document.sourceOf(path) ?? String(value)) : value;
  };
  return rewrite(document.value, []);
};
