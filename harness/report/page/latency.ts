/** Latency of both sides by percentile, on logarithmic axes: the tail takes as much room as the middle. */
import { formatQuantity, formatSignedPercent } from '../../units/index.ts';
import type { LatencyPlot } from '../render/page-data.ts';
import { element, svg } from './dom.ts';
import { type Buckets, decodeHistogram, mergeBuckets, quantile } from './hdr.ts';

const WIDTH = 720;
const HEIGHT = 260;
const EDGE = { left: 76, right: 20, top: 12, bottom: 34 } as const;
const SHOWN = [0.5, 0.9, 0.99, 0.999] as const;

/** Share of slower requests, from 1 down to one in a thousand. */
const SMALLEST_TAIL = 0.001;

const across = (share: number): number => {
  const tail = Math.max(SMALLEST_TAIL, 1 - share);
  return EDGE.left + (WIDTH - EDGE.left - EDGE.right) * (Math.log(tail) / Math.log(SMALLEST_TAIL));
};

const shares = Array.from({ length: 121 }, (_, step) => 1 - SMALLEST_TAIL ** (step / 120));

const microseconds = (value: number | undefined): string =>
  value === undefined ? '–' : formatQuantity(value / 1000, 'ms');

const drawCurves = (base: Buckets, head: Buckets): SVGElement => {
  const sides = [base, head].map((buckets) => shares.map((share) => Math.max(1, quantile(buckets, share) ?? 1)));
  const all = sides.flat();
  const low = Math.log(Math.min(...all) * 0.9);
  const high = Math.log(Math.max(...all) * 1.1);
  const up = (value: number): number =>
    EDGE.top + (HEIGHT - EDGE.top - EDGE.bottom) * (1 - (Math.log(value) - low) / (high - low));
  const line = (values: readonly number[], name: string): SVGElement => {
    const points = values.map((value, index) => `${across(shares[index] ?? 0).toFixed(1)},${up(value).toFixed(1)}`);
    return svg('polyline', { class: `curve ${name}`, points: points.join(' ') });
  };
  const rows = Array.from({ length: 5 }, (_, index) => Math.exp(low + ((high - low) * (index + 0.5)) / 5));
  return svg(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label': 'Latency by percentile; the table holds the figures.',
    },
    ...rows.flatMap((value) => [
      svg('line', { class: 'grid', x1: EDGE.left, x2: WIDTH - EDGE.right, y1: up(value), y2: up(value) }),
      svg('text', { class: 'tick', x: EDGE.left - 6, y: up(value) + 4, 'text-anchor': 'end' }, microseconds(value)),
    ]),
    ...[0, ...SHOWN].map((share) =>
      svg('text', { class: 'tick', x: across(share), y: HEIGHT - 6, 'text-anchor': 'middle' }, `p${share * 100}`),
    ),
    line(sides[0] ?? [], 'base'),
    line(sides[1] ?? [], 'head'),
  );
};

const drawTable = (base: Buckets, head: Buckets): HTMLElement => {
  const rows = SHOWN.map((share) => {
    const [left, right] = [quantile(base, share), quantile(head, share)];
    const change = left && right ? formatSignedPercent(right / left - 1) : '–';
    const cells = [microseconds(left), microseconds(right), change].map((text) => element('td', {}, text));
    return element('tr', {}, element('th', { scope: 'row' }, `p${share * 100}`), ...cells);
  });
  const titles = ['percentile', 'base', 'head', 'change'].map((text) => element('th', { scope: 'col' }, text));
  return element(
    'table',
    {},
    element('caption', {}, 'Latency over all windows together, not judged here'),
    element('thead', {}, element('tr', {}, ...titles)),
    element('tbody', {}, ...rows),
  );
};

const legend = (): HTMLElement => {
  const key = (name: string): HTMLElement => {
    const line = svg('line', { class: `curve ${name}`, x1: 0, x2: 28, y1: 7, y2: 7 });
    return element(
      'span',
      {},
      svg('svg', { viewBox: '0 0 28 14', width: 28, height: 14, 'aria-hidden': 'true' }, line),
      ` ${name}`,
    );
  };
  return element('p', { class: 'legend' }, key('base'), key('head'));
};

const MEANINGS = {
  response: 'From the planned moment to the end of the answer, at a constant rate.',
  service: 'From sending to the end of the answer, one request at a time.',
} as const;

/** Draws once both sides are decoded; a damaged histogram is said in its place. */
export const drawLatency = async (plot: LatencyPlot): Promise<HTMLElement> => {
  try {
    const [base, head] = await Promise.all(
      [plot.base, plot.head].map(async (texts) => mergeBuckets(await Promise.all(texts.map(decodeHistogram)))),
    );
    if (base === undefined || head === undefined) return element('p', {}, 'No latency was recorded.');
    return element(
      'div',
      {},
      element('p', { class: 'note' }, MEANINGS[plot.kind]),
      legend(),
      drawCurves(base, head),
      drawTable(base, head),
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return element('p', { class: 'note' }, `The latency histograms could not be read: ${why}.`);
  }
};
