import { describe, expect, test } from 'vitest';
import { EXIT } from '../../harness/errors.ts';
import { parseComparison, parseRunFile } from '../../harness/model/index.ts';
import { comparisonSchema } from '../../harness/publish/schema.ts';
import { comparisonOf, scenarioOf } from '../builders/comparisons.ts';
import { fileOf, launchOf, runOf } from '../builders/synthetic-run.ts';

const WHERE = 'out/comparison.json';
const whole: object = comparisonOf([scenarioOf('demo', 'regressed')]);
const parsed = (value: unknown) => parseComparison(JSON.stringify(value), WHERE);
const isForPublisher = (value: unknown) => comparisonSchema.safeParse(value).success;

const without = (key: string): object => Object.fromEntries(Object.entries(whole).filter(([name]) => name !== key));

describe('comparison.json', () => {
  test('of this version is taken as it stands', () => {
    expect(parsed(whole)).toEqual(JSON.parse(JSON.stringify(whole)));
    expect(isForPublisher(parsed(whole))).toBe(true);
  });

  test.each([
    ['cut off', '{"schemaVersion": 1, "verdict"', /is not complete JSON/],
    ['a list', '[]', /expected a JSON object/],
    ['of a newer godyno', '{"schemaVersion": 99}', /schema version 99; this godyno reads 1$/],
    ['of another program', '{}', /it has no schemaVersion, expected 1$/],
  ])('%s is refused with its name and what is wrong', (_, text, words) => {
    expect(() => parseComparison(text, WHERE)).toThrow(words);
    expect(() => parseComparison(text, WHERE)).toThrow(WHERE);
  });

  test('that is damaged says how it is made again', () => {
    expect(() => parseComparison('{', WHERE)).toThrow(
      expect.objectContaining({ exitCode: EXIT.usage, hint: expect.stringContaining('godyno report DIR') as string }),
    );
  });

  test.each(['verdict', 'base', 'head', 'scenarios'])('without %s is refused, by the publisher as well', (key) => {
    expect(() => parsed(without(key))).toThrow(`$.${key}: expected`);
    expect(isForPublisher(without(key))).toBe(false);
  });

  test.each(['scenario', 'verdict', 'metrics', 'functions'])(
    'with a scenario without %s is refused likewise',
    (key) => {
      const scenario = Object.fromEntries(
        Object.entries(scenarioOf('demo', 'regressed')).filter(([name]) => name !== key),
      );
      const broken = { ...whole, scenarios: [scenario] };
      expect(() => parsed(broken)).toThrow(`$.scenarios[0].${key}: expected`);
      expect(isForPublisher(broken)).toBe(false);
    },
  );
});

describe('run.json', () => {
  const run = fileOf([runOf([launchOf(0, [])])]);
  const parsedRun = (value: unknown) => parseRunFile(JSON.stringify(value), 'out/run.json');

  test('is taken as it stands', () => {
    expect(parsedRun(run)).toEqual(JSON.parse(JSON.stringify(run)));
  });

  test('of an older version lacks the times that were kept later; a broken one is refused with its place', () => {
    const [only] = run.runs;
    const timed = { ...run, sourcesSeconds: 1, runs: [{ ...only, timing: { ...only?.timing, wholeSeconds: 60 } }] };
    expect(parsedRun(timed)).toEqual(timed);
    const broken = { ...run, runs: [{ ...only, timing: { ...only?.timing, stopSeconds: 'long' } }] };
    expect(() => parsedRun(broken)).toThrow('$.runs[0].timing.stopSeconds: expected a number');
    expect(() => parsedRun({ ...run, sourcesSeconds: null })).toThrow('$.sourcesSeconds: expected a number');
  });

  test('with a launch that lost a side is refused with its place', () => {
    const launches = run.runs[0]?.launches.map((launch) => ({ ...launch, sides: { base: launch.sides.base } }));
    expect(() => parsedRun({ ...run, runs: [{ ...run.runs[0], launches }] })).toThrow(
      '$.runs[0].launches[0].sides.head: expected an object',
    );
  });
});
