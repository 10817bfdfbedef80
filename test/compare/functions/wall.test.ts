/** Time that requests spend off the CPU, by who waits and for what. */
import { describe, expect, it } from 'vitest';
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import type { FunctionsFound } from '../../../harness/compare/functions/input.ts';
import type { FunctionComparison } from '../../../harness/model/index.ts';
import { wallProfile } from '../../../harness/trace/index.ts';
import { traceOf, type Written } from '../../trace/trace-writer.ts';
import { diffLines } from './fixture.ts';

const CONN = 'net/http.(*conn).serve';
const NEXT = `bufio.(*Reader).Peek < ${CONN}`;
const HANDLER = `main.handle < net/http.serverHandler.ServeHTTP < ${CONN}`;
const WRITE = `syscall.write < net/http.(*response).finishRequest < ${CONN}`;

/** Requests that sleep in main.lookup and wait for a lock in main.store, each so many microseconds. */
const profileOf = (requests: number, sleepMicros: number, lockMicros: number) => {
  const events: Written[] = [[0, 'statusStack', 7, 0, 4, NEXT]];
  let at = 0;
  let number = 0;
  const wake = (after: number): void => {
    events.push([(at += after), 'unblock', 7, ++number, ''], [(at += 1), 'start', 7, ++number]);
  };
  for (let request = 0; request < requests; request++) {
    wake(1000);
    events.push([(at += 50), 'block', 'sleep', `time.Sleep < main.lookup < ${HANDLER}`]);
    wake(sleepMicros);
    events.push([(at += 50), 'block', 'sync', `sync.(*Mutex).Lock < main.store < ${HANDLER}`]);
    wake(lockMicros);
    events.push([(at += 50), 'enter', 1, WRITE], [(at += 5), 'leave'], [(at += 5), 'block', 'network', NEXT]);
  }
  const { profile, requests: seen } = wallProfile(traceOf({ 1: events }));
  return { profile, requests: seen };
};

const compared = (base: ReturnType<typeof profileOf>, head: ReturnType<typeof profileOf>): FunctionsFound =>
  compareFunctions({
    kinds: [{ profile: 'wall', practicalRatio: 0.2, launches: [{ base, head }] }],
    source: 'judged',
    diff: [diffLines([900, 910])],
    moduleChanges: [],
    modulePath: 'example.com/app',
  });

const rowOf = ({ functions }: FunctionsFound, name: string): FunctionComparison =>
  functions.find((row) => row.function === name)!;

describe('the wall clock of requests', () => {
  const usual = profileOf(300, 1000, 500);

  it('names who sleeps longer, by how much and that it sleeps, whatever calls time.Sleep', () => {
    const found = compared(usual, profileOf(300, 6000, 500));
    expect(found.attribution.culprit).toBe('main.lookup');
    const lookup = rowOf(found, 'main.lookup');
    expect(lookup).toMatchObject({ kind: 'regressed', unit: 'ns' });
    expect(lookup.deltaPerRequest).toBeCloseTo(5_000_000, 3);
    const [sleep] = lookup.reasons!;
    expect(sleep!.reason).toBe('sleep');
    expect([sleep!.base, sleep!.head].map(Math.round)).toEqual([1_000_000, 6_000_000]);
    expect(rowOf(found, 'main.store').kind).toBe('unclear');
  });

  it('tells a lock from a sleep in the same requests', () => {
    const found = compared(usual, profileOf(300, 1000, 2500));
    expect(found.attribution.culprit).toBe('main.store');
    expect(rowOf(found, 'main.store').reasons![0]!.reason).toBe('lock');
  });

  it('says the same of twice as many requests, and nothing of equal ones', () => {
    const found = compared(usual, profileOf(600, 1000, 500));
    expect(found.attribution.culprit).toBeNull();
    expect(rowOf(found, 'main.lookup').deltaPerRequest).toBeCloseTo(0, 3);
  });

  it('is as unsure as the requests are few: three of them name nobody', () => {
    expect(compared(profileOf(3, 1000, 500), profileOf(3, 1500, 500)).attribution.culprit).toBeNull();
  });
});
