import fc from 'fast-check';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import { SideTally } from '../../../harness/load/traffic/tally.ts';
import type { LatencySummary } from '../../../harness/model/index.ts';
import { request } from '../service.ts';

const ROUTES = [request('/a'), request('/b'), request('/c')];

const valuesOf = (summary: LatencySummary | null): number =>
  summary === null ? 0 : decodeFromCompressedBase64(summary.histogram).totalCount;

const event = fc.record({
  how: fc.constantFrom('answer', 'lost', 'timeout'),
  route: fc.nat(2),
  status: fc.constantFrom(200, 204, 302, 404, 500),
  plannedMs: fc.double({ min: 0, max: 1000, noNaN: true }),
  lagMs: fc.double({ min: 0, max: 50, noNaN: true }),
  serviceMs: fc.double({ min: 0, max: 90_000, noNaN: true }),
});

test('whatever happens, every request is counted once and every route adds up to the whole', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const tally = new SideTally(ROUTES);
      for (const { how, route, status, plannedMs, lagMs, serviceMs } of events) {
        tally.planned++;
        const times = { route, plannedMs, sentMs: plannedMs + lagMs, wrong: false };
        if (how === 'answer') tally.countAnswer(times, status, times.sentMs + serviceMs);
        else if (how === 'lost') tally.countLost();
        else tally.countTimeout(times, times.sentMs + serviceMs);
      }
      const window = tally.summarize();
      const answers = events.filter(({ how }) => how === 'answer');
      expect(window.planned).toBe(window.answered + window.lost + window.timedOut);
      expect(tally.pending).toBe(0);
      expect(window.answered).toBe(answers.length);
      expect(window.failed).toBe(answers.filter(({ status }) => status >= 300).length);
      expect(Object.values(window.failedStatus).reduce((sum, count) => sum + count, 0)).toBe(window.failed);
      for (const kind of ['service', 'response'] as const) {
        expect(valuesOf(window[kind])).toBe(window.routes.reduce((sum, route) => sum + valuesOf(route[kind]), 0));
      }
      expect(valuesOf(window.service)).toBe(window.answered);
      expect(valuesOf(window.response)).toBe(window.answered + window.timedOut);
    }),
    { numRuns: 40 },
  );
});

test('latencies are in microseconds, to three digits, and longer than a minute counts as a minute', () => {
  const tally = new SideTally([request('/a')]);
  for (const ms of [0.25, 1, 3, 200_000]) {
    tally.planned++;
    tally.countAnswer({ route: 0, plannedMs: Number.NaN, sentMs: 10, wrong: false }, 200, 10 + ms);
  }
  const { service, response } = tally.summarize();
  expect(service).toMatchObject({ count: 4, p50Us: 1000 });
  expect((service?.maxUs ?? 0) / 60_000_000).toBeCloseTo(1, 2);
  expect(response).toBeNull();
});

test('nothing of one window is left in the next', () => {
  const tally = new SideTally([request('/a')]);
  const empty = tally.summarize();
  tally.planned++;
  tally.countAnswer({ route: 0, plannedMs: 0, sentMs: 1, wrong: false }, 500, 2);
  tally.reset();
  expect(tally.summarize()).toEqual(empty);
});
