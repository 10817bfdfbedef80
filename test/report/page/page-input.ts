/** The page as the build makes it, with profiles made by hand. */
import { buildSync } from 'esbuild';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Comparison, RunFile, Window } from '../../../harness/model/index.ts';
import { buildReport, type ProfilePair, renderHtml } from '../../../harness/report/index.ts';
import { STORIES } from '../../builders/comparisons.ts';
import { profileOf, seeded, type Stack } from '../../builders/profiles.ts';
import { RUN } from '../../builders/demo-run.ts';

const page = path.resolve(import.meta.dirname, '../../../harness/report/page');

const bundle = (): string =>
  buildSync({
    entryPoints: [path.join(page, 'main.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2024',
    write: false,
  }).outputFiles[0]!.text;

const server = ['net/http.(*conn).serve', 'net/http.(*ServeMux).ServeHTTP'];
const items = [...server, 'main.handleItems'];

/** A service whose `main.encode` became more expensive, whose `main.oldCache` vanished and whose `main.newIndex` is new. */
export const BASE_STACKS: readonly Stack[] = [
  { frames: [...items, 'main.encode', 'encoding/json.Marshal', 'encoding/json.structEncoder.encode'], value: 120_000 },
  { frames: [...items, 'main.encode', 'encoding/json.Marshal', 'runtime.mallocgc'], value: 60_000 },
  { frames: [...items, 'main.search', 'sort.Slice', 'main.search.func1'], value: 210_000 },
  { frames: [...items, 'main.search', 'strings.Contains'], value: 90_000 },
  { frames: [...items, 'main.oldCache', 'sync.(*Mutex).Lock'], value: 48_000 },
  { frames: [...server, 'main.handlePage', 'html/template.(*Template).Execute'], value: 170_000 },
  { frames: [...server, 'main.handlePage', 'fmt.Fprintf'], value: 34_000 },
  { frames: ['runtime.bgsweep'], value: 12_000 },
  { frames: ['runtime.gcBgMarkWorker', 'runtime.gcDrain', 'runtime.scanobject'], value: 66_000 },
];

export const HEAD_STACKS: readonly Stack[] = [
  ...BASE_STACKS.filter((stack) => !stack.frames.includes('main.oldCache')),
  { frames: [...items, 'main.encode', 'main.checksum'], value: 62_000 },
  { frames: [...items, 'main.newIndex'], value: 21_000 },
];

export const pairOfStacks = (title: string, base: readonly Stack[], head: readonly Stack[]): ProfilePair => ({
  scenario: 'demo',
  title,
  compared: title === 'CPU' ? 'cpu' : null,
  unit: 'ns',
  perRequest: true,
  base: { profile: profileOf(base), scale: 1 },
  head: { profile: profileOf(head), scale: 1 },
});

export const histogramOf = (values: readonly number[]): string => {
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 6e7, numberOfSignificantValueDigits: 3 });
  for (const value of values) histogram.recordValue(value);
  return encodeIntoCompressedBase64(histogram);
};

/** The run with latency histograms: head is 6 % slower, with a longer tail. */
const withHistograms = (run: RunFile): RunFile => {
  const random = seeded(11);
  const histogram = (scale: number): string =>
    histogramOf(Array.from({ length: 800 }, () => Math.round(scale * (1500 + 900 * random() ** -0.4))));
  const fill = (window: Window, scale: number): Window =>
    window.response === null ? window : { ...window, response: { ...window.response, histogram: histogram(scale) } };
  return {
    ...run,
    runs: run.runs.map((one) => ({
      ...one,
      launches: one.launches.map((launch) => ({
        ...launch,
        pairs: launch.pairs.map((pair) => ({ ...pair, base: fill(pair.base, 1), head: fill(pair.head, 1.06) })),
      })),
    })),
  };
};

/** Builds the script each time: the tests see the page as it is now. */
export const makePage = (
  comparison: Comparison = STORIES['regressed-cpu']!,
  profiles: readonly ProfilePair[] = [
    pairOfStacks('CPU', BASE_STACKS, HEAD_STACKS),
    pairOfStacks('Blocked time', BASE_STACKS.slice(0, 3), BASE_STACKS.slice(0, 3)),
  ],
  run: RunFile = withHistograms(RUN),
): string =>
  renderHtml({
    report: buildReport({
      comparison,
      run,
      invocation: { program: 'npx godyno', command: 'run', args: ['scenarios/demo.yml'], flags: [] },
    }),
    comparison,
    run,
    profiles,
    script: bundle(),
    style: readFileSync(path.join(page, 'page.css'), 'utf8'),
  });
