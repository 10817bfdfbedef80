import { describe, expect, it } from 'vitest';
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import type { GroupCost } from '../../../harness/model/index.ts';
import { buildOf } from '../../builders/builds.ts';
import { type Costs, inputOf } from './fixture.ts';

const SERVE = 'net/http.(*conn).serve';
const TWO = { base: buildOf('go1.26.8'), head: buildOf('go1.27.3') };

const costsOf = (base: Costs, head: Costs, builds = TWO): readonly GroupCost[] =>
  compareFunctions({ ...inputOf({ base, head, samples: 40_000 }), builds }).costs;
const find = (costs: readonly GroupCost[], of: GroupCost['of'], path = '') =>
  costs.find((cost) => cost.of === of && cost.package === path);

describe('costs by package of Go', () => {
  const base: Costs = {
    [`${SERVE};main.handle`]: 300,
    [`${SERVE};main.handle;encoding/json.Marshal;encoding/json.encode`]: 60,
    [`${SERVE};main.handle;encoding/json.Marshal;bytes.(*Buffer).Write;runtime.growslice`]: 40,
    [`${SERVE};main.handle;runtime.mapaccess1`]: 50,
    [`${SERVE};net/http.readRequest`]: 100,
    [`${SERVE};main.handle;github.com/x/y.Do;sort.Slice;main.less`]: 50,
    'runtime.gcBgMarkWorker;runtime.gcDrain': 80,
  };
  const head: Costs = {
    ...base,
    [`${SERVE};main.handle;encoding/json.Marshal;encoding/json.encode`]: 0,
    [`${SERVE};main.handle;encoding/json.Marshal;bytes.(*Buffer).Write;runtime.growslice`]: 0,
    [`${SERVE};main.handle;encoding/json.Marshal;encoding/json/v2.marshal;encoding/json/jsontext.quote`]: 120,
    [`${SERVE};main.handle;encoding/json.Marshal;encoding/json/v2.marshal;slices.Grow[...];runtime.growslice`]: 60,
  };

  it('are what calls into a package cost, however it is cut inside, and the largest change comes first', () => {
    const [first] = costsOf(base, head);
    expect(first).toMatchObject({ of: 'go', package: 'encoding/json', isCertain: true, profile: 'cpu', unit: 'ns' });
    // 1 unit of cost is 1 µs; the shares are sampled.
    expect(first!.basePerRequest / 1000).toBeGreaterThan(90);
    expect(first!.basePerRequest / 1000).toBeLessThan(110);
    expect(first!.headPerRequest / 1000).toBeGreaterThan(165);
    expect(first!.headPerRequest / 1000).toBeLessThan(195);
  });

  it('leave to the module what it makes the runtime do, and the runtime what nobody called', () => {
    const costs = costsOf(base, head);
    const module = find(costs, 'module');
    expect(module?.isCertain).toBe(false);
    expect(module!.basePerRequest / 1000).toBeGreaterThan(375);
    expect(module!.basePerRequest / 1000).toBeLessThan(425);
    expect(find(costs, 'runtime')!.basePerRequest / 1000).toBeGreaterThan(70);
    expect(find(costs, 'go', 'net/http')).toMatchObject({ isCertain: false });
    expect(find(costs, 'go', 'bytes')).toBeUndefined();
    expect(find(costs, 'dependencies')).toBeUndefined();
  });

  it('add up to the whole', () => {
    const total = (costs: Costs): number => Object.values(costs).reduce((sum, cost) => sum + cost, 0) * 1000;
    const sum = costsOf(base, head).reduce((all, cost) => all + cost.headPerRequest, 0);
    expect(sum / total(head)).toBeGreaterThan(0.99);
    expect(sum / total(head)).toBeLessThan(1.01);
  });

  it('are not asked for where one Go has built both sides', () => {
    expect(costsOf(base, head, { base: TWO.head, head: TWO.head })).toEqual([]);
  });
});

describe('closures of two compilers', () => {
  // Go before 1.27 names every inlined copy by where it lies.
  const base: Costs = {
    [`${SERVE};main.(*shop).routes.(*shop).observed.func5@50:51;main.work`]: 150,
    [`${SERVE};main.(*shop).routes.(*shop).observed.func6@50:52;main.work`]: 150,
    [`${SERVE};main.(*shop).routes.(*shop).observed.func5@50:51`]: 50,
    [`${SERVE};main.(*shop).routes.(*shop).observed.func6@50:52`]: 50,
  };
  const head: Costs = {
    [`${SERVE};main.(*shop).observed.func1@50:51;main.work`]: 330,
    [`${SERVE};main.(*shop).observed.func1@50:51`]: 100,
  };
  const rows = (from: Costs, to: Costs) =>
    compareFunctions({ ...inputOf({ base: from, head: to, samples: 40_000 }), builds: TWO }).functions;

  it('are one function where they begin at one place, and neither new nor moved', () => {
    const closures = rows(base, head).filter((row) => row.function.includes('observed'));
    expect(closures.map((row) => row.function)).toEqual(['main.(*shop).observed.func1']);
    expect(closures[0]).toMatchObject({ kind: 'unclear', movedTo: null });
    expect(closures[0]!.basePerRequest).toBeGreaterThan(0);
  });

  it('are so the other way round', () => {
    const closures = rows(head, base).filter((row) => row.function.includes('observed'));
    expect(closures.map((row) => row.function)).toEqual(['main.(*shop).observed.func1']);
  });

  it('keep their names where two begin on one line on both sides', () => {
    const twins = (one: string, other: string): Costs => ({
      [`${SERVE};${one}@50:51`]: 100,
      [`${SERVE};${other}@50:51`]: 100,
    });
    const found = rows(twins('main.a.func1', 'main.a.func2'), twins('main.b.func1', 'main.b.func2'));
    expect(new Set(found.flatMap((row) => [row.function, row.movedTo ?? '']))).toEqual(
      expect.objectContaining(new Set(['main.a.func1', 'main.a.func2'])),
    );
  });
});
