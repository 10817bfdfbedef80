/** Unquoted numbers and true/false where text is meant: taken as they are written, so `1.10` stays `1.10`. */
import { type Path, type ScenarioDocument } from './document.ts';

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
  'load.prepare.*.name',
  'load.prepare.*.headers.*',
  ...['target', 'target.base', 'target.head'].flatMap((at) => SERVICE_PLACES.map((place) => `${at}.${place}`)),
].map((place) => place.split('.'));

const isTextPlace = (path: Path): boolean =>
  TEXT_PLACES.some(
    (place) => place.length === path.length && place.every((key, index) => key === '*' || key === path[index]),
  );

/** The document's values, with text where text is meant. */
export const asWritten = (document: ScenarioDocument): unknown => {
  const rewrite = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => rewrite(item, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rewrite(inner, [...path, key])]));
    }
    const isBare = typeof value === 'number' || typeof value === 'boolean';
    return isBare && isTextPlace(path) ? (document.sourceOf(path) ?? String(value)) : value;
  };
  return rewrite(document.value, []);
};
