/** The flame graph on its canvas: drawing, pointer and keys. Choosing a frame tells `onSelect`. */
import { FOUND, painter } from './colors.ts';
import { element } from './dom.ts';
import {
  ancestry,
  childrenOf,
  deltaOf,
  type FlameModel,
  type Layout,
  layOut,
  nameOf,
  type View,
  widthsFor,
} from './flame-model.ts';
import { describe, signedAmount } from './numbers.ts';

const ROW = 20;
const FONT = '12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
/** Narrower frames are not drawn; they are under half a pixel. */
const NARROWEST = 0.5;
/** Frames from here on say their difference before their name, so that no meaning rests on colour. */
const WIDE = 150;
/** Browsers refuse larger canvases (Safari: 16,384 device pixels). */
const TALLEST = 8000;

/** The whole name, or without the folders of its package, or as much of that as fits. */
const fitName = (name: string, room: number): string => {
  if (name.length <= room) return name;
  const short = name.slice(name.lastIndexOf('/') + 1);
  return short.length <= room ? short : `${short.slice(0, Math.max(0, room - 1))}…`;
};

export interface FlameView {
  readonly root: HTMLElement;
  readonly show: (model: FlameModel) => void;
  readonly setView: (view: View) => void;
  readonly mark: (marks: Uint8Array | null) => void;
  readonly select: (node: number) => void;
  readonly zoom: (node: number) => void;
}

interface State {
  model: FlameModel;
  view: View;
  widths: Float64Array;
  layout: Layout;
  selected: number;
  marks: Uint8Array | null;
}

