/** How many launches collect profiles, where what is measured is what the test says: nothing is started. */
import { beforeEach, expect, test, vi } from 'vitest';
import { conduct } from '../../harness/run/conduct.ts';
import type { LaunchSpec } from '../../harness/run/launch/running-pair.ts';
import { startClock } from '../../harness/run/session/clock.ts';
import type { LinkedPair, Links } from '../../harness/run/session/links.ts';
import type { RunPlan } from '../../harness/run/session/plan.ts';
import type { Session } from '../../harness/run/session/session.ts';
import { buildOf } from '../builders/builds.ts';
import { scenarioWith } from '../builders/scenarios.ts';
import { settings } from '../builders/settings.ts';
import { cpuRun, launchOf } from '../builders/synthetic-run.ts';

const SECONDS = 9;
const now = vi.hoisted(() => ({ ms: 0 }));

vi.mock('../../harness/run/launch/others.ts', async (original) => ({
  ...(await original<object>()),
  explainLaunch: async (_session: Session, { index }: LaunchSpec) => {
    now.ms += SECONDS * 1000;
    return Promise.resolve(launchOf(index, [], { stage: 'explain' }));
  },
}));

beforeEach(() => {
  now.ms = 0;
});

const links: Links = {
  next: async (launches) => Promise.resolve(Array.from({ length: launches }, () => ({ linkSeed: 1 }) as LinkedPair)),
  again: () => ({ linkSeed: 1 }) as LinkedPair,
  secondsToNext: () => 0,
  waitedSeconds: () => 0,
  linkSeconds: () => ({ base: [], head: [] }),
  recorded: () => null,
};

/** A run whose CPU went up by 10 % in eight launches. */
const explained = async (isNamed: RunPlan['isNamed'], functionGates = {}): Promise<number> => {
  const scenario = scenarioWith({ latency: null });
  const measure = { ...scenario.measure, exact: 'off' as const };
  const session = {
    plan: {
      scenario: { ...scenario, measure, ...functionGates },
      seed: 1,
      budgetSeconds: 300,
      family: { gates: 4 },
      purpose: 'compare',
      outDir: '/nowhere',
      onProgress: () => undefined,
      signal: new AbortController().signal,
      ...(isNamed !== undefined && { isNamed }),
    },
    settings,
    clock: startClock(300, () => now.ms),
    upkeep: { notes: () => [] },
    lanes: [{ number: 1, cpus: null, loader: { comparedAnswers: () => null, failedRequests: () => [] } }],
    movedPorts: [],
    launches: [...cpuRun([0.1, 0.101, 0.099, 0.1, 0.102, 0.098, 0.1, 0.1]).launches],
    notes: new Set<string>(),
  };
  const builds = { base: buildOf('go1.26.8'), head: buildOf('go1.26.8') };
  const { launches } = await conduct(session as unknown as Session, links, builds);
  return launches.filter(({ stage }) => stage === 'explain').length;
};

test('Profiles are collected until they name a function for sure, and asked after each launch.', async () => {
  let asked = 0;
  expect(await explained(async () => Promise.resolve(++asked === 2))).toBe(2);
  expect(asked).toBe(2);
});

test('Without a sure name they are collected as long as there is time for them.', async () => {
  const most = await explained(async () => Promise.resolve(false));
  expect(most).toBeGreaterThan(6);
  now.ms = 0;
  expect(await explained(undefined)).toBe(most);
});

test('A limit on the CPU of functions wants its samples whoever is named.', async () => {
  const gates = { functionGates: [{ profile: 'cpu', pattern: 'main.*', ratio: 0.05 }] };
  expect(await explained(async () => Promise.resolve(true), gates)).toBeGreaterThan(6);
});
