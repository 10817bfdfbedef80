import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Agent, AgentRefusedError } from '../../../harness/capture/index.ts';
import { capturesOf } from '../../../harness/run/launch/captures.ts';
import type { LiveSide } from '../../../harness/run/launch/running-pair.ts';
import type { Session } from '../../../harness/run/session/session.ts';
import { FIXTURES } from '../../profile/fixtures.ts';

const outDir = mkdtempSync(join(tmpdir(), 'godyno-captures-'));
afterAll(() => rmSync(outDir, { recursive: true }));

const STUCK = readFileSync(new URL('go1.27/goroutineleak.pb.gz', FIXTURES));

/** A launch whose agent lists these profiles and answers a snapshot so. */
const captures = (profiles: readonly string[], snapshot: Agent['snapshot'], signal = new AbortController().signal) =>
  capturesOf({ plan: { outDir, scenario: { name: 'demo' }, signal } } as Session, 9, 'head', {
    agent: { hello: { profiles }, snapshot } as Agent,
  } as LiveSide);

describe('what the agent refuses', () => {
  const refusing = (kinds: readonly string[]) => {
    const refuse = async (asked: string): Promise<never> =>
      Promise.reject(new AgentRefusedError(asked, 'already in use'));
    const notes = new Set<string>();
    const taken = capturesOf({ plan: { outDir, scenario: { name: 'demo' } }, notes } as Session, 7, 'head', {
      agent: {
        snapshot: async (kind: string) => (kinds.includes(kind) ? refuse(kind) : STUCK),
        startCpuProfile: async () => (kinds.includes('cpu') ? refuse('cpu.start') : undefined),
        stopCpuProfile: async () => ({ bytes: STUCK, spanNs: 1 }),
      } as unknown as Agent,
    } as LiveSide);
    return { taken, notes };
  };

  it.each([
    [['cpu'], ['allocs', 'block', 'goroutine', 'heap', 'mutex']],
    [['block'], ['allocs', 'cpu', 'goroutine', 'heap', 'mutex']],
    [
      ['allocs', 'heap', 'goroutine'],
      ['block', 'cpu', 'mutex'],
    ],
  ])('%j is left out with a sentence, and the rest is kept', async (refused, kept) => {
    const { taken, notes } = refusing(refused);
    await taken.begin();
    await taken.endCpu(10);
    await taken.beginWaits();
    await taken.endWaits(10);
    await taken.end(10);
    expect(Object.keys(taken.refs()).toSorted()).toEqual(kept);
    expect([...notes].join()).toMatch(/^head: The agent inside the service refused/);
  });
});

describe('goroutines that can never wake', () => {
  it('are kept as Go gave them, beside the launch’s other profiles', async () => {
    const taken = captures(['heap', 'goroutineleak'], async () => STUCK);
    expect(await taken.endLeaks(10_000)).toBeNull();
    const file = 'profiles/demo/head/launch-9/goroutineleak.pb.gz';
    expect(taken.refs()).toEqual({ goroutineleak: { file, before: null, requests: 10_000 } });
    expect(readFileSync(join(outDir, file))).toEqual(STUCK);
  });

  it('are not asked for of a Go that does not tell them', async () => {
    const taken = captures(['heap', 'goroutine'], () => Promise.reject(new Error('asked')));
    expect(await taken.endLeaks(10_000)).toBeNull();
    expect(taken.refs()).toEqual({});
  });

  it.each([
    ['refused', () => Promise.reject(new Error('no such profile'))],
    ['broken', () => Promise.resolve(new Uint8Array([31, 139, 8, 0]))],
    ['empty', () => Promise.resolve(new Uint8Array())],
  ])('cost one sentence and leave nothing behind when the snapshot is %s', async (_, snapshot) => {
    const taken = captures(['goroutineleak'], snapshot);
    expect(await taken.endLeaks(10_000)).toEqual(expect.stringMatching(/./));
    expect(taken.refs()).toEqual({});
  });

  it('end with the run when that is interrupted meanwhile', async () => {
    const abort = new AbortController();
    const interrupted = new Error('interrupted');
    const taken = captures(
      ['goroutineleak'],
      () => {
        abort.abort(interrupted);
        return Promise.reject(new Error('the socket was closed'));
      },
      abort.signal,
    );
    await expect(taken.endLeaks(10_000)).rejects.toBe(interrupted);
  });
});
