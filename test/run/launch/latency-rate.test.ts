import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunSettings, Scenario } from '../../../harness/model/index.ts';
import { latencyRateOf } from '../../../harness/run/launch/latency-rate.ts';
import type { Session } from '../../../harness/run/session/session.ts';
import { scenarioWith } from '../../builders/scenarios.ts';
import { settings } from '../../builders/settings.ts';

const sessionWith = (latency: Scenario['load']['latency'], changes: Partial<RunSettings> = {}): Session =>
  ({ plan: { scenario: scenarioWith({ latency }) }, settings: { ...settings, ...changes } }) as Session;

const carrying = (couplesPerSecond: number) => ({ couplesPerSecond, cpuNsPerRequest: null });

describe('the steady rate at which latency is measured', () => {
  it.each([
    [100, 40],
    [2500, 1000],
    [1_000_000, 1000],
    [0.5, 1],
  ])('is by itself 40 %% of what both carry (%d/s → %d/s), from 1 to 1000', (carried, rate) => {
    expect(latencyRateOf(sessionWith('auto'), carrying(carried))).toBe(rate);
  });

  it.each([
    ['the scenario leaves it out', sessionWith(null)],
    ['the sides share CPUs with the loader', sessionWith('auto', { pinned: false })],
    ['the sides run one after the other', sessionWith('auto', { mode: 'alternate' })],
  ])('is none where %s', (_, session) => {
    expect(latencyRateOf(session, carrying(500))).toBeNull();
  });

  it('is what the scenario says up to 60 % of what both carry, and refused above, where a queue is measured', () => {
    const at = (ratePerSecond: number) => () => latencyRateOf(sessionWith({ ratePerSecond }), carrying(500));
    expect(at(300)()).toBe(300);
    expect(at(301)).toThrow(
      'load.latency.rate is 301/s per side; base and head together carry about 500/s per side here, and above 300/s one measures the queue',
    );
    expect(at(301)).toThrow(expect.objectContaining({ code: 'RATE_TOO_HIGH' }));
  });

  it('is never refused at the rate that the refusal proposes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 1_000_000 }), (carried) => {
        const proposed = Math.floor(carried * 0.6);
        expect(latencyRateOf(sessionWith({ ratePerSecond: proposed }), carrying(carried))).toBe(proposed);
      }),
    );
  });
});
