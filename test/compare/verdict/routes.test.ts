import { describe, expect, test } from 'vitest';
import { compareRun, familyOf, judgeAtEnd, whatMoved } from '../../../harness/compare/index.ts';
import type { RequestSpec, RouteComparison, RouteWindow, ScenarioRun, Window } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { verdictSentence } from '../../../harness/report/index.ts';
import { scenarioWith } from '../../builders/scenarios.ts';
import { fileOf, latencyOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';

const NAMES = ['GET /', 'GET /items', 'GET /search', 'POST /items'];

const request = (name: string): RequestSpec => ({
  name,
  weight: 1,
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  expect: { status: [{ from: 200, to: 299 }] },
});

interface Planted {
  /** Head ÷ base of the median of the one name. */
  readonly times?: number;
  readonly route?: string;
  /** The same of all requests together. */
  readonly whole?: number;
  readonly names?: readonly string[];
  readonly betweenLaunches?: number;
  readonly betweenWindows?: number;
  readonly requests?: number;
  readonly latencyLaunches?: number;
}

const MEDIAN_US = 4000;

/** Eight judged launches without a word of routes, and those of the latency phase with them. */
const plantedRun = (planted: Planted = {}, seed = 1): ScenarioRun => {
  const { names = NAMES, route = 'GET /search', times = 1, whole = 1 } = planted;
  const { betweenLaunches = 0.03, betweenWindows = 0.04 } = planted;
  const normal = normalDeviates(randomFrom(seed));
  const cost = windowOf({ cpuNs: 1e6 }, { service: latencyOf(MEDIAN_US) });
  const judged = Array.from({ length: 8 }, (_, index) => launchOf(index, [pairOf(cost, cost)]));
  const window = (drift: number, of: number, ofAll: number): ReturnType<typeof windowOf> => {
    const routes = names.map((name): RouteWindow => {
      const us = MEDIAN_US * (name === route ? of : 1) * Math.exp(drift + betweenWindows * normal());
      return {
        route: name,
        answered: planted.requests ?? 25,
        service: null,
        response: latencyOf(us),
        lag: null,
      };
    });
    return windowOf({}, { response: latencyOf(MEDIAN_US * ofAll), routes });
  };
  const latency = Array.from({ length: planted.latencyLaunches ?? 4 }, (_, index) => {
    const drift = betweenLaunches * normal();
    const pairs = [0, 1].map((number) =>
      pairOf(window(0, 1, 1), window(drift, times, whole), {
        index: number,
        phase: 'latency',
        loader: { eventLoopRatio: 0.3, cpuNs: 1e8, lagP50Us: 100, lagP99Us: 900 },
      }),
    );
    return launchOf(8 + index, pairs, { stage: 'latency' });
  });
  const requests = names.map(request);
  return runOf([...judged, ...latency], { scenario: scenarioWith({ load: { requests } }) });
};

const routesOf = (run: ScenarioRun): readonly RouteComparison[] | undefined =>
  compareRun(fileOf([run])).scenarios[0]!.routes;

const moved = (run: ScenarioRun): readonly RouteComparison[] =>
  (routesOf(run) ?? []).filter(({ verdict }) => verdict === 'regressed' || verdict === 'improved');

describe('what moved per request name', () => {
  test('one slow name is named, with what it takes longer and its interval', () => {
    const [row, ...others] = moved(plantedRun({ times: 1.5 }));
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      route: 'GET /search',
      metric: 'latencyP50Ms',
      verdict: 'regressed',
      requests: { base: 200, head: 200 },
    });
    expect(row!.ciRatio![0]).toBeGreaterThan(0);
    expect(row!.ciRatio![0]).toBeLessThan(0.5);
    expect(row!.ciRatio![1]).toBeGreaterThan(0.45);
  });

  test('a faster one improved, and beside an unchanged verdict the sentence says which became slower', () => {
    expect(moved(plantedRun({ times: 1 / 1.5 }))).toMatchObject([{ route: 'GET /search', verdict: 'improved' }]);
    const sentence = verdictSentence(compareRun(fileOf([plantedRun({ times: 1.5 })])));
    expect(sentence).toMatch(/; but in `GET \/search` median latency \+\d\d(\.\d)? %, which no gate watches/);
  });

  test('where the loader was late, names are judged by the service time of couples, as the whole is', () => {
    const late = (times: number): ScenarioRun => {
      const run = plantedRun({ times });
      const withService = (window: Window, of: number): Window => ({
        ...window,
        routes: NAMES.map((route) => ({
          route,
          answered: 25,
          service: latencyOf(MEDIAN_US * (route === 'GET /search' ? of : 1)),
          response: null,
          lag: null,
        })),
      });
      const launches = run.launches.map((launch, at) => ({
        ...launch,
        pairs: launch.pairs.map((pair) =>
          pair.phase === 'latency'
            ? { ...pair, loader: { ...pair.loader, lagP99Us: 200_000 } }
            : { ...pair, base: withService(pair.base, 1), head: withService(pair.head, times * (1 + 0.001 * at)) },
        ),
      }));
      return { ...run, launches };
    };
    expect(moved(late(1.5))).toMatchObject([{ route: 'GET /search', metric: 'latencyP50Ms', verdict: 'regressed' }]);
    expect(moved(late(1))).toEqual([]);
  });

  test('a hint at one goes on from where latency as a whole is clear', () => {
    const next = (times: number): number | null => {
      const run = plantedRun({ times, latencyLaunches: 3 });
      return judgeAtEnd(run, familyOf([run.scenario])).nextLatencyLook;
    };
    expect([next(1), next(1.5)]).toEqual([null, 4]);
  });

  test('no request name fails the run by itself', () => {
    const scenario = compareRun(fileOf([plantedRun({ times: 3 })])).scenarios[0]!;
    expect(scenario.routes!.some(({ verdict }) => verdict === 'regressed')).toBe(true);
    expect(scenario.verdict).toBe(compareRun(fileOf([plantedRun()])).scenarios[0]!.verdict);
  });

  test('is what a trace is drawn for: the one name, up or down; nothing where none moved', () => {
    const drawn = (planted: Planted) => {
      const run = plantedRun(planted);
      return whatMoved(run, familyOf([run.scenario])).latency;
    };
    const median = (verdict: string) => [{ metric: 'latencyP50Ms', verdict }];
    expect(drawn({ times: 1.5 })).toEqual({ symptoms: median('regressed'), route: 'GET /search' });
    expect(drawn({ times: 1 / 1.5 })).toEqual({ symptoms: median('improved'), route: 'GET /search' });
    expect(drawn({})).toBeNull();
    expect(drawn({ whole: 1.5 })).toMatchObject({ route: null });
    expect(drawn({ times: 1.5, whole: 1.5 })).toMatchObject({ route: null });
  });

  test('a handful of requests is no verdict, and one name has no rows of its own', () => {
    expect(routesOf(plantedRun({ times: 3, requests: 2 }))!.map(({ verdict }) => verdict)).toEqual(
      NAMES.map(() => 'notJudged'),
    );
    expect(routesOf(plantedRun({ times: 3, names: ['GET /search'] }))).toBeUndefined();
  });

  test('equal code names no request, however much launches and windows differ', () => {
    const names = Array.from({ length: 10 }, (_, index) => `GET /${index}`);
    const noises = [
      { betweenLaunches: 0.05, betweenWindows: 0.1 },
      { betweenLaunches: 0.2, betweenWindows: 0.3 },
    ];
    for (const noise of noises) {
      const runs = Array.from({ length: 150 }, (_, seed) => moved(plantedRun({ names, ...noise }, seed + 1)).length);
      expect(runs.filter((count) => count > 0).length).toBeLessThanOrEqual(2);
    }
  });
});

