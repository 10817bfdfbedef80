/** What the flame graph shows: a model, how it is looked at, what is chosen; and which frame lies where. */
import { ancestry, childrenOf, type FlameModel, type Layout, layOut, type View, widthsFor } from './flame-model.ts';

/** Height of a row in CSS pixels. */
export const ROW = 20;

export interface Scene {
  readonly model: FlameModel;
  readonly view: View;
  readonly widths: Float64Array;
  readonly layout: Layout;
  readonly selected: number;
  /** 1 for every node that a search found; null without one. */
  readonly marks: Uint8Array | null;
}

export const sceneOf = (model: FlameModel, view: View): Scene => {
  const widths = widthsFor(model, view);
  return { model, view, widths, layout: layOut(model, widths, 0), selected: 0, marks: null };
};

/** The same choice and search in another view. */
export const inView = (scene: Scene, view: View): Scene => {
  const { model, marks, selected } = scene;
  return { ...sceneOf(model, view), marks, selected };
};

export const zoomedTo = (scene: Scene, node: number): Scene => ({
  ...scene,
  layout: layOut(scene.model, scene.widths, node),
});

export const topOf = ({ model }: Scene, node: number): number => (model.depth[node] ?? 0) * ROW;

/** The frame at a place: `share` of the width from the left, and row. */
export const nodeAt = ({ model, layout }: Scene, share: number, row: number): number | null => {
  const path = [0, ...ancestry(model, layout.focus)];
  if (row < path.length) return path[row] ?? null;
  let node = layout.focus;
  for (let depth = path.length; depth <= row; depth++) {
    const next = childrenOf(model, node).find((child) => {
      const left = layout.left[child] ?? 0;
      return share >= left && share < left + (layout.width[child] ?? 0);
    });
    if (next === undefined) return null;
    node = next;
  }
  return node;
};

export const parentOf = ({ model }: Scene, node: number): number => Math.max(0, model.data.parent[node] ?? 0);

const isShown =
  ({ layout }: Scene) =>
  (node: number): boolean =>
    (layout.width[node] ?? 0) > 0;

const sibling = (scene: Scene, node: number, step: 1 | -1): number => {
  const row = childrenOf(scene.model, parentOf(scene, node)).filter(isShown(scene));
  return row[row.indexOf(node) + step] ?? node;
};

const widestChild = (scene: Scene, node: number): number => {
  const width = (child: number): number => scene.layout.width[child] ?? 0;
  let best = node;
  for (const child of childrenOf(scene.model, node).filter(isShown(scene)))
    if (best === node || width(child) > width(best)) best = child;
  return best;
};

/** Key → the frame it leads to from `node`. */
export const MOVES: Readonly<Record<string, (scene: Scene, node: number) => number>> = {
  ArrowUp: parentOf,
  ArrowDown: widestChild,
  ArrowLeft: (scene, node) => sibling(scene, node, -1),
  ArrowRight: (scene, node) => sibling(scene, node, 1),
  Home: () => 0,
};