export const createFlameView = (first: FlameModel, onSelect: (node: number) => void): FlameView => {
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const tip = element('div', { class: 'tip', hidden: true });
  const said = element('div', { class: 'unseen', role: 'status' });
  const stage = element(
    'div',
    {
      class: 'stage',
      tabindex: 0,
      role: 'application',
      'aria-label':
        'Flame graph. Arrow keys move, Enter zooms, Escape zooms out. The table of functions below holds the same figures.',
    },
    canvas,
  );
  const root = element('div', { class: 'flame' }, stage, tip, said);
  const drawing = canvas.getContext('2d');

  const start = (model: FlameModel, view: View): State => {
    const widths = widthsFor(model, view);
    return { model, view, widths, layout: layOut(model, widths, 0), selected: 0, marks: null };
  };
  let state = start(first, 'difference');
  let paintOf = painter();
  let letter = 7.2;
  let drawnWidth = 0;

  const resize = (): number => {
    const width = Math.max(100, stage.clientWidth);
    const height = Math.min(TALLEST, state.layout.rows * ROW + 1);
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    drawing?.setTransform(ratio, 0, 0, ratio, 0, 0);
    return width;
  };

  const labelOf = (node: number, width: number): string => {
    const { model, view } = state;
    const delta = view === 'difference' && width > WIDE ? deltaOf(model, node) : 0;
    const sign = delta === 0 ? '' : `${signedAmount(model.data, delta)}  `;
    const room = Math.floor((width - 6) / letter) - sign.length;
    return sign + fitName(nameOf(model, node), room);
  };

  const drawFrame = (pen: CanvasRenderingContext2D, node: number, whole: number): void => {
    const { model, layout, marks } = state;
    const width = (layout.width[node] ?? 0) * whole;
    if (width < NARROWEST) return;
    const x = (layout.left[node] ?? 0) * whole;
    const y = (model.depth[node] ?? 0) * ROW;
    if (y > TALLEST) return;
    const isFound = marks?.[node] === 1;
    const paint = isFound ? FOUND : paintOf(model, node, state.view);
    pen.globalAlpha = marks === null || isFound ? 1 : 0.35;
    pen.fillStyle = paint.fill;
    pen.fillRect(x, y, width > 3 ? width - 1 : width, ROW - 1);
    if (width < 4 * letter) return;
    pen.fillStyle = paint.text;
    pen.fillText(labelOf(node, width), x + 3, y + ROW / 2);
  };

  const outline = (pen: CanvasRenderingContext2D, node: number, whole: number): void => {
    const { layout, model } = state;
    const width = (layout.width[node] ?? 0) * whole;
    if (width <= 0 || node === 0) return;
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.strokeStyle = getComputedStyle(stage).color;
    const x = (layout.left[node] ?? 0) * whole;
    pen.strokeRect(x + 1, (model.depth[node] ?? 0) * ROW + 1, Math.max(2, width - 3), ROW - 3);
  };

  const draw = (): void => {
    if (drawing === null) return;
    const whole = resize();
    drawnWidth = stage.clientWidth;
    drawing.clearRect(0, 0, whole, state.layout.rows * ROW + 1);
    drawing.font = FONT;
    drawing.textBaseline = 'middle';
    letter = drawing.measureText('M').width || letter;
    for (let node = 0; node < state.model.count; node++) drawFrame(drawing, node, whole);
    outline(drawing, state.selected, whole);
  };

  const nodeAt = (x: number, y: number): number | null => {
    const { model, layout } = state;
    const row = Math.floor(y / ROW);
    const at = x / Math.max(1, stage.clientWidth);
    const path = [0, ...ancestry(model, layout.focus)];
    if (row < path.length) return path[row] ?? null;
    let node = layout.focus;
    for (let depth = path.length; depth <= row; depth++) {
      const next = childrenOf(model, node).find((child) => {
        const left = layout.left[child] ?? 0;
        return at >= left && at < left + (layout.width[child] ?? 0);
      });
      if (next === undefined) return null;
      node = next;
    }
    return node;
  };

  const select = (node: number): void => {
    state.selected = node;
    said.textContent = describe(state.model, node).join(', ');
    stage.dataset['selected'] = nameOf(state.model, node);
    draw();
    scrollTo(node);
    onSelect(node);
  };

  const scrollTo = (node: number): void => {
    const top = (state.model.depth[node] ?? 0) * ROW;
    if (top < stage.scrollTop) stage.scrollTop = top;
    else if (top + ROW > stage.scrollTop + stage.clientHeight) stage.scrollTop = top + ROW - stage.clientHeight;
  };

  const zoom = (node: number): void => {
    state.layout = layOut(state.model, state.widths, node);
    stage.dataset['focus'] = nameOf(state.model, node);
    select(node);
  };

  const isShown = (node: number): boolean => (state.layout.width[node] ?? 0) > 0;

  const sibling = (node: number, step: 1 | -1): number => {
    const row = childrenOf(state.model, state.model.data.parent[node] ?? 0).filter(isShown);
    return row[row.indexOf(node) + step] ?? node;
  };

  const widestChild = (node: number): number => {
    let best = node;
    for (const child of childrenOf(state.model, node).filter(isShown))
      if (best === node || (state.layout.width[child] ?? 0) > (state.layout.width[best] ?? 0)) best = child;
    return best;
  };

  const moves: Readonly<Record<string, (node: number) => number>> = {
    ArrowUp: (node) => state.model.data.parent[node] ?? 0,
    ArrowDown: widestChild,
    ArrowLeft: (node) => sibling(node, -1),
    ArrowRight: (node) => sibling(node, 1),
    Home: () => 0,
  };

  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moves[event.key];
    if (move !== undefined) select(Math.max(0, move(state.selected)));
    else if (event.key === 'Enter' || event.key === ' ') zoom(state.selected);
    else if (event.key === 'Escape') zoom(Math.max(0, state.model.data.parent[state.layout.focus] ?? 0));
    else return;
    event.preventDefault();
  };

  const pointed = (event: MouseEvent): number | null => {
    const box = canvas.getBoundingClientRect();
    return nodeAt(event.clientX - box.left, event.clientY - box.top);
  };

  const showTip = (event: MouseEvent): void => {
    const node = pointed(event);
    tip.hidden = node === null;
    if (node === null) return;
    tip.replaceChildren(...describe(state.model, node).map((line) => element('div', {}, line)));
    const room = window.innerWidth - tip.offsetWidth - 12;
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, room))}px`;
    const below = event.clientY + 16;
    tip.style.top = `${below + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 8 : below}px`;
  };

  stage.addEventListener('keydown', onKey);
  canvas.addEventListener('mousemove', showTip);
  canvas.addEventListener('mouseleave', () => {
    tip.hidden = true;
  });
  canvas.addEventListener('click', (event) => {
    const node = pointed(event);
    if (node !== null) zoom(node);
  });
  // Observing reports the first size too, which is drawn already.
  new ResizeObserver(() => {
    if (stage.clientWidth !== drawnWidth) draw();
  }).observe(stage);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    paintOf = painter();
    draw();
  });

  return {
    root,
    show: (model) => {
      state = start(model, state.view);
      draw();
    },
    setView: (view) => {
      const { model, marks, selected } = state;
      state = { ...start(model, view), marks, selected };
      draw();
    },
    mark: (marks) => {
      state.marks = marks;
      draw();
    },
    select,
    zoom,
  };
};
