/** What launches under an execution trace say of a request: how long it waited for the CPU, the collector, the kernel, others. */
import {
  type BySide,
  bothSides,
  type Launch,
  type ScenarioRun,
  SIDES,
  TRACED_PARTS,
  type TracedComparison,
  type TracedPart,
  type TracedTime,
} from '../../model/index.ts';
import { mean } from '../../stats/index.ts';
import { launchesOf } from './launch-series.ts';
import { intervalOver, SHOWN_TAIL } from './over-launches.ts';

/** Each part, and the states of the wall profile that it is made of. */
const PARTS: Readonly<Record<Exclude<TracedPart, 'GC pauses'>, readonly string[]>> = {
  running: ['running'],
  scheduler: ['runnable'],
  'GC assists': ['GC assist', 'GC'],
  'system calls': ['syscall'],
  network: ['network'],
  locks: ['lock'],
  'channels and conditions': ['channel', 'select', 'wait group', 'condition'],
  sleep: ['sleep'],
};

/** Nine parts are looked at: of what is alike, one in a hundred comparisons calls one of them different. */
const CERTAIN_TAIL = 0.0005;
/** Below what a clock read in between may be off by. */
const LEAST_NS = 1000;

const partNs = ({ requests, spentNs, pausedNs }: TracedTime, part: TracedPart): number => {
  const total = part === 'GC pauses' ? pausedNs : PARTS[part].reduce((sum, state) => sum + (spentNs[state] ?? 0), 0);
  return total / Math.max(1, requests);
};

const sidesOf = ({ sides }: Launch): readonly BySide<TracedTime>[] => {
  const [base, head] = SIDES.map((side) => sides[side].traced);
  return base === undefined || head === undefined ? [] : [{ base, head }];
};

const rowOf = (launches: readonly BySide<TracedTime>[], part: TracedPart): TracedComparison['parts'][number] => {
  const values = bothSides((side) => launches.map((each) => partNs(each[side], part)));
  const deltas = values.head.map((ns, at) => ns - (values.base[at] ?? 0));
  const row = { part, basePerRequest: mean(values.base), headPerRequest: mean(values.head) };
  if (deltas.length < 2) return { ...row, ciPerRequest: null, isCertain: false };
  const [low, high] = intervalOver(deltas, CERTAIN_TAIL);
  const isCertain = Math.max(low, -high) > 0 && Math.abs(mean(deltas)) > LEAST_NS;
  return { ...row, ciPerRequest: intervalOver(deltas, SHOWN_TAIL), isCertain };
};

/** null: no launch was traced on both sides. */
export const tracedComparison = (run: ScenarioRun): TracedComparison | null => {
  const traced = launchesOf(run, 'trace');
  const launches = traced.flatMap(sidesOf);
  if (launches.length === 0) return null;
  const parts = TRACED_PARTS.map((part) => rowOf(launches, part));
  return {
    launches: launches.length,
    requests: bothSides((side) => launches.reduce((sum, each) => sum + each[side].requests, 0)),
    parts: parts.filter(({ basePerRequest, headPerRequest }) => Math.max(basePerRequest, headPerRequest) >= LEAST_NS),
  };
};
