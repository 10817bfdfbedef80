/** YAML (and so JSON) text → plain values, with the place of each in the text. Sole user of `yaml`. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type Pair } from 'yaml';
import { reasonOf } from '../errors.ts';
import { type SourcePosition, placeAt, type Problem, type SourceText } from './problem.ts';

export type DocumentPath = readonly (string | number)[];

export interface ScenarioDocument {
  readonly source: SourceText;
  /** Plain values; undefined when the text is not YAML. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the value at `path` starts; the closest thing above it when there is none. */
  readonly placeOf: (path: DocumentPath) => SourcePosition;
  /** Where the key of `path` starts. */
  readonly placeOfKey: (path: DocumentPath) => SourcePosition;
  /** Where `part` stands inside the value at `path`. */
  readonly placeOfPart: (path: DocumentPath, part: string) => SourcePosition;
  /** The unquoted scalar at `path` as it stands in the text: `1.10` is not 1.1, and `0755` not 755. */
  readonly sourceOf: (path: DocumentPath) => string | undefined;
}

/** `load.requests[0].weight` */
export const pathText = (path: DocumentPath): string =>
  path.map((key, index) => (isPlainKey(key) ? `${index === 0 ? '' : '.'}${key}` : `[${JSON.stringify(key)}]`)).join('');

const isPlainKey = (key: string | number): boolean => typeof key === 'string' && /^[\w$-]+$/.test(key);

/** The value at `path`, undefined when there is none. */
export const valueAt = (value: unknown, path: DocumentPath): unknown =>
  path.reduce<unknown>((at, key) => {
    if (Array.isArray(at)) return typeof key === 'number' ? (at as readonly unknown[])[key] : undefined;
    return isMapping(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, value);

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads `text`; never throws. */
export const readDocument = (text: string, file: string): ScenarioDocument => {
  const source = { file, text };
  const document = parseDocument(text, { prettyErrors: false, merge: true });
  // A tag that means something to another tool would be dropped silently here: as wrong as an error.
  const syntax = [...document.errors, ...document.warnings].map((error) => ({
    source,
    place: placeAt(text, error.pos[0]),
    path: '',
    message: syntaxMessage(error.code, error.message),
  }));
  const { value, problem } = syntax.length > 0 ? { value: undefined, problem: undefined } : plainValue(document, text);
  const problems = problem === undefined ? syntax : [{ source, path: '', ...problem }];
  return {
    source,
    value,
    problems,
    placeOf: (path) => valuePlace(document, text, path),
    placeOfKey: (path) => keyPlace(document, text, path),
    placeOfPart: (path, part) => partPlace(document, text, path, part),
    sourceOf: (path) => scalarSource(document, path),
  };
};

/** The parser's own words where they are clear, ours for the slips people make most. */
const syntaxMessage = (code: string, message: string): string => {
  if (code === 'DUPLICATE_KEY') return 'this key stands here twice; keep one of them';
  if (code === 'TAB_AS_INDENT') return 'a tab cannot indent YAML; use spaces';
  if (code === 'MULTIPLE_DOCS') return 'one scenario per file; move what follows `---` into a file of its own';
  if (code === 'BLOCK_AS_IMPLICIT_KEY') {
    return 'a `key: value` inside another value; put quotes around text that holds `: `, or start a new line';
  }
  return `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
};

interface PlainValue {
  readonly value: unknown;
  readonly problem: { readonly place: SourcePosition; readonly message: string } | undefined;
}

const plainValue = (document: Document, text: string): PlainValue => {
  try {
    const value: unknown = document.toJS();
    // A value that holds itself (an alias inside its own anchor) has no end, and JSON refuses it.
    JSON.stringify(value);
    return { value, problem: undefined };
  } catch (cause) {
    return { value: undefined, problem: aliasProblem(text, reasonOf(cause)) };
  }
};

const aliasProblem = (text: string, why: string): { readonly place: SourcePosition; readonly message: string } => {
  const [, name] = /^Unresolved alias .*: (\S+)$/.exec(why) ?? [];
  if (name !== undefined) {
    const message = `no anchor &${name} stands before this alias; put quotes around text that starts with *`;
    return { place: placeAt(text, Math.max(0, text.indexOf(`*${name}`))), message };
  }
  const message = /circular/i.test(why)
    ? 'an alias stands inside its own anchor'
    : `its aliases cannot be resolved: ${why}`;
  return { place: placeAt(text, Math.max(0, text.search(/\*\w/))), message };
};

type FoundNode = { readonly pair: Pair | undefined; readonly node: Node | undefined };

const isNode = (value: unknown): value is Node => isAlias(value) || isMap(value) || isSeq(value) || isScalar(value);

const child = (document: Document, parent: Node | undefined, key: string | number): FoundNode | undefined => {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node) && typeof key === 'number') {
    const item = node.items[key];
    return isNode(item) ? { pair: undefined, node: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
  return pair === undefined ? undefined : { pair, node: isNode(pair.value) ? pair.value : undefined };
};

/** The found part of `path`, deepest last. */
const walk = (document: Document, path: DocumentPath): readonly FoundNode[] => {
  const found: FoundNode[] = [];
  let node: Node | undefined = document.contents ?? undefined;
  for (const key of path) {
    const next = child(document, node, key);
    if (next === undefined) break;
    found.push(next);
    node = next.node;
  }
  return found;
};

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

const keyStart = (found: FoundNode | undefined): number | undefined =>
  startOf(found?.pair?.key) ?? startOf(found?.node);

const valuePlace = (document: Document, text: string, path: DocumentPath): SourcePosition => {
  const found = walk(document, path);
  const last = found.at(-1);
  const start = found.length === path.length ? startOf(last?.node) : undefined;
  const isEmpty = isScalar(last?.node) && last.node.value === null && last.node.source === '';
  return placeAt(text, (isEmpty ? undefined : start) ?? keyStart(last) ?? 0);
};

const keyPlace = (document: Document, text: string, path: DocumentPath): SourcePosition =>
  placeAt(text, keyStart(walk(document, path).at(-1)) ?? 0);

const partPlace = (document: Document, text: string, path: DocumentPath, part: string): SourcePosition => {
  const found = walk(document, path);
  const range = found.length === path.length ? found.at(-1)?.node?.range : undefined;
  const offset = range ? text.slice(range[0], range[1]).indexOf(part) : -1;
  return range && offset >= 0 ? placeAt(text, range[0] + offset) : valuePlace(document, text, path);
};

const scalarSource = (document: Document, path: DocumentPath): string | undefined => {
  const found = walk(document, path);
  const node = found.length === path.length ? found.at(-1)?.node : undefined;
  const scalar = isAlias(node) ? node.resolve(document) : node;
  return isScalar(scalar) ? scalar.source : undefined;
};
