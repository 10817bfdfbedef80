import { describe, expect, it } from 'vitest';
import { childrenOf, nameOf } from '../../../harness/report/page/flame-model.ts';
import { buildModel } from '../../../harness/report/page/flame-model.ts';
import {
  inView,
  MOVES,
  nodeAt,
  parentOf,
  type Scene,
  sceneOf,
  zoomedTo,
} from '../../../harness/report/page/flame-scene.ts';
import { pageData } from '../../../harness/report/render/page-data.ts';
import { STORIES } from '../../builders/comparisons.ts';
import { pairOfStacks } from './page-input.ts';

/** Root, then a (60: b 50, c 10) beside d (40), alike on both sides. */
const STACKS = [
  { frames: ['a', 'b'], value: 50 },
  { frames: ['a', 'c'], value: 10 },
  { frames: ['d'], value: 40 },
];
const scene: Scene = sceneOf(
  buildModel(pageData(STORIES['regressed-cpu']!, undefined, [pairOfStacks('CPU', STACKS, STACKS)]).flames[0]!),
  'base',
);

const at = (name: string, ...path: readonly string[]): number =>
  [...path, name].reduce(
    (node, next) => childrenOf(scene.model, node).find((child) => nameOf(scene.model, child) === next)!,
    0,
  );
const nameAt = (where: Scene, share: number, row: number): string | null => {
  const node = nodeAt(where, share, row);
  return node === null ? null : nameOf(where.model, node);
};

describe('what lies where in the flame graph', () => {
  it('is the root in the first row, and children by their share below', () => {
    expect(nodeAt(scene, 0.99, 0)).toBe(0);
    expect([0.01, 0.59, 0.61].map((share) => nameAt(scene, share, 1))).toEqual(['a', 'a', 'd']);
    expect([0.3, 0.55, 0.7].map((share) => nameAt(scene, share, 2))).toEqual(['b', 'c', null]);
  });

  it('is, zoomed in, the frame and its ancestors over the whole width', () => {
    const zoomed = zoomedTo(scene, at('a'));
    expect([0.01, 0.99].map((share) => nameAt(zoomed, share, 1))).toEqual(['a', 'a']);
    expect([0.8, 0.9].map((share) => nameAt(zoomed, share, 2))).toEqual(['b', 'c']);
  });
});

describe('the keys of the flame graph', () => {
  it('lead to the widest child, the parent, the neighbours and the root', () => {
    const go = (key: string, node: number): string => nameOf(scene.model, MOVES[key]!(scene, node));
    expect(go('ArrowDown', at('a'))).toBe('b');
    expect(go('ArrowUp', at('b', 'a'))).toBe('a');
    expect(go('ArrowRight', at('a'))).toBe('d');
    expect(go('ArrowLeft', at('d'))).toBe('a');
    expect(MOVES['Home']!(scene, at('c', 'a'))).toBe(0);
  });

  it('stay where there is nothing further', () => {
    const [leaf, last] = [at('b', 'a'), at('d')];
    expect(MOVES['ArrowDown']!(scene, leaf)).toBe(leaf);
    expect(MOVES['ArrowRight']!(scene, last)).toBe(last);
    expect(parentOf(scene, 0)).toBe(0);
  });
});

describe('another view of the flame graph', () => {
  it('keeps what was chosen and found, and shows all of it again', () => {
    const marks = new Uint8Array(scene.model.count);
    const chosen = { ...zoomedTo(scene, at('a')), selected: at('a'), marks };
    expect(inView(chosen, 'head')).toMatchObject({ view: 'head', selected: at('a'), marks, layout: { focus: 0 } });
  });
});
