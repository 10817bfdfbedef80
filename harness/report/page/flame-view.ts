/** The flame graph on its canvas: size, pointer and keys. Choosing a frame tells `onSelect`. */
import { painter } from './colors.ts';
import { element } from './dom.ts';
import { drawScene, TALLEST } from './flame-drawing.ts';
import { type FlameModel, nameOf, type View } from './flame-model.ts';
import { inView, MOVES, nodeAt, parentOf, ROW, type Scene, sceneOf, topOf, zoomedTo } from './flame-scene.ts';
import { describe } from './numbers.ts';

const STAGE_LABEL =
  'Flame graph. Arrow keys move, Enter zooms, Escape zooms out. The table of functions below holds the same figures.';

/** Makes the canvas as large as the scene; answers its width in CSS pixels. */
const resize = (canvas: HTMLCanvasElement, pen: CanvasRenderingContext2D, scene: Scene, room: number): number => {
  const width = Math.max(100, room);
  const height = Math.min(TALLEST, scene.layout.rows * ROW + 1);
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return width;
};

/** Puts the tip beside the pointer, inside the window. */
const placeTip = (tip: HTMLElement, { clientX, clientY }: MouseEvent): void => {
  const room = window.innerWidth - tip.offsetWidth - 12;
  tip.style.left = `${Math.max(4, Math.min(clientX + 12, room))}px`;
  const below = clientY + 16;
  tip.style.top = `${below + tip.offsetHeight > window.innerHeight ? clientY - tip.offsetHeight - 8 : below}px`;
};

const scrollTo = (stage: HTMLElement, top: number): void => {
  if (top < stage.scrollTop) stage.scrollTop = top;
  else if (top + ROW > stage.scrollTop + stage.clientHeight) stage.scrollTop = top + ROW - stage.clientHeight;
};

export class FlameView {
  readonly root: HTMLElement;
  readonly #canvas = element('canvas', { 'aria-hidden': 'true' });
  readonly #tip = element('div', { class: 'tip', hidden: true });
  /** What was chosen, read aloud. */
  readonly #said = element('div', { class: 'unseen', role: 'status' });
  readonly #stage: HTMLElement;
  readonly #pen = this.#canvas.getContext('2d');
  readonly #onSelect: (node: number) => void;
  #scene: Scene;
  #paintOf = painter();
  #drawnWidth = 0;

  constructor(first: FlameModel, onSelect: (node: number) => void) {
    this.#scene = sceneOf(first, 'difference');
    this.#onSelect = onSelect;
    this.#stage = element(
      'div',
      { class: 'stage', tabindex: 0, role: 'application', 'aria-label': STAGE_LABEL },
      this.#canvas,
    );
    this.root = element('div', { class: 'flame' }, this.#stage, this.#tip, this.#said);
    this.#listen();
  }

  show(model: FlameModel): void {
    this.#put(sceneOf(model, this.#scene.view));
  }

  setView(view: View): void {
    this.#put(inView(this.#scene, view));
  }

  mark(marks: Uint8Array | null): void {
    this.#put({ ...this.#scene, marks });
  }

  select(node: number): void {
    this.#said.textContent = describe(this.#scene.model, node).join(', ');
    this.#stage.dataset['selected'] = nameOf(this.#scene.model, node);
    this.#put({ ...this.#scene, selected: node });
    scrollTo(this.#stage, topOf(this.#scene, node));
    this.#onSelect(node);
  }

  zoom(node: number): void {
    this.#scene = zoomedTo(this.#scene, node);
    this.#stage.dataset['focus'] = nameOf(this.#scene.model, node);
    this.select(node);
  }

  #put(scene: Scene): void {
    this.#scene = scene;
    this.#draw();
  }

  #draw(): void {
    if (this.#pen === null) return;
    const width = resize(this.#canvas, this.#pen, this.#scene, this.#stage.clientWidth);
    this.#drawnWidth = this.#stage.clientWidth;
    drawScene(this.#pen, this.#scene, { width, paintOf: this.#paintOf, outline: getComputedStyle(this.#stage).color });
  }

  #listen(): void {
    this.#stage.addEventListener('keydown', (event) => this.#onKey(event));
    this.#canvas.addEventListener('mousemove', (event) => this.#showTip(event));
    this.#canvas.addEventListener('mouseleave', () => {
      this.#tip.hidden = true;
    });
    this.#canvas.addEventListener('click', (event) => {
      const node = this.#pointed(event);
      if (node !== null) this.zoom(node);
    });
    // Observing reports the first size too, which is drawn already.
    new ResizeObserver(() => {
      if (this.#stage.clientWidth !== this.#drawnWidth) this.#draw();
    }).observe(this.#stage);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#paintOf = painter();
      this.#draw();
    });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { selected, layout } = this.#scene;
    const move = MOVES[event.key];
    if (move !== undefined) this.select(move(this.#scene, selected));
    else if (event.key === 'Enter' || event.key === ' ') this.zoom(selected);
    else if (event.key === 'Escape') this.zoom(parentOf(this.#scene, layout.focus));
    else return;
    event.preventDefault();
  }

  #pointed(event: MouseEvent): number | null {
    const box = this.#canvas.getBoundingClientRect();
    const share = (event.clientX - box.left) / Math.max(1, this.#stage.clientWidth);
    return nodeAt(this.#scene, share, Math.floor((event.clientY - box.top) / ROW));
  }

  #showTip(event: MouseEvent): void {
    const node = this.#pointed(event);
    this.#tip.hidden = node === null;
    if (node === null) return;
    this.#tip.replaceChildren(...describe(this.#scene.model, node).map((line) => element('div', {}, line)));
    placeTip(this.#tip, event);
  }
}
