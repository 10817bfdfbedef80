import { describe, expect, test } from 'vitest';
import { compareRun, discardReason, invalidity } from '../../../harness/compare/index.ts';
import type { Comparison, FailedRequest, ScenarioRun, Window } from '../../../harness/model/index.ts';
import { cpuRun, fileOf, launchOf, mirrored, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

const cost = { cpuNs: 1e6, mallocs: 100 };
const good = windowOf(cost);
const runWith = (base: Window, head: Window, changes: Partial<ScenarioRun> = {}): ScenarioRun =>
  runOf(
    Array.from({ length: 8 }, (_, index) => launchOf(index, [pairOf(base, head), pairOf(good, good)])),
    changes,
  );
const failing = (count: number, lost = 0): Window =>
  windowOf(cost, { failed: count, lost, failedStatus: count > 0 ? { '500': count } : {} });
const compare = (run: ScenarioRun): Comparison => compareRun(fileOf([run]));
const verdictOfErrors = (run: ScenarioRun) =>
  compare(run).scenarios[0]!.metrics.find(({ metric }) => metric === 'errorRatio')!;

describe('builds by two Go versions', () => {
  test('are said apart from all other warnings, and nothing is said of builds that are alike', () => {
    const run = runWith(good, good, { notes: ['a note'] });
    const { base } = run.builds;
    const newer = { ...run, builds: { base, head: { ...base, goVersion: 'go1.27.0' } } };
    expect(compare(newer).scenarios[0]).toMatchObject({
      toolchain: { versions: { base: base.goVersion, head: 'go1.27.0' } },
      warnings: ['a note'],
    });
    expect(compare(run).scenarios[0]).not.toHaveProperty('toolchain');
    expect(compare(run).scenarios[0]).not.toHaveProperty('builtDifferently');
  });
});

describe('a pair', () => {
  test('is discarded above 15 % steal only, with the figure', () => {
    expect(discardReason({ stealRatio: 0.16 }, good, good)).toBe('steal 16 %');
    expect(discardReason({ stealRatio: 0.15 }, good, good)).toBeNull();
    expect(discardReason({}, good, good)).toBeNull();
  });

  test('is never discarded for what it says of one side', () => {
    expect(discardReason({ foreignCpus: 2 }, good, failing(200))).toBeNull();
    expect(discardReason({}, windowOf({}, { planned: 0, answered: 0 }), windowOf({}, { planned: 0 }))).toBe(
      'no requests',
    );
  });

  test('that was discarded enters no estimate', () => {
    const wild = pairOf(good, windowOf({ cpuNs: 9e6, mallocs: 900 }), { discarded: 'steal 30 %' });
    const run = runOf(
      Array.from({ length: 8 }, (_, index) => launchOf(index, [pairOf(good, good), ...(index ? [] : [wild])])),
    );
    expect(compare(run).verdict).toBe('unchanged');
    expect(compare(run).scenarios[0]).toMatchObject({ pairs: 8, discardedPairs: 1 });
  });
});

describe('a process that did not serve', () => {
  const idle = windowOf({ cpuNs: 15, mallocs: 0.01 });
  const sparing = windowOf({ cpuNs: 1e6, mallocs: 0.01 });
  const rowOf = (run: ScenarioRun, metric: string) =>
    compare(run).scenarios[0]?.metrics.find((row) => row.metric === metric);

  test('makes the run invalid where neither its CPU nor its allocations answer the requests', () => {
    const runs = [runWith(idle, idle), runWith(good, idle)].map((run) => ({
      ...run,
      launches: run.launches.map((launch) => ({ ...launch, pairs: launch.pairs.slice(0, 1) })),
    }));
    expect(runs.map(invalidity)).toMatchObject([
      { code: 'nothing-measured', side: 'base', message: expect.stringContaining('15 ns of CPU') as string },
      { code: 'nothing-measured', side: 'head' },
    ]);
  });

  test('leaves allocations unjudged, with a warning, where it works and none were counted on both sides', () => {
    const run = runOf(Array.from({ length: 8 }, (_, index) => launchOf(index, [pairOf(sparing, sparing)])));
    expect(invalidity(run)).toBeNull();
    expect(rowOf(run, 'mallocsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: expect.stringContaining('next to no allocations') as string,
    });
    expect(compare(run).scenarios[0]?.warnings.join()).toMatch(/On base, .* without allocations.*On head, /s);
  });

  test('hides nothing: allocations that head adds to none are a regression', () => {
    const run = runOf(Array.from({ length: 8 }, (_, index) => launchOf(index, [pairOf(sparing, windowOf(cost))])));
    expect(rowOf(run, 'mallocsPerRequest')?.verdict).toBe('regressed');
  });
});

describe('a service that stops answering', () => {
  // The window it cut short is discarded for its cost, and holds the only sign of it.
  const hung = (base: Window, head: Window): ScenarioRun =>
    runOf([launchOf(0, [pairOf(base, head, { discarded: 'head left 3 requests unanswered for 10 s each' })])]);
  const silent = windowOf({}, { planned: 3, answered: 0, timedOut: 3 });
  const answering = windowOf({}, { planned: 3, answered: 3 });

  test('is regressed when it is the head, and spoils the measurement when it is the base', () => {
    expect(compare(hung(answering, silent)).verdict).toBe('regressed');
    expect(invalidity(hung(silent, answering))).toMatchObject({ code: 'errors-on-base' });
    expect(invalidity(hung(silent, silent))).toMatchObject({ code: 'errors-on-both' });
  });
});

describe('a run is invalid', () => {
  test('when one side got more requests, naming launch, pair and both counts', () => {
    const run = runWith(good, windowOf(cost, { planned: 201 }));
    expect(invalidity(run)).toMatchObject({
      code: 'unequal-requests',
      message: 'Launch 0, pair 0: 200 requests went to base, 201 to head',
    });
    const comparison = compare(run);
    expect(comparison.verdict).toBe('invalid');
    expect(comparison.scenarios[0]?.reason).toContain('201');
    expect(comparison.scenarios[0]?.metrics.every(({ verdict }) => verdict === 'invalid')).toBe(true);
  });

  test('when more than a fifth of its pairs were discarded, not for two of the first six', () => {
    const launches = (n: number, spoilt: number) =>
      Array.from({ length: n }, (_, index) =>
        launchOf(index, [
          pairOf(good, good),
          pairOf(good, good),
          pairOf(good, good, { discarded: index < spoilt ? 'steal 20 %' : null }),
        ]),
      );
    expect(invalidity(runOf(launches(2, 2)))).toBeNull();
    expect(invalidity(runOf(launches(8, 4)))).toBeNull();
    expect(invalidity(runOf(launches(8, 5)))).toMatchObject({ code: 'discarded-pairs' });
  });

  test('when only one side has seeded links, or build flags differ', () => {
    const run = runWith(good, good);
    const plain = { ...run.builds.base, seededLinks: false, goVersion: 'go1.22.1' };
    expect(invalidity({ ...run, builds: { ...run.builds, base: plain } })).toMatchObject({ code: 'unequal-settings' });
    const tagged = { ...run.builds.head, buildFlags: ['-tags', 'x'] };
    expect(invalidity({ ...run, builds: { ...run.builds, head: tagged } })?.message).toContain('-tags x');
  });

  test('when the conductor said so, whatever the figures', () => {
    const invalid = { code: 'restarted', message: 'head restarted in launch 3', side: 'head' } as const;
    const run = { ...cpuRun(Array.from({ length: 8 }, () => 0.1)), invalid };
    expect(compare(run)).toMatchObject({ verdict: 'invalid' });
  });

  test('when base fails, or both sides do; never regressed then', () => {
    expect(compare(runWith(failing(20), good)).verdict).toBe('invalid');
    expect(invalidity(runWith(failing(20), good))).toMatchObject({ code: 'errors-on-base', side: 'base' });
    expect(invalidity(runWith(failing(20), failing(200)))).toMatchObject({ code: 'errors-on-both', side: null });
  });
});

describe('errors on head alone', () => {
  test('are regressed with what failed, and no cost is compared', () => {
    const run = runWith(good, failing(100, 5));
    const comparison = compare(run);
    expect(comparison.verdict).toBe('regressed');
    expect(verdictOfErrors(run)).toMatchObject({
      verdict: 'regressed',
      reason: '840 of 3200 requests (status 500 × 800, connection lost × 40)',
      base: 0,
      head: 840 / 3200,
      effectAbsolute: 840 / 3200,
    });
    const costs = comparison.scenarios[0]!.metrics.filter(({ metric }) => metric !== 'errorRatio');
    expect(costs.every(({ verdict }) => verdict === 'notJudged')).toBe(true);
  });

  test('mirrored are base failing: invalid, not improved', () => {
    expect(compare(mirrored(runWith(good, failing(100)))).verdict).toBe('invalid');
  });

  test('of one lost request in thousands are told and do not fail the run', () => {
    const launches = Array.from({ length: 8 }, (_, index) =>
      launchOf(index, [pairOf(good, failing(0, index === 0 ? 1 : 0))]),
    );
    const run = runOf(launches);
    expect(verdictOfErrors(run)).toMatchObject({ verdict: 'unchanged' });
    expect(verdictOfErrors(run).warnings).toEqual([
      'On head, 1 of 1600 requests (connection lost × 1) had no right answer.',
    ]);
  });

  test('within what the scenario allows pass', () => {
    const scenario = scenarioWith({ gates: { errorRatio: { failRatio: null, failAbsolute: 0.5 } } });
    expect(compare(runWith(good, failing(100), { scenario })).verdict).not.toBe('regressed');
  });

  test('and on base alike are part of the work where the scenario takes the gate away', () => {
    const scenario = scenarioWith({ gates: { errorRatio: false } });
    expect(compare(runWith(failing(20), failing(20), { scenario })).verdict).toBe('unchanged');
  });

  test('of a head that died under load, while base lived, are regressed', () => {
    const invalid = { code: 'target-died', message: 'head exited with 2 in launch 1', side: 'head' } as const;
    expect(compare(runWith(good, good, { invalid }))).toMatchObject({ verdict: 'regressed' });
    expect(verdictOfErrors(runWith(good, good, { invalid })).reason).toContain('exited with 2');
    expect(compare(runWith(good, good, { invalid: { ...invalid, side: 'base' } })).verdict).toBe('invalid');
  });
});

describe('what failed requests met', () => {
  const failed = (side: 'base' | 'head', more: Partial<FailedRequest> = {}): FailedRequest => ({
    side,
    route: 'add',
    kind: 'answered',
    status: 500,
    request: `POST /${side}`,
    how: 'status 500',
    body: 'no disk',
    ...more,
  });
  const shown = (failedRequests: readonly FailedRequest[], window = failing(50)) =>
    compare(runWith(window, window, { failedRequests })).scenarios[0]?.failedRequests;

  test('is shown once where both sides met the same, and for each side where not', () => {
    expect(shown([failed('base'), failed('base', { route: 'b' }), failed('head')])).toEqual([
      { side: 'both', route: 'add', request: 'POST /base', how: 'status 500', body: 'no disk' },
      { side: 'base', route: 'b', request: 'POST /base', how: 'status 500', body: 'no disk' },
    ]);
    expect(shown([failed('base'), failed('head', { body: null })])?.map(({ side }) => side)).toEqual(['base', 'head']);
  });

  test('is nothing to show where only warm-up or emulation met it', () => {
    expect(shown([failed('base')], good)).toBeUndefined();
  });
});
