import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { startLoader, type LoadPlan } from '../../harness/load/index.ts';
import { type BySide, bothSides, type LatencySummary, SIDES } from '../../harness/model/index.ts';
import { plan, request, startBothServices, targetOf } from './service.ts';

const services = await startBothServices();
const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
afterAll(async () => loader.stop());

// What an earlier test left in flight must not arrive in the next.
beforeEach(async () => {
  await loader.detach();
  for (const side of SIDES) {
    await expect.poll(() => services[side].connections(), { timeout: 5000 }).toBe(0);
    services[side].forget();
  }
});

const attach = async (given: LoadPlan, values?: BySide<Readonly<Record<string, string>>>): Promise<void> =>
  loader.attach({ plan: given, targets: bothSides((side) => targetOf(services[side], values?.[side])) });

const totalUs = (summary: LatencySummary | null): number => {
  const histogram = decodeFromCompressedBase64(summary?.histogram ?? '');
  return histogram.mean * histogram.totalCount;
};

test('a rate and a time give exactly their product of requests to each side, the same ones', async () => {
  await attach(plan([request('/ok?a=${n}', { weight: 3 }), request('/ok?b=${n}')]));
  const pair = await loader.latency({ first: 7, seconds: 0.5, ratePerSecond: 200 });
  expect(pair).toMatchObject({ next: 107, cutShort: null });
  for (const side of SIDES) {
    expect(pair[side]).toMatchObject({ planned: 100, answered: 100, lost: 0, timedOut: 0 });
    expect(pair[side].routes.map(({ answered }) => answered)).toEqual([75, 25]);
  }
  const paths = (side: 'base' | 'head') => services[side].arrivals.map(({ path }) => path).sort();
  expect(paths('head')).toEqual(paths('base'));
  // The last request is planned 99 gaps of 5 ms after the first.
  expect(pair.wallSeconds).toBeGreaterThanOrEqual(0.495);
});

test('response is lag plus service, request by request', async () => {
  await attach(plan([request('/ok'), request('/slow')]));
  const pair = await loader.latency({ first: 0, seconds: 0.5, ratePerSecond: 100 });
  for (const side of SIDES) {
    for (const { service, response, lag, answered } of pair[side].routes) {
      expect([service?.count, response?.count, lag?.count]).toEqual([answered, answered, answered]);
      // Three digits in each histogram, and 1 µs of rounding in each of the three spans.
      const sum = totalUs(service) + totalUs(lag);
      expect(Math.abs(totalUs(response) - sum)).toBeLessThan(0.001 * sum + 2 * answered);
    }
  }
  expect(pair.loader.lagP50Us).toBeLessThanOrEqual(pair.loader.lagP99Us ?? 0);
});

test('a service that cannot keep up shows it in response, not in service', async () => {
  // 8 connections of 20 ms each answer 400/s at most; 600/s therefore queue here, and the queue is part of the response.
  await attach(plan([request('/slow')]));
  const { base } = await loader.latency({ first: 0, seconds: 0.5, ratePerSecond: 600 });
  expect(base.planned).toBe(300);
  expect(base.response?.p99Us).toBeGreaterThan(2 * (base.service?.p50Us ?? 0));
});

test('the number of connections follows the slowest service time seen before', async () => {
  await attach(plan([request('/slow')]));
  await loader.couples({ first: 0, count: 5, inFlight: 1 });
  const { base } = await loader.latency({ first: 5, seconds: 0.3, ratePerSecond: 300 });
  // 300/s × at least 19 ms × 4 = at least 23 connections: enough that nothing queues for long.
  expect(services.base.connections()).toBeGreaterThanOrEqual(23);
  expect(services.base.connections()).toBeLessThanOrEqual(64);
  expect(base.answered).toBe(90);
});

test('a side far behind its schedule ends the phase early and says so; the counts stay exact', async () => {
  await attach(plan([request('/${way}')], { timeoutSeconds: 1 }), { base: { way: 'ok' }, head: { way: 'hang' } });
  const pair = await loader.latency({ first: 0, seconds: 5, ratePerSecond: 200 });
  expect(pair.cutShort).toMatch(/^head (was \d+ requests behind its schedule of 200\/s|left 3 requests unanswered)/);
  for (const side of SIDES) {
    const { planned, answered, lost, timedOut } = pair[side];
    expect(planned).toBe(answered + lost + timedOut);
    expect(services[side].arrivals.length).toBe(planned);
  }
  expect(pair.base.planned).toBeLessThan(1000);
});

test('timed-out requests count in the response time at the time waited', async () => {
  await attach(plan([request('/hang-every-20th')], { timeoutSeconds: 0.6 }));
  const { base } = await loader.latency({ first: 0, seconds: 0.2, ratePerSecond: 200 });
  expect(base).toMatchObject({ planned: 40, answered: 38, timedOut: 2 });
  expect(base.response?.count).toBe(40);
  expect(base.service?.count).toBe(38);
  expect(base.response?.maxUs).toBeGreaterThanOrEqual(600_000);
});
