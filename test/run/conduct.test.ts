import { describe, expect, it } from 'vitest';
import type { BuildInfo, BySide } from '../../harness/model/index.ts';
import { conduct } from '../../harness/run/conduct.ts';
import { startClock } from '../../harness/run/session/clock.ts';
import type { Links } from '../../harness/run/session/links.ts';
import type { RunProgress } from '../../harness/run/session/plan.ts';
import type { Session } from '../../harness/run/session/session.ts';
import { buildOf } from '../builders/builds.ts';
import { scenarioWith } from '../builders/scenarios.ts';
import { settings } from '../builders/settings.ts';

interface Watched {
  readonly session: Session;
  readonly said: RunProgress[];
}

/** A session of which nothing can be started; `elapsedSeconds` of its budget are gone. */
const sessionOf = (budgetSeconds: number, elapsedSeconds: number): Watched => {
  const said: RunProgress[] = [];
  let nowMs = 0;
  const clock = startClock(budgetSeconds, () => nowMs);
  nowMs = elapsedSeconds * 1000;
  const plan = {
    scenario: scenarioWith({}),
    budgetSeconds,
    family: { gates: 4 },
    purpose: 'compare',
    outDir: '/nowhere',
    onProgress: (event: RunProgress) => said.push(event),
  };
  const session = {
    plan,
    settings,
    clock,
    upkeep: { notes: () => [] },
    lanes: [{ loader: { comparedAnswers: () => null, failedRequests: () => [] } }],
    movedPorts: [],
    launches: [],
    notes: new Set<string>(),
  };
  return { session: session as unknown as Session, said };
};

const noLinks = (links: { taken: number }): Links => ({
  next: () => {
    links.taken++;
    return Promise.reject(new Error('no service was to be started'));
  },
  again: () => {
    throw new Error('no launch came before');
  },
  secondsToNext: () => 0,
  waitedSeconds: () => 0,
  linkSeconds: () => ({ base: [], head: [] }),
  recorded: () => null,
});

const builds: BySide<BuildInfo> = { base: buildOf('go1.26.8'), head: buildOf('go1.26.8') };

describe('the conductor', () => {
  it('starts nothing where the budget holds no launch, and names the budget and where to raise it', async () => {
    const { session, said } = sessionOf(5, 4.99);
    const links = { taken: 0 };
    await expect(conduct(session, noLinks(links), builds)).rejects.toMatchObject({
      code: 'BUDGET_TOO_SMALL',
      message: 'A budget of 5 s leaves no time for a single launch of demo',
      hint: expect.stringMatching(/measure\.budget .*--budget/) as string,
    });
    expect(links.taken).toBe(0);
    expect(said).toEqual([]);
  });

  it('starts nothing where the builds were made with different flags', async () => {
    const { session } = sessionOf(120, 0);
    const links = { taken: 0 };
    const raced: BySide<BuildInfo> = { base: builds.base, head: buildOf('go1.26.8', {}, { buildFlags: ['-race'] }) };
    const run = await conduct(session, noLinks(links), raced);
    expect(run.invalid?.code).toBe('unequal-settings');
    expect(run).toMatchObject({ launches: [], stop: 'invalid', exact: null });
    expect(links.taken).toBe(0);
  });

  it('begins with a judged launch, and passes on what is wrong with its links', async () => {
    const { session } = sessionOf(120, 0);
    const links = { taken: 0 };
    await expect(conduct(session, noLinks(links), builds)).rejects.toThrow('no service was to be started');
    expect(links.taken).toBe(1);
  });
});