describe('what a request name costs by itself', () => {
  const names = Array.from({ length: 10 }, (_, index) => `GET /${index}`);

  /** Judged launches in which nothing moved, and `launches` whose windows send one name each, forwards and backwards. */
  const byItself = (
    planted: { readonly times?: number; readonly mallocs?: number; readonly launches?: number },
    seed = 1,
  ) => {
    const { times = 1, mallocs = 50, launches = 8 } = planted;
    const normal = normalDeviates(randomFrom(seed));
    const mix = windowOf({ cpuNs: 1e6, mallocs: 50 });
    const judged = Array.from({ length: 8 }, (_, index) =>
      launchOf(index, [pairOf(mix, windowOf({ cpuNs: 1e6 * Math.exp(0.003 * normal()), mallocs: 50 }))]),
    );
    const windowOfName = (route: string, cpuNs: number, objects: number) => {
      const answers: RouteWindow = { route, answered: 200, service: null, response: null, lag: null };
      return windowOf({ cpuNs, mallocs: objects }, { routes: [answers] });
    };
    const apart = Array.from({ length: launches }, (_, index) => {
      const pairs = [...names, ...names.toReversed()].map((route, at) => {
        const isPlanted = route === 'GET /7';
        const cpuNs = 1e6 * (isPlanted ? times : 1) * Math.exp(0.012 * normal());
        const pair = pairOf(windowOfName(route, 1e6, 50), windowOfName(route, cpuNs, isPlanted ? mallocs : 50));
        return { ...pair, index: at, route };
      });
      return launchOf(8 + index, pairs, { stage: 'routes' });
    });
    return runOf([...judged, ...apart], { scenario: scenarioWith({ load: { requests: names.map(request) } }) });
  };

  test('is told of the one of ten that takes 8 % more CPU, beside an unchanged verdict', () => {
    const run = byItself({ times: 1.08 });
    expect(moved(run)).toMatchObject([
      { route: 'GET /7', metric: 'cpuNsPerRequest', verdict: 'regressed', requests: { base: 3200, head: 3200 } },
    ]);
    expect(whatMoved(run, familyOf([run.scenario]))).toEqual({
      latency: null,
      costsOfNames: [{ metric: 'cpuNsPerRequest', verdict: 'regressed' }],
    });
    const sentence = verdictSentence(compareRun(fileOf([run])));
    expect(sentence).toMatch(
      /unchanged \(CPU within 2 %\); but in `GET \/7` CPU per request \+[78]\S* %, which no gate watches/,
    );
  });

  test('has waits of its own, from windows with many requests in flight', () => {
    const run = byItself({});
    const normal = normalDeviates(randomFrom(3));
    const waiting = (route: string, ns: number) =>
      windowOf(
        { requestBlockNs: ns },
        { routes: [{ route, answered: 200, service: null, response: null, lag: null }] },
      );
    const launches = run.launches.map((launch) => {
      if (launch.stage !== 'routes') return launch;
      const waits = names.map((route, at) => {
        const ns = 50_000 * (route === 'GET /7' ? 3 : 1) * Math.exp(0.03 * normal());
        const pair = pairOf(waiting(route, 50_000), waiting(route, ns), { index: 20 + at, phase: 'contention' });
        return { ...pair, route };
      });
      return { ...launch, pairs: [...launch.pairs, ...waits] };
    });
    expect(moved({ ...run, launches })).toMatchObject([
      { route: 'GET /7', metric: 'blockWaitNsPerRequest', verdict: 'regressed' },
    ]);
  });

  test('needs four launches for CPU and two windows for what is counted', () => {
    expect(moved(byItself({ times: 1.5, launches: 3 }))).toEqual([]);
    expect(moved(byItself({ mallocs: 55, launches: 1 }))).toMatchObject([
      { route: 'GET /7', metric: 'mallocsPerRequest', effectRatio: expect.closeTo(0.1, 6) as number },
    ]);
  });

  test('is told of no name where code is equal', () => {
    const told = Array.from({ length: 40 }, (_, seed) => moved(byItself({}, seed + 1)).length);
    expect(told.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
  });
});
