/** What launches still hold after a collection, by who allocated it and by where goroutines wait. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import type { FunctionsFound } from '../../../harness/compare/functions/input.ts';
import type { FunctionComparison } from '../../../harness/model/index.ts';
import { decodeProfile, type Profile } from '../../../harness/profile/index.ts';
import { FIXTURES } from '../../profile/fixtures.ts';
import { type Costs, diffLines, profileOf } from './fixture.ts';

const REQUESTS = 2000;

const held = (kind: 'goroutine' | 'inuse_space', base: Costs, head: Costs, launches = 8): FunctionsFound =>
  compareFunctions({
    kinds: [
      {
        profile: kind,
        practicalRatio: 0,
        launches: Array.from({ length: launches }, () => ({
          base: { profile: profileOf(base, kind), requests: REQUESTS },
          head: { profile: profileOf(head, kind), requests: REQUESTS },
        })),
      },
    ],
    source: 'judged',
    diff: [diffLines([80, 90])],
    moduleChanges: [],
    modulePath: 'example.com/app',
  });

const rowOf = ({ functions }: FunctionsFound, name: string): FunctionComparison =>
  functions.find((row) => row.function === name)!;

const POLL =
  'internal/poll.(*FD).Read@1:2;internal/poll.(*pollDesc).wait@1:2;runtime.netpollblock@1:2;runtime.gopark@1:2';
const IDLE: Costs = {
  'runtime.main@1:2;main.main@1:2;net/http.(*Server).Serve@1:2;runtime.gopark@1:2': 1,
  [`net/http.(*conn).serve@1:2;${POLL}`]: 4,
  'main.(*hub).run@40:45;runtime.selectgo@1:2;runtime.gopark@1:2': 2,
};

describe('goroutines', () => {
  const leak = { ...IDLE, 'main.(*hub).watch@80:85;runtime.chanrecv1@1:2;runtime.gopark@1:2': 200 };

  it('that pile up are named by the function in which they wait, per request and as they stand', () => {
    const found = held('goroutine', IDLE, leak);
    expect(found.attribution.culprit).toBe('main.(*hub).watch');
    const watch = rowOf(found, 'main.(*hub).watch');
    expect(watch).toMatchObject({ profile: 'goroutine', kind: 'new', unit: 'count', changedInDiff: true });
    expect([watch.basePerRequest, watch.held!.base]).toEqual([0, 0]);
    expect(watch.headPerRequest).toBeCloseTo(0.1, 9);
    expect(watch.held!.head).toBeCloseTo(200, 6);
    expect(found.attribution.samples).toBeNull();
  });

  it('that wait in Go’s library are named by the function of the module above it, else by how they began', () => {
    const client = `main.fetch@80:85;net/http.(*Client).Do@1:2;${POLL}`;
    const lost = `net/http.(*persistConn).readLoop@1:2;${POLL}`;
    expect(held('goroutine', IDLE, { ...IDLE, [client]: 100 }).attribution.culprit).toBe('main.fetch');
    const found = held('goroutine', IDLE, { ...IDLE, [lost]: 100 });
    expect(found.attribution.culprit).toBe('net/http.(*persistConn).readLoop');
    expect(found.functions.map((row) => row.function)).not.toContain('runtime.gopark');
  });

  it('of both sides alike name nobody', () => {
    const found = held('goroutine', leak, leak);
    expect(found.attribution.culprit).toBeNull();
    expect(found.functions.map((row) => row.deltaPerRequest)).toEqual(found.functions.map(() => 0));
  });

  it('add up to all goroutines of a launch', () => {
    const { functions } = held('goroutine', IDLE, leak);
    expect(functions.reduce((sum, row) => sum + row.held!.head, 0)).toBeCloseTo(207, 6);
    expect(functions.reduce((sum, row) => sum + row.held!.base, 0)).toBeCloseTo(7, 6);
  });
});

describe('the live heap', () => {
  const cache = 'net/http.(*conn).serve@1:2;main.handle@10:15;main.newCache@30:33;runtime.makeslice@1:2';
  const kept = 'net/http.(*conn).serve@1:2;main.handle@10:15;main.remember@80:82;runtime.newobject@1:2';

  it('that one long launch left behind is named by who allocated it', () => {
    const found = held('inuse_space', { [cache]: 100 }, { [cache]: 103, [kept]: 60 }, 1);
    expect(found.attribution.culprit).toBe('main.remember');
    expect(rowOf(found, 'main.remember')).toMatchObject({ kind: 'new', unit: 'B', held: { base: 0, head: 6e8 } });
    expect(rowOf(found, 'main.newCache').kind).toBe('unclear');
  });

  it('of a handful of samples names nobody', () => {
    expect(held('inuse_space', { [cache]: 9 }, { [cache]: 6, [kept]: 5 }, 1).attribution.culprit).toBeNull();
  });
});

describe('goroutines that can never wake', () => {
  const NOTHING = profileOf({}, 'goroutineleak');
  const STUCK = decodeProfile(readFileSync(new URL('go1.27/goroutineleak.pb.gz', FIXTURES)), 'goroutineleak');
  const sides = (base: Profile, head: Profile, requests: number) => ({
    base: { profile: base, requests },
    head: { profile: head, requests },
  });
  const grown = (base: Profile, head: Profile): FunctionsFound =>
    compareFunctions({
      kinds: [
        {
          profile: 'goroutine',
          practicalRatio: 0,
          launches: Array.from({ length: 8 }, () =>
            sides(
              profileOf(IDLE, 'goroutine'),
              profileOf(
                { ...IDLE, 'main.strand.func1@80:85;main.waitFor@70:71;runtime.chanrecv1@1:2': 20 },
                'goroutine',
              ),
              REQUESTS,
            ),
          ),
        },
        { profile: 'goroutineleak', practicalRatio: 0, launches: [sides(base, head, 10_000)] },
      ],
      source: 'judged',
      diff: [],
      moduleChanges: [],
      modulePath: 'example.com/fixtures',
    });

  it('are told by where they wait outside Go’s library and how they began, from one snapshot of a real program', () => {
    const rows = grown(NOTHING, STUCK).functions.filter(({ profile }) => profile === 'goroutineleak');
    const [channel, lock] = ['main.waitFor', 'main.(*stuck).lockTwice'].map((name) =>
      rows.find((row) => row.function === name),
    );
    expect(channel).toMatchObject({ kind: 'new', unit: 'count', path: ['main.strand.func1', 'main.waitFor'] });
    expect(channel?.held).toEqual({ base: 0, head: 30 });
    expect(lock?.path).toEqual(['main.(*stuck).lockTwice']);
    expect(lock?.held?.head).toBe(8);
  });

  it('are counted in one sentence that also says what Go leaves out', () => {
    expect(grown(NOTHING, STUCK).attribution.warnings).toEqual([
      "After 10,000 requests 38 goroutines of head (0 of base) can never wake, by Go's own count; those that a global variable, a timer or a live goroutine still reaches are not among them.",
    ]);
  });

  it('are none where Go finds none, or as many on base, and the growth keeps its name', () => {
    for (const both of [NOTHING, STUCK]) {
      const { attribution } = grown(both, both);
      expect(attribution.warnings).toEqual([
        expect.stringMatching(
          /^Go does not count head’s new goroutines among those that can never wake: something alive /,
        ),
      ]);
      expect(attribution.culprit).toBe('main.waitFor');
    }
  });
});
