import { describe, expect, it } from 'vitest';
import type { FailedRequest, RouteAnswers } from '../../../harness/model/index.ts';
import { answersOf, failedRequestsOf, keptSettings, type Session } from '../../../harness/run/session/session.ts';
import { scenarioWith } from '../../builders/scenarios.ts';
import { settings } from '../../builders/settings.ts';

interface Seen {
  readonly answers: readonly RouteAnswers[] | null;
  readonly failed?: readonly FailedRequest[];
}

const request = (name: string) => ({ name, weight: 1, method: 'GET', path: '/', headers: {}, body: null });

const sessionOf = (...lanes: readonly Seen[]): Session =>
  ({
    plan: { scenario: scenarioWith({ load: { requests: [request('a'), request('b')] as never } }) },
    settings,
    lanes: lanes.map(({ answers, failed = [] }, at) => ({
      number: at + 1,
      cpus: { targetCpus: [2 * at], loaderCpus: [2 * at + 1] },
      loader: { comparedAnswers: () => answers, failedRequests: () => failed },
    })),
  }) as unknown as Session;

const sample = (body: string) => ({ status: 200, bytes: body.length, body });
const first = (name: string) => ({ request: `GET /${name}`, base: sample('one'), head: sample('other') });

const counted = (route: string, each: number, changes: Partial<RouteAnswers> = {}): RouteAnswers => ({
  route,
  compared: each,
  differing: 0,
  otherStatus: 0,
  lost: 0,
  gained: 0,
  repeated: each,
  varying: 0,
  unsteady: 0,
  first: null,
  ...changes,
});

const failure = (route: string, status: number, how: string): FailedRequest => ({
  side: 'head',
  route,
  kind: 'answered',
  status,
  request: 'GET /',
  how,
  body: null,
});

describe('what lanes saw', () => {
  it('of answers is added up request by request', () => {
    const one = [counted('a', 3), counted('b', 4, { varying: 1 })];
    const other = [counted('a', 5), counted('b', 6, { varying: 2 })];
    expect(answersOf(sessionOf({ answers: one }, { answers: other })).answers).toEqual([
      counted('a', 8),
      counted('b', 10, { varying: 3 }),
    ]);
    expect(answersOf(sessionOf({ answers: one }, { answers: null })).answers).toEqual(one);
    expect(answersOf(sessionOf({ answers: null }, { answers: null }))).toEqual({});
  });

  it('shows the answer that lost its content before one that says it otherwise, whichever lane met it', () => {
    const says = [counted('a', 3, { differing: 1, first: first('otherwise') })];
    const lost = [counted('a', 3, { differing: 1, lost: 1, first: first('lost') })];
    const shown = (...lanes: readonly (readonly RouteAnswers[])[]) =>
      answersOf(sessionOf(...lanes.map((answers) => ({ answers })))).answers?.[0]?.first?.request;
    expect(shown(says, lost)).toBe('GET /lost');
    expect(shown(lost, says)).toBe('GET /lost');
    expect(shown([counted('a', 3)], says)).toBe('GET /otherwise');
  });

  it('of failures is told once of each kind, and only of what is measured', () => {
    const session = sessionOf(
      { answers: null, failed: [failure('a', 500, 'first'), failure('left out', 404, 'new on head')] },
      { answers: null, failed: [failure('a', 500, 'again'), failure('b', 503, 'other')] },
    );
    expect(failedRequestsOf(session).failedRequests?.map(({ how }) => how)).toEqual(['first', 'other']);
  });
});

it('settings name the CPUs of lanes only where there are several', () => {
  expect(keptSettings(sessionOf({ answers: null }), 5)).toEqual({ ...settings, latencyRatePerSecond: 5 });
  expect(keptSettings(sessionOf({ answers: null }, { answers: null }), null)).toMatchObject({
    targetCpus: settings.targetCpus,
    lanes: [
      { targetCpus: [0], loaderCpus: [1] },
      { targetCpus: [2], loaderCpus: [3] },
    ],
  });
});
