/** Plots of a metric: every pair with both sides, and the difference launch by launch. Shapes differ, not colour alone. */
import { formatNumberOf, formatPercent, formatQuantity, formatSignedPercent } from '../../units/index.ts';
import type { MetricPlot, PlotPoint } from '../render/page-data.ts';
import { element, svg } from './dom.ts';

const WIDTH = 580;
const HEIGHT = 220;
const EDGE = { left: 76, right: 12, top: 12, bottom: 34 } as const;

interface PlotScale {
  readonly low: number;
  readonly high: number;
  readonly at: (value: number) => number;
}

const verticalScale = (values: readonly number[]): PlotScale => {
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  const margin = (highest - lowest) * 0.08 || Math.abs(highest) * 0.05 || 1;
  const [low, high] = [lowest - margin, highest + margin];
  const span = HEIGHT - EDGE.top - EDGE.bottom;
  return { low, high, at: (value) => EDGE.top + span * (1 - (value - low) / (high - low)) };
};

const horizontal = (index: number, count: number): number =>
  EDGE.left + ((WIDTH - EDGE.left - EDGE.right) * (index + 0.5)) / Math.max(1, count);

/** 1, 2 or 5 times a power of ten, about five of them. */
const ticks = ({ low, high }: PlotScale): readonly number[] => {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
};

const frame = (scale: PlotScale, format: (value: number) => string, caption: string): readonly SVGElement[] => [
  ...ticks(scale).flatMap((value) => [
    svg('line', { class: 'grid', x1: EDGE.left, x2: WIDTH - EDGE.right, y1: scale.at(value), y2: scale.at(value) }),
    svg('text', { class: 'tick', x: EDGE.left - 6, y: scale.at(value) + 4, 'text-anchor': 'end' }, format(value)),
  ]),
  svg('text', { class: 'tick', x: (EDGE.left + WIDTH) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, caption),
];

const chart = (label: string, ...children: readonly SVGElement[]): SVGElement =>
  svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label }, ...children);

const circle = (x: number, y: number, title: string): SVGElement =>
  svg('circle', { class: 'base', cx: x, cy: y, r: 4 }, svg('title', {}, title));

const triangle = (x: number, y: number, title: string): SVGElement =>
  svg('path', { class: 'head', d: `M${x} ${y - 5}l5 9h-10z` }, svg('title', {}, title));

const cross = (x: number, y: number, title: string): SVGElement =>
  svg('path', { class: 'discarded', d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8` }, svg('title', {}, title));

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const pairChart = (plot: MetricPlot): SVGElement => {
  const { points, unit } = plot;
  const scale = verticalScale(points.flatMap((point) => [point.base, point.head]));
  const text = (value: number): string => formatQuantity(value, unit);
  const title = (point: PlotPoint, side: 'base' | 'head'): string =>
    `launch ${point.launch}, ${side} ${text(point[side])}${point.discarded === null ? '' : `, discarded: ${point.discarded}`}`;
  const marks = points.flatMap((point, index) => {
    const x = horizontal(index, points.length);
    const [base, head] = [scale.at(point.base), scale.at(point.head)];
    const lines = [svg('line', { class: 'link', x1: x, x2: x, y1: base, y2: head })];
    const [left, right] = [title(point, 'base'), title(point, 'head')];
    if (point.discarded !== null) return [...lines, cross(x, base, left), cross(x, head, right)];
    return [...lines, circle(x, base, left), triangle(x, head, right)];
  });
  const edges = points.flatMap((point, index) => {
    if (index === 0 || points[index - 1]?.launch === point.launch) return [];
    const x = (horizontal(index - 1, points.length) + horizontal(index, points.length)) / 2;
    return [svg('line', { class: 'launch', x1: x, x2: x, y1: EDGE.top, y2: HEIGHT - EDGE.bottom })];
  });
  const used = points.filter((point) => point.discarded === null);
  const label = `${plot.label}, ${formatNumberOf(points.length, 'pair')}, ${points.length - used.length} discarded; mean of base ${text(mean(used.map((point) => point.base)))}, of head ${text(mean(used.map((point) => point.head)))}.`;
  return chart(label, ...frame(scale, text, 'pairs in order, a line between launches'), ...edges, ...marks);
};

interface LaunchEffect {
  readonly launch: number;
  readonly ratio: number;
}

const launchEffects = (points: readonly PlotPoint[]): readonly LaunchEffect[] => {
  const byLaunch = Map.groupBy(
    points.filter((point) => point.discarded === null && point.base > 0),
    (point) => point.launch,
  );
  return [...byLaunch].map(([launch, own]) => ({
    launch,
    ratio: mean(own.map((point) => point.head)) / mean(own.map((point) => point.base)) - 1,
  }));
};

const launchChart = (plot: MetricPlot): SVGElement | null => {
  const effects = launchEffects(plot.points);
  if (effects.length < 2) return null;
  const scale = verticalScale([0, ...effects.map((one) => one.ratio), ...(plot.effect ?? [])]);
  const across = { x1: EDGE.left, x2: WIDTH - EDGE.right };
  const band =
    plot.effect === null
      ? []
      : [
          svg('rect', {
            class: 'band',
            x: EDGE.left,
            width: WIDTH - EDGE.left - EDGE.right,
            y: scale.at(plot.effect[2]),
            height: Math.max(1, scale.at(plot.effect[1]) - scale.at(plot.effect[2])),
          }),
          svg('line', { class: 'estimate', ...across, y1: scale.at(plot.effect[0]), y2: scale.at(plot.effect[0]) }),
        ];
  const marks = effects.map((one, index) =>
    triangle(
      horizontal(index, effects.length),
      scale.at(one.ratio),
      `launch ${one.launch}: ${formatSignedPercent(one.ratio)}`,
    ),
  );
  const estimate = plot.effect === null ? '' : ` The comparison says ${formatSignedPercent(plot.effect[0])}.`;
  return chart(
    `${plot.label}, head against base in ${formatNumberOf(effects.length, 'launch', 'launches')}.${estimate}`,
    ...frame(scale, (value) => formatPercent(value), 'head against base, launch by launch; band: the interval'),
    ...band,
    svg('line', { class: 'zero', ...across, y1: scale.at(0), y2: scale.at(0) }),
    ...marks,
  );
};

/** What each mark means, drawn by the charts' own functions. */
export const legend = (): HTMLElement => {
  const key = (mark: SVGElement, text: string): HTMLElement =>
    element(
      'span',
      {},
      svg('svg', { viewBox: '0 0 14 14', width: 14, height: 14, 'aria-hidden': 'true' }, mark),
      ` ${text}`,
    );
  return element(
    'p',
    { class: 'legend' },
    key(circle(7, 7, ''), 'base'),
    key(triangle(7, 7, ''), 'head'),
    key(cross(7, 7, ''), 'discarded'),
  );
};

/** Both charts of one metric. */
export const drawMetric = (plot: MetricPlot): HTMLElement => {
  const perLaunch = launchChart(plot);
  return element('div', { class: 'charts' }, pairChart(plot), ...(perLaunch === null ? [] : [perLaunch]));
};
