import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FlameData } from '../../../harness/report/render/page-data.ts';
import { embedJson, pageData } from '../../../harness/report/render/page-data.ts';
import {
  ancestry,
  buildModel,
  calleesOf,
  callersOf,
  childrenOf,
  functionTotals,
  layOut,
  nameOf,
  search,
  widthsFor,
} from '../../../harness/report/page/flame-model.ts';
import { decodeProfile, functionCosts } from '../../../harness/profile/index.ts';
import { STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';
import { BASE_STACKS, HEAD_STACKS, pairOfStacks } from './page-input.ts';
import { largeStacks, profileOf, type Stack } from '../../builders/profiles.ts';
import { GO_VERSIONS } from '../../profile/fixtures.ts';

const flameOf = (base: readonly Stack[], head: readonly Stack[]): FlameData =>
  pageData(STORIES['regressed-cpu']!, undefined, [pairOfStacks('CPU', base, head)]).flames[0]!;

const stacks = fc.array(
  fc.record({
    frames: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 6 }),
    value: fc.integer({ min: 1, max: 999 }),
  }),
  { minLength: 1, maxLength: 30 },
);

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

const nodeOf = (model: ReturnType<typeof buildModel>, ...names: readonly string[]): number =>
  names.reduce((node, name) => childrenOf(model, node).find((child) => nameOf(model, child) === name)!, 0);

describe('the model of a flame graph', () => {
  it('has a root that holds everything of either side', () => {
    fc.assert(
      fc.property(stacks, stacks, (base, head) => {
        const model = buildModel(flameOf(base, head));
        expect(model.base[0]).toBe(sum(base.map((stack) => stack.value)));
        expect(model.head[0]).toBe(sum(head.map((stack) => stack.value)));
      }),
    );
  });

  it('never gives children more than their parent, and names them in order', () => {
    fc.assert(
      fc.property(stacks, stacks, (base, head) => {
        const model = buildModel(flameOf(base, head));
        for (let node = 0; node < model.count; node++) {
          const children = childrenOf(model, node);
          expect(sum(Array.from(children, (child) => model.base[child]!))).toBeLessThanOrEqual(model.base[node]!);
          const names = Array.from(children, (child) => nameOf(model, child));
          expect(names).toEqual([...new Set(names)].toSorted());
        }
      }),
    );
  });

  it('agrees with the profile module on flat and cum of every function, recursion included', () => {
    fc.assert(
      fc.property(stacks, (base) => {
        const model = buildModel(flameOf(base, base));
        const wanted = new Map(functionCosts(profileOf(base)).functions.map((one) => [one.name, [one.flat, one.cum]]));
        for (const row of functionTotals(model))
          expect([row.baseSelf, row.baseCum]).toEqual(wanted.get(model.data.names[row.name]!));
      }),
    );
  });
});

describe('a real profile of every kind', () => {
  const kinds = [
    ['cpu.pb.gz', 'cpu'],
    ['heap.pb.gz', 'alloc_space'],
    ['heap.pb.gz', 'inuse_space'],
    ['mutex.pb.gz', 'delay'],
    ['block.pb.gz', 'delay'],
    ['goroutine.pb.gz', 'goroutine'],
  ] as const;

  it.each(GO_VERSIONS.flatMap((go) => kinds.map(([file, type]) => [go, file, type] as const)))(
    'keeps its total and its functions: %s %s %s',
    (go, file, valueType) => {
      const place = new URL(`../../fixtures/profiles//${go}/${file}`, import.meta.url);
      const profile = decodeProfile(readFileSync(place), file);
      const source = { profile, valueType, scale: 1 };
      const pair = { ...pairOfStacks('CPU', [], []), base: source, head: source };
      const model = buildModel(pageData(STORIES['regressed-cpu']!, undefined, [pair]).flames[0]!);
      const costs = functionCosts(profile, { valueType });
      expect(model.base[0]! / costs.total).toBeCloseTo(1, 4);
      const rows = new Map(functionTotals(model).map((one) => [model.data.names[one.name]!, one.headCum]));
      for (const cost of costs.functions.filter((one) => one.cum !== 0))
        expect(rows.get(cost.name)! / cost.cum).toBeCloseTo(1, 3);
    },
  );
});

