import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { METRICS } from '../../harness/metrics/index.ts';
import { METRIC_IDS } from '../../harness/model/index.ts';
import { parseScenario, scenarioJsonSchema, scenarioReference } from '../../harness/scenario/index.ts';
import { annotatedSchema, type JsonSchema } from '../../harness/scenario/json-schema.ts';
import { EXAMPLE_SCENARIO } from '../../harness/scenario/reference.ts';
import { generatedDocs } from '../helpers/generate-docs.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('generated documents', () => {
  test.each(Object.entries(generatedDocs()))('%s is up to date', (file, text) => {
    const committed = readFileSync(path.join(root, file), 'utf8');
    expect(committed === text, `${file} is not what its source gives: run node test/helpers/generate-docs.ts`).toBe(
      true,
    );
  });
});

const keysOf = (schema: JsonSchema, at = ''): readonly (readonly [string, JsonSchema])[] => [
  ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    [`${at}.${key}`, inner] as const,
    ...keysOf(inner, `${at}.${key}`),
  ]),
  ...(schema.items ? keysOf(schema.items, `${at}[]`) : []),
  ...(schema.anyOf ?? []).flatMap((branch) => keysOf(branch, at)),
];

test('its example with a database is a valid target', () => {
  const [target = ''] = [...scenarioReference().matchAll(/```yaml\n(target:[^]*?)```/g)].map(
    ([, block]) => block ?? '',
  );
  const text = `${target}  ready: GET /\nload: { requests: [{ http: GET / }] }\n`;
  expect(parseScenario(text, 's.yml', new Map()).target.setup).toHaveLength(2);
});

test('its list of default gates is that of the metric table', () => {
  const [, listed = ''] = /Gates without being named([^]*?)The others/.exec(scenarioReference()) ?? [];
  const named = [...listed.matchAll(/`(\w+)`/g)].map(([, id]) => id);
  expect(new Set(named)).toEqual(new Set(METRIC_IDS.filter((id) => METRICS[id].gate)));
});

test('its examples of loads are valid', () => {
  const [moved = '', load = ''] = [...scenarioReference().matchAll(/```yaml\n(load:[^]*?)```/g)].map(
    ([, block]) => block ?? '',
  );
  const files = new Map([
    ['users.csv', 'name,password\nann,secret\n'],
    ['cat.png', 'png'],
  ]);
  const sides = parseScenario(`target: { ready: GET / }\n${moved}`, 's.yml', files).load.prepare;
  expect(sides.map(({ side }) => side)).toEqual(['base', 'head']);
  expect(parseScenario(`target: { ready: GET / }\n${load}`, 's.yml', files).load).toMatchObject({ users: 3 });
});

describe('the schema', () => {
  test('describes every key', () => {
    const undescribed = keysOf(annotatedSchema()).filter(([, schema]) => !schema.description);
    expect(undescribed.map(([key]) => key)).toEqual([]);
    expect(keysOf(annotatedSchema()).length).toBeGreaterThan(60);
  });

  test('knows every metric as a gate', () => {
    expect(Object.keys(annotatedSchema().properties?.['gates']?.properties ?? {})).toEqual([
      ...METRIC_IDS,
      'functions',
    ]);
  });

  test('as JSON schema accepts the example and refuses what the parser refuses', () => {
    const schema = z.fromJSONSchema(scenarioJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    const example = parse(EXAMPLE_SCENARIO) as Record<string, unknown>;
    expect(schema.safeParse(example).error).toBeUndefined();
    expect(schema.safeParse({ ...example, lod: {} }).success).toBe(false);
    expect(schema.safeParse({ ...example, load: { requests: [] } }).success).toBe(false);
    expect(schema.safeParse({ ...example, measure: { budget: 120 } }).success).toBe(false);
  });

  test('as reference has no table twice, and names every place that takes keys', () => {
    const blocks = scenarioReference().split(/\n\n+/);
    const tables = blocks.map((block) => block.trim()).filter((block) => block.startsWith('| Key'));
    expect(tables.length).toBeGreaterThan(10);
    expect(new Set(tables).size).toBe(tables.length);
    const places = keysOf(annotatedSchema()).filter(([, schema]) => schema.properties !== undefined);
    for (const [place] of places) expect(scenarioReference()).toContain(`\`${place.slice(1)}\``);
  });

  test('as reference names every key', () => {
    const reference = scenarioReference();
    for (const [key] of keysOf(annotatedSchema())) expect(reference).toContain(`\`${key.split('.').at(-1)}\``);
  });
});
