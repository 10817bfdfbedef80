/** The JSON schema of the scenario file, and what it says about a place in one. */
import { z } from 'zod';
import { METRIC_IDS } from '../model/index.ts';
import type { DocumentPath } from './document.ts';
import { scenarioSchema } from './schema.ts';

/** The parts of draft-7 that our schema uses; `kind` and `example` are ours, for the reference. */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly kind?: string;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

let made: JsonSchema | undefined;

/** With `kind` and `example`; made once, because every message about a key asks it. */
export const annotatedSchema = (): JsonSchema => {
  made ??= z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7' }) as JsonSchema;
  return made;
};

/** zod drops `examples` of what is transformed, hence our own word; the file gets the standard one. */
const publicEntry = ([key, inner]: readonly [string, unknown]): readonly (readonly [string, unknown])[] => {
  if (key === 'kind') return [];
  return key === 'example' ? [['examples', [inner]]] : [[key, toPublic(inner)]];
};

const toPublic = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(toPublic);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(publicEntry));
};

/** JSON schema (draft-7) of a scenario file as users write it. */
export const scenarioJsonSchema = (): object => ({
  ...(toPublic(annotatedSchema()) as object),
  title: 'godyno scenario',
});

const branches = (schema: JsonSchema): readonly JsonSchema[] => [schema, ...(schema.anyOf ?? []).flatMap(branches)];

const step = (schema: JsonSchema, key: string | number): readonly JsonSchema[] => {
  if (typeof key === 'number') return schema.items === undefined ? [] : [schema.items];
  const property = schema.properties?.[key];
  if (property !== undefined) return [property];
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [];
};

/** Every alternative that the schema allows at `path`. */
export const schemasAt = (path: DocumentPath): readonly JsonSchema[] =>
  path.reduce<readonly JsonSchema[]>(
    (schemas, key) => schemas.flatMap((schema) => step(schema, key)).flatMap(branches),
    branches(annotatedSchema()),
  );

/** Keys that a mapping at `path` may have. */
export const knownKeysAt = (path: DocumentPath): readonly string[] => [
  ...new Set(
    schemasAt(path)
      .flatMap((schema) => Object.keys(schema.properties ?? {}))
      .filter((key) => key !== '$schema'),
  ),
];

/** Places whose keys are the user's own names: there, an empty value is a mistake rather than a key left out. */
const OWN_NAMES = /(?:^|\.)(?:env|buildEnv|headers|capture|body|form|multipart|functions)(?:\.|$)/;

const isKnown = (keys: readonly string[], key: string): boolean => keys.includes(key);

/** Drops known keys without a value (`gates:` with every line below it commented out): they count as left out. */
export const withoutEmptyKeys = (value: unknown, path: readonly string[] = []): unknown => {
  if (OWN_NAMES.test(path.join('.'))) return value;
  if (Array.isArray(value)) return value.map((item) => withoutEmptyKeys(item, path));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => inner !== null || !isKnown(ALL_KEYS(), key))
      .map(([key, inner]) => [key, withoutEmptyKeys(inner, [...path, key])]),
  );
};

const keysWithin = (schema: JsonSchema): readonly string[] => [
  ...Object.keys(schema.properties ?? {}),
  ...[
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(schema.anyOf ?? []),
  ].flatMap(keysWithin),
];

let allKeys: readonly string[] | undefined;
const ALL_KEYS = (): readonly string[] => {
  allKeys ??= [...new Set([...keysWithin(annotatedSchema()), ...METRIC_IDS])];
  return allKeys;
};