describe('the layout', () => {
  it('puts children side by side inside their parent', () => {
    fc.assert(
      fc.property(stacks, stacks, fc.constantFrom('difference', 'base', 'vanished' as const), (base, head, view) => {
        const model = buildModel(flameOf(base, head));
        const layout = layOut(model, widthsFor(model, view), 0);
        for (let node = 0; node < model.count; node++) {
          let at = layout.left[node]!;
          for (const child of childrenOf(model, node)) {
            if (layout.width[child] === 0) continue;
            expect(layout.left[child]).toBeCloseTo(at, 9);
            at += layout.width[child]!;
          }
          if (layout.width[node]! > 0) expect(at).toBeLessThanOrEqual(layout.left[node]! + layout.width[node]! + 1e-9);
        }
      }),
    );
  });

  it('fills the width with the focus and keeps its ancestors above it', () => {
    const model = buildModel(flameOf(BASE_STACKS, HEAD_STACKS));
    const focus = nodeOf(model, 'net/http.(*conn).serve', 'net/http.(*ServeMux).ServeHTTP', 'main.handleItems');
    const layout = layOut(model, widthsFor(model, 'head'), focus);
    for (const node of [0, ...ancestry(model, focus)]) expect(layout.width[node]).toBe(1);
    expect(layout.width[nodeOf(model, 'runtime.bgsweep')]).toBe(0);
  });

  it('shows in the vanished view what the head has no more, and only that', () => {
    const model = buildModel(flameOf(BASE_STACKS, HEAD_STACKS));
    const widths = widthsFor(model, 'vanished');
    expect(widths[0]).toBe(48_000);
    const shown = Array.from({ length: model.count }, (_, node) => node).filter((node) => widths[node]! > 0);
    expect(shown.map((node) => nameOf(model, node))).toEqual([
      'all',
      'net/http.(*conn).serve',
      'net/http.(*ServeMux).ServeHTTP',
      'main.handleItems',
      'main.oldCache',
      'sync.(*Mutex).Lock',
    ]);
  });
});

describe('the search', () => {
  it('counts a stack once, however often the name occurs in it', () => {
    const model = buildModel(
      flameOf(
        [
          { frames: ['ab', 'xab', 'c'], value: 30 },
          { frames: ['c'], value: 70 },
        ],
        [],
      ),
    );
    expect(search(model, 'AB')).toMatchObject({ functions: 2, baseShare: 0.3, headShare: 0 });
  });

  it('finds nothing for nothing', () => {
    const model = buildModel(flameOf(BASE_STACKS, HEAD_STACKS));
    expect(sum(search(model, '  ').marks)).toBe(0);
  });
});

describe('callers and callees', () => {
  it('of a function add up to its own cum when it calls nothing else', () => {
    const model = buildModel(flameOf(BASE_STACKS, HEAD_STACKS));
    const id = model.data.names.indexOf('main.encode');
    expect(callersOf(model, id).map((one) => [model.data.names[one.name], one.base, one.head])).toEqual([
      ['main.handleItems', 180_000, 242_000],
    ]);
    expect(sum(calleesOf(model, id).map((one) => one.head))).toBe(242_000);
  });
});

describe('the embedded figures', () => {
  it('come back as they went in, and hold nothing that ends a script', () => {
    const text = embedJson(HOSTILE.map((name) => name.slice(0, 300)));
    expect(text).not.toMatch(/[<\u2028\u2029]/);
    expect(JSON.parse(text)).toEqual(HOSTILE.map((name) => name.slice(0, 300)));
  });

  it('stay below 1 MB for 24,000 frames', () => {
    const large = largeStacks(24_000, 5);
    expect(embedJson(flameOf(large, large)).length).toBeLessThan(1_000_000);
  });
});
