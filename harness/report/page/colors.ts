/** Colours of frames. Orange is more, blue is less (Okabe and Ito's pair, safe for colour-blind readers); purple is new. */
import { cssColor } from './dom.ts';
import { deltaOf, type FlameModel, isNew, isVanished, nameOf, type View } from './flame-model.ts';

type Rgb = readonly [number, number, number];

export interface Paint {
  readonly fill: string;
  readonly text: string;
}

const MORE: Rgb = [213, 94, 0];
const LESS: Rgb = [0, 114, 178];
const NEW: Rgb = [204, 121, 167];
const VANISHED: Rgb = [86, 180, 233];
/** Tints for packages: told apart by lightness as well. */
const PACKAGES: readonly Rgb[] = [
  [240, 200, 120],
  [160, 205, 235],
  [150, 210, 180],
  [245, 225, 140],
  [225, 180, 205],
  [200, 200, 215],
  [235, 175, 140],
];

const STEPS = 24;

const mix = (from: Rgb, to: Rgb, share: number): Rgb => [
  from[0] + (to[0] - from[0]) * share,
  from[1] + (to[1] - from[1]) * share,
  from[2] + (to[2] - from[2]) * share,
];

/** Relative luminance of WCAG 2, to put black or white text where each reads better. */
const luminance = (color: Rgb): number => {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
};

const paint = (color: Rgb): Paint => ({
  fill: `rgb(${color.map(Math.round).join(' ')})`,
  text: luminance(color) > 0.18 ? '#000' : '#fff',
});

const hash = (text: string): number => {
  let value = 7;
  for (let i = 0; i < text.length; i++) value = (value * 31 + text.charCodeAt(i)) >>> 0;
  return value;
};

/** Up to the dot after the last slash: the package, or the name itself. */
const packageOf = (name: string): string => name.slice(0, name.indexOf('.', name.lastIndexOf('/') + 1) + 1) || name;

const neutral = (): Rgb => {
  const [red = 232, green = 232, blue = 236] = cssColor('--frame').split(' ').map(Number);
  return [red, green, blue];
};

/** What a search found, in either scheme. */
export const FOUND: Paint = { fill: 'rgb(240 228 66)', text: '#000' };

/** A painter for the current colour scheme; made anew when that changes. */
export const painter = (): ((model: FlameModel, node: number, view: View) => Paint) => {
  const plain = neutral();
  const more = Array.from({ length: STEPS + 1 }, (_, step) => paint(mix(plain, MORE, step / STEPS)));
  const less = Array.from({ length: STEPS + 1 }, (_, step) => paint(mix(plain, LESS, step / STEPS)));
  const packages = PACKAGES.map(paint);
  const [fresh, gone, none] = [paint(NEW), paint(VANISHED), paint(plain)];
  return (model, node, view) => {
    if (view === 'vanished') return isVanished(model, node) ? gone : none;
    if (view !== 'difference') return packages[hash(packageOf(nameOf(model, node))) % packages.length] ?? none;
    if (node > 0 && isNew(model, node)) return fresh;
    const delta = deltaOf(model, node);
    // Less than linear keeps small changes in sight.
    const step = Math.round((Math.abs(delta) / (model.largestDelta || 1)) ** 0.7 * STEPS);
    return (delta > 0 ? more : less)[Math.min(STEPS, step)] ?? none;
  };
};
