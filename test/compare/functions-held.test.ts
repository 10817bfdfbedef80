/** What launches still hold after a collection, by who allocated it and by where goroutines wait. */
import { describe, expect, it } from 'vitest';
import { compareFunctions } from '../../harness/compare/functions.ts';
import type { FunctionsFound } from '../../harness/compare/functions-input.ts';
import type { FunctionComparison } from '../../harness/model/index.ts';
import { type Costs, diffLines, profileOf } from './functions-fixture.ts';

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
