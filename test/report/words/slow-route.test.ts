import { expect, test } from 'vitest';
import type {
  FunctionComparison,
  MetricComparison,
  RouteComparison,
  RunVerdict,
} from '../../../harness/model/index.ts';
import { verdictSentence } from '../../../harness/report/index.ts';
import { byRatio, comparisonOf, row, scenarioOf } from '../../builders/comparisons.ts';

const page: RouteComparison = {
  route: 'GET /page',
  metric: 'latencyP50Ms',
  unit: 'ms',
  requests: { base: 400, head: 400 },
  base: 0.35,
  head: 3.45,
  effectRatio: 3.1 / 0.35,
  ciRatio: [8.5, 9.2],
  ciLevel: 0.99,
  pValue: 0.0001,
  qValue: 0.001,
  verdict: 'regressed',
};

/** `of`: the name that was traced alone. */
const waits = (rest: Partial<FunctionComparison> = {}, of: string | null = 'GET /page'): FunctionComparison =>
  row('main.render', {
    profile: 'wall',
    unit: 'ns',
    basePerRequest: 3e5,
    headPerRequest: 3.4e6,
    deltaPerRequest: 3.1e6,
    reasons: [{ reason: 'sleep', base: 0, head: 3.1e6 }],
    changedInDiff: true,
    ...(of !== null && { route: of }),
    ...rest,
  });

const cpu = byRatio('cpuNsPerRequest', 500_000, 520_000, 0.005, { verdict: 'regressed' });
const median = byRatio('latencyP50Ms', 0.4, 0.41, 0.02, { unit: 'ms' });

const told = (
  verdict: RunVerdict,
  metrics: readonly MetricComparison[],
  functions: readonly FunctionComparison[],
  routes: readonly RouteComparison[] = [page],
): string => verdictSentence(comparisonOf([scenarioOf('demo', verdict, { metrics, routes, functions })]));

test('a name that sleeps speaks before a metric of all requests that moved by less', () => {
  expect(told('regressed', [cpu, median], [waits()])).toBe(
    '`demo`: in `GET /page` median latency +886 % (850…920 %), mostly `main.render` (waits 3.1 ms longer per request: sleep), changed in this pull request; also regressed: CPU per request +4 % (3.5…4.5 %).',
  );
});

test('where nobody is known to wait, or the metric moved by more, it comes behind', () => {
  const end = /; and in `GET \/page` median latency \+886 %\.$/;
  expect(told('regressed', [cpu, median], [])).toMatch(/^`demo`: CPU per request \+4 %/);
  expect(told('regressed', [cpu, median], [])).toMatch(end);
  expect(told('regressed', [cpu, median], [waits({}, 'GET /other')])).toMatch(end);
  const more = byRatio('cpuNsPerRequest', 500_000, 900_000, 0.005, { verdict: 'regressed' });
  const computes = row('main.render', { profile: 'cpu', unit: 'ns', deltaPerRequest: 4e5, changedInDiff: true });
  expect(told('regressed', [more, median], [computes, waits()])).toMatch(/^`demo`: CPU per request \+80 %/);
  expect(told('regressed', [more, median], [computes, waits({ changedInDiff: false })])).toMatch(
    /^`demo`: CPU per request/,
  );
});

test('CPU of functions that nobody changed is what waiting costs, however much it is', () => {
  const more = byRatio('cpuNsPerRequest', 500_000, 900_000, 0.005, { verdict: 'regressed' });
  const polls = row('internal/poll.ignoringEINTRIO', {
    profile: 'cpu',
    unit: 'ns',
    deltaPerRequest: 4e5,
    changedInDiff: false,
  });
  expect(told('regressed', [more, median], [polls, waits()])).toMatch(/^`demo`: in `GET \/page` median latency/);
});

test('where the median of all moved, too, that is the news', () => {
  const all = byRatio('latencyP50Ms', 0.4, 3.4, 0.02, { unit: 'ms', verdict: 'regressed' });
  expect(told('regressed', [all], [waits({}, null)])).toMatch(/^`demo`: median latency \+750 %/);
});

test('beside a good verdict: one name, a percentile, or what became faster', () => {
  expect(told('unchanged', [median], [waits()])).toMatch(
    /; but in `GET \/page` median latency \+886 %, which no gate watches, mostly `main\.render` \(waits 3\.1 ms longer/,
  );
  const p99 = byRatio('latencyP99Ms', 1, 4, 0.1, { unit: 'ms', verdict: 'regressed', gate: false });
  expect(told('unchanged', [median, p99], [waits({}, null)], [])).toMatch(
    /; but 99th percentile latency \+300 %, which no gate watches, in `main\.render` \(waits 3\.1 ms longer per request: sleep\)/,
  );
  const faster = { ...page, base: 3.45, head: 0.35, effectRatio: -0.9, verdict: 'improved' } as const;
  const spared = waits({
    deltaPerRequest: -3.1e6,
    reasons: [{ reason: 'sleep', base: 3.1e6, head: 0 }],
    kind: 'improved',
  });
  expect(told('unchanged', [median], [spared], [faster])).toMatch(
    /; and in `GET \/page` median latency -90 %, mostly `main\.render` \(waits 3\.1 ms less per request: sleep\)/,
  );
});

test('a name that no longer sleeps speaks first, too', () => {
  const faster = {
    ...page,
    base: 3.45,
    head: 0.35,
    effectRatio: -0.9,
    ciRatio: [-0.92, -0.87],
    verdict: 'improved',
  } as const;
  const spared = waits({
    deltaPerRequest: -3.1e6,
    reasons: [{ reason: 'sleep', base: 3.1e6, head: 0 }],
    kind: 'improved',
  });
  const cheaper = byRatio('cpuNsPerRequest', 520_000, 500_000, 0.005, { verdict: 'improved' });
  expect(told('improved', [cheaper, median], [spared], [faster])).toMatch(
    /^`demo`: in `GET \/page` median latency -90 % \(.*\), an improvement, mostly `main\.render` \(waits 3\.1 ms less per request: sleep\).*; also improved: CPU per request -3\.8 %/,
  );
});
