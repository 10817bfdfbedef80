/**
 * Texts of a request with holes for values, each value encoded for where its hole is: a path segment, a query, a JSON
 * string, a form, XML. What the scenario's author typed is never touched.
 */
import {
  type RequestPlaceholder,
  requestPlaceholder,
  type TemplatePart,
  templateParts,
  type ValueEncoding,
} from '../../model/index.ts';

export type Encode = (value: string) => string;

/** Where a value stands, by what it must not break. */
export type Position = 'address' | 'segment' | 'query' | 'queryText' | 'header' | 'json' | 'form' | 'xml' | 'plain';

export interface Hole extends RequestPlaceholder {
  readonly position: Position;
  readonly encode: Encode;
}

/** Literal texts and holes, in order. */
export type Template = readonly (string | Hole)[];

/** Everything but letters, digits and `-_.~!'()*`. A lone surrogate, which no encoding has, becomes U+FFFD. */
const component: Encode = (value) => encodeURIComponent(value.toWellFormed());

/** What may stand in a request line (RFC 3986 §2), a `%` only with its two digits; `#` would end it. */
const NOT_IN_ADDRESS = /%(?![0-9A-Fa-f]{2})|[^\w\-.~:/?[\]@!$&'()*+,;=%]/gu;

const reference: Encode = (value) => value.toWellFormed().replace(NOT_IN_ADDRESS, encodeURIComponent);

/** `location` may name scheme and host, and a fragment; a request line has neither. */
const address: Encode = (value) => {
  const path = reference(value.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, ''));
  return path.startsWith('/') ? path : `/${path}`;
};

const inJsonString: Encode = (value) => JSON.stringify(value).slice(1, -1);

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const xml: Encode = (value) => value.replaceAll(/[&<>"']/g, (letter) => XML_ENTITIES[letter] ?? letter);

const asItIs: Encode = (value) => value;

const AT: Readonly<Record<Position, Encode>> = {
  address,
  segment: component,
  query: component,
  queryText: reference,
  header: asItIs,
  json: inJsonString,
  form: component,
  xml,
  plain: asItIs,
};

const NAMED: Readonly<Record<ValueEncoding, Encode>> = { raw: asItIs, url: component, json: inJsonString };

const compile = (
  parts: readonly TemplatePart[],
  positionOf: (before: string, after: TemplatePart | undefined) => Position,
): Template => {
  // Values are unknown yet: an `x` stands for each in the text before a hole.
  let before = '';
  return parts.map((part, index) => {
    if (typeof part === 'string') {
      before += part;
      return part;
    }
    const placeholder = requestPlaceholder(part.placeholder);
    const position = positionOf(before, parts[index + 1]);
    before += 'x';
    const encode = placeholder.encoding === null ? AT[position] : NAMED[placeholder.encoding];
    return { ...placeholder, position, encode };
  });
};

const startsPair = (after: TemplatePart | undefined): boolean =>
  after === undefined || (typeof after === 'string' && after.startsWith('&'));

/** A value in the place of whole `name=value` pairs is a query itself; any other is a name or a value of one. */
const inPairs = (before: string, after: TemplatePart | undefined): boolean =>
  /(?:^|[?&])$/.test(before) && startsPair(after);

/** A value in the place of the whole path is an address, as `location` gives it. */
export const pathTemplate = (path: string): Template =>
  compile(templateParts(path), (before, after) => {
    if (before === '') return 'address';
    if (!before.includes('?')) return 'segment';
    return inPairs(before, after) ? 'queryText' : 'query';
  });

export const headerTemplate = (value: string): Template => compile(templateParts(value), () => 'header');

/** Whether the end of `json` is inside of a string. */
const endsInString = (json: string): boolean => {
  let inside = false;
  for (let at = 0; at < json.length; at++) {
    if (json[at] === '\\' && inside) at++;
    else if (json[at] === '"') inside = !inside;
  }
  return inside;
};

const jsonPosition = (before: string): Position => (endsInString(before) ? 'json' : 'plain');

/** JSON once each hole holds a number, which may stand in a string as well as for a value. */
const looksLikeJson = (parts: readonly TemplatePart[]): boolean => {
  const sample = parts.map((part) => (typeof part === 'string' ? part : '0')).join('');
  if (!/^\s*[[{]/.test(sample)) return false;
  try {
    JSON.parse(sample);
    return true;
  } catch {
    return false;
  }
};

const JSON_TYPE = /^[^;]*[/+.-](?:json|ndjson|json5)\b/i;
const FORM_TYPE = /^\s*application\/x-www-form-urlencoded\b/i;
const XML_TYPE = /^[^;]*[/+]xml\b/i;

/** `contentType` undefined: the request names none. */
export const bodyTemplate = (body: string, contentType: string | undefined): Template => {
  const parts = templateParts(body);
  if (contentType === undefined ? looksLikeJson(parts) : JSON_TYPE.test(contentType))
    return compile(parts, jsonPosition);
  if (FORM_TYPE.test(contentType ?? '')) {
    return compile(parts, (before, after) => (inPairs(before, after) ? 'queryText' : 'form'));
  }
  return compile(parts, () => (XML_TYPE.test(contentType ?? '') ? 'xml' : 'plain'));
};

export const holesOf = (template: Template): readonly Hole[] =>
  template.flatMap((part) => (typeof part === 'string' ? [] : [part]));

/** Fills what `valueOf` knows; other holes stay, texts that meet become one. */
export const fillKnown = (template: Template, valueOf: (name: string) => string | undefined): Template => {
  const filled: (string | Hole)[] = [];
  for (const part of template) {
    const value = typeof part === 'string' ? part : valueOf(part.name);
    const text = typeof part === 'string' || value === undefined ? value : part.encode(value);
    const last = filled.at(-1);
    if (text === undefined) filled.push(part);
    else if (typeof last === 'string') filled[filled.length - 1] = last + text;
    else filled.push(text);
  }
  return filled;
};

/** The whole text; a hole without a value is left empty. */
export const fillAll = (template: Template, valueOf: (name: string) => string | undefined): string => {
  let text = '';
  for (const part of template) text += typeof part === 'string' ? part : part.encode(valueOf(part.name) ?? '');
  return text;
};
