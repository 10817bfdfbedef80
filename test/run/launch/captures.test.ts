import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Agent, AgentRefusedError } from '../../../harness/capture/index.ts';
import { capturesOf } from '../../../harness/run/launch/captures.ts';
import type { LiveSide } from '../../../harness/run/launch/running-pair.ts';
import type { Session } from '../../../harness/run/session/session.ts';
import { decodeProfile } from '../../../harness/profile/index.ts';
import { FIXTURES } from '../../profile/fixtures.ts';
import { traceOf } from '../../trace/trace-writer.ts';

const outDir = mkdtempSync(join(tmpdir(), 'godyno-captures-'));
afterAll(() => rmSync(outDir, { recursive: true }));

const STUCK = readFileSync(new URL('go1.27/goroutineleak.pb.gz', FIXTURES));

const NO_REQUESTS = traceOf({ 1: [[0, 'status', 1, 1, 2]] });

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

describe('a trace', () => {
  const TRACE = readFileSync(new URL('../../fixtures/traces/go1.26.trace', import.meta.url));

  const traced = (stopTrace: Agent['stopTrace'], startTrace: Agent['startTrace'] = async () => undefined) => {
    const notes = new Set<string>();
    const cpu = { started: 0, stopped: 0 };
    const taken = capturesOf({ plan: { outDir, scenario: { name: 'demo' } }, notes } as Session, 8, 'head', {
      agent: {
        startTrace,
        stopTrace,
        startCpuProfile: async () => void cpu.started++,
        stopCpuProfile: async () => {
          cpu.stopped++;
          return { bytes: STUCK, spanNs: 1 };
        },
      } as unknown as Agent,
    } as LiveSide);
    return { taken, notes, cpu };
  };

  it('is kept for go tool trace, and as the wall clock of the requests in it', async () => {
    const { taken, notes } = traced(async () => TRACE);
    expect(await taken.beginTrace()).toBe(true);
    await taken.endTrace();
    const file = 'profiles/demo/head/launch-8/wall.pb.gz';
    expect(taken.refs()).toEqual({ wall: { file, before: null, requests: 24 } });
    expect(decodeProfile(readFileSync(join(outDir, file)), file).sampleTypes.map(({ type }) => type)).toContain('wall');
    expect(readFileSync(join(outDir, 'profiles/demo/head/launch-8/trace.out'))).toEqual(TRACE);
    expect(notes.size).toBe(0);
  });

  it.each([
    [
      'grew too large',
      async () => Promise.reject(new AgentRefusedError('trace.stop', 'it grew')),
      /refused "trace\.stop": it grew/,
    ],
    [
      'is cut',
      async () => TRACE.subarray(0, 5000),
      /not known on head: This is not an execution trace of Go, or it is damaged/,
    ],
    ['holds no request', async () => NO_REQUESTS, /not known on head: no server that godyno knows answered a request/],
  ])('that %s costs one sentence', async (_, stopTrace, sentence) => {
    const { taken, notes, cpu } = traced(stopTrace);
    await taken.beginTrace();
    await taken.endTrace();
    expect(taken.refs()).toEqual({});
    expect([...notes].join()).toMatch(sentence);
    expect(cpu).toEqual({ started: 1, stopped: 1 });
  });

  it('that does not begin leaves no CPU profile running', async () => {
    const refused = async () => Promise.reject(new AgentRefusedError('trace.start', 'tracing is already enabled'));
    const { taken, notes, cpu } = traced(async () => TRACE, refused);
    expect(await taken.beginTrace()).toBe(false);
    expect(cpu).toEqual({ started: 1, stopped: 1 });
    expect([...notes].join()).toMatch(/tracing is already enabled/);
  });
});
