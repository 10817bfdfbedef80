import { describe, expect, it } from 'vitest';
import { compareReplies } from '../../../harness/compare/instructions/replies.ts';
import type { ExactLaunch, Replies, Side } from '../../../harness/model/index.ts';

const ROUTES = ['list', 'item'];

interface Reply {
  readonly status?: number;
  readonly bytes?: number;
  readonly masked?: string;
}

/** Two requests to each route, every other one. */
const repliesOf = (replies: readonly Reply[]): Replies => ({
  route: replies.map((_reply, index) => index % 2),
  status: replies.map(({ status = 200 }) => status),
  bytes: replies.map(({ bytes = 100 }) => bytes),
  masked: replies.map(({ masked = 'a0' }) => masked),
});

const launch = (side: Side, replies: readonly Reply[]): ExactLaunch => ({
  index: 1,
  side,
  linkSeed: null,
  requests: replies.length,
  groups: { user: 0, runtime: 0, allocator: 0, gc: 0, scheduler: 0 },
  windowSeconds: 1,
  idleSeconds: 1,
  syscalls: {},
  threads: 5,
  replies: repliesOf(replies),
  profile: '',
  wallSeconds: 2,
});

const same: readonly Reply[] = [{}, {}, {}, {}];

/** `same` with request `index` answered otherwise. */
const but = (index: number, reply: Reply): readonly Reply[] => same.with(index, reply);

const compare = (base: readonly (readonly Reply[])[], head: readonly (readonly Reply[])[]) =>
  compareReplies([...base.map((each) => launch('base', each)), ...head.map((each) => launch('head', each))], ROUTES);

describe('replies of the counted requests', () => {
  it('that agree are told by nothing', () => {
    expect(compare([same, same], [same, same])).toEqual({ refusal: null, differences: [], varying: [] });
  });

  it('that differ are told by their route, and how many of its requests do', () => {
    const other = but(1, { masked: 'b1', bytes: 120 });
    expect(compare([same, same], [other, other]).differences).toEqual([
      { route: 'item', requests: 1, of: 2, what: 'body', firstBytes: { base: 100, head: 120 } },
    ]);
  });

  it('that differ in their digits alone are told by their length', () => {
    const longer = but(0, { bytes: 101 });
    expect(compare([same, same], [longer, longer]).differences).toMatchObject([
      { route: 'list', requests: 1, what: 'length', firstBytes: { base: 100, head: 101 } },
    ]);
  });

  it.each(['base', 'head'] as const)(
    'of a route that varies between launches of %s by itself are not compared',
    (side) => {
      const varying = [but(1, { masked: 'b1' }), but(1, { masked: 'b2' })];
      const steady = [but(3, { masked: 'c' }), but(3, { masked: 'c' })];
      const found = side === 'base' ? compare(varying, steady) : compare(steady, varying);
      expect(found).toEqual({ refusal: null, differences: [], varying: ['item'] });
    },
  );

  it('whose length alone varies are compared by what they say', () => {
    const base = [but(1, { bytes: 101 }), but(1, { bytes: 99 })];
    expect(compare(base, base)).toEqual({ refusal: null, differences: [], varying: [] });
    const head = base.map((replies) => replies.with(3, { masked: 'other' }));
    expect(compare(base, head).differences).toMatchObject([{ route: 'item', requests: 1, what: 'body' }]);
  });

  it('with another status refuse, also where only some launches give it', () => {
    const missing = but(1, { status: 404 });
    expect(compare([same, same], [missing, same]).refusal).toBe(
      '1 of 4 requests are answered with different statuses, the first (item) 200 by base and 404 or 200 by head: the sides do not do the same work',
    );
    expect(compare([missing, missing], [missing, missing]).refusal).toBeNull();
  });

  it('whose status varies on both sides do not', () => {
    const both = [but(1, { status: 304 }), same];
    expect(compare(both, both.toReversed()).refusal).toBeNull();
  });

  it('are not compared where one launch of a side cannot tell what varies by itself, or old runs kept none', () => {
    const other = but(1, { masked: 'b1' });
    expect(compare([same], [other]).differences).toEqual([]);
    const { replies: _none, ...old } = launch('base', same);
    expect(compareReplies([old, old, launch('head', other), launch('head', other)], ROUTES).differences).toEqual([]);
  });
});
