/** Draws a scene on a canvas that is large enough. */
import { FOUND, type Paint } from './colors.ts';
import { deltaOf, type FlameModel, nameOf, type View } from './flame-model.ts';
import { ROW, type Scene, topOf } from './flame-scene.ts';
import { signedAmount } from './numbers.ts';

const FONT = '12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
/** Narrower frames are not drawn; they are under half a pixel. */
const NARROWEST = 0.5;
/** Frames from here on say their difference before their name, so that no meaning rests on colour. */
const WIDE = 150;
/** Browsers refuse larger canvases (Safari: 16,384 device pixels). */
export const TALLEST = 8000;

export interface Ink {
  /** CSS pixels of the whole graph. */
  readonly width: number;
  readonly paintOf: (model: FlameModel, node: number, view: View) => Paint;
  /** Colour of the line around what is chosen. */
  readonly outline: string;
}

/** The whole name, or without the folders of its package, or as much of that as fits. */
const fitName = (name: string, room: number): string => {
  if (name.length <= room) return name;
  const short = name.slice(name.lastIndexOf('/') + 1);
  return short.length <= room ? short : `${short.slice(0, Math.max(0, room - 1))}…`;
};

const labelOf = ({ model, view }: Scene, node: number, width: number, letter: number): string => {
  const delta = view === 'difference' && width > WIDE ? deltaOf(model, node) : 0;
  const sign = delta === 0 ? '' : `${signedAmount(model.data, delta)}  `;
  const room = Math.floor((width - 6) / letter) - sign.length;
  return sign + fitName(nameOf(model, node), room);
};

const drawFrame = (pen: CanvasRenderingContext2D, scene: Scene, ink: Ink, node: number, letter: number): void => {
  const { model, layout, marks, view } = scene;
  const width = (layout.width[node] ?? 0) * ink.width;
  const y = topOf(scene, node);
  if (width < NARROWEST || y > TALLEST) return;
  const x = (layout.left[node] ?? 0) * ink.width;
  const isFound = marks?.[node] === 1;
  const paint = isFound ? FOUND : ink.paintOf(model, node, view);
  pen.globalAlpha = marks === null || isFound ? 1 : 0.35;
  pen.fillStyle = paint.fill;
  pen.fillRect(x, y, width > 3 ? width - 1 : width, ROW - 1);
  if (width < 4 * letter) return;
  pen.fillStyle = paint.text;
  pen.fillText(labelOf(scene, node, width, letter), x + 3, y + ROW / 2);
};

const outline = (pen: CanvasRenderingContext2D, scene: Scene, ink: Ink): void => {
  const { layout, selected } = scene;
  const width = (layout.width[selected] ?? 0) * ink.width;
  if (width <= 0 || selected === 0) return;
  pen.globalAlpha = 1;
  pen.lineWidth = 2;
  pen.strokeStyle = ink.outline;
  const x = (layout.left[selected] ?? 0) * ink.width;
  pen.strokeRect(x + 1, topOf(scene, selected) + 1, Math.max(2, width - 3), ROW - 3);
};

export const drawScene = (pen: CanvasRenderingContext2D, scene: Scene, ink: Ink): void => {
  pen.clearRect(0, 0, ink.width, scene.layout.rows * ROW + 1);
  pen.font = FONT;
  pen.textBaseline = 'middle';
  const letter = pen.measureText('M').width || 7.2;
  for (let node = 0; node < scene.model.count; node++) drawFrame(pen, scene, ink, node, letter);
  outline(pen, scene, ink);
};
