/** Profiles made from stacks written out, and a large one from a seed. */
import type { Profile } from '../../harness/profile/index.ts';

export interface Stack {
  /** Root first. */
  readonly frames: readonly string[];
  readonly value: number;
}

export const profileOf = (stacks: readonly Stack[]): Profile => {
  const names = [...new Set(stacks.flatMap((stack) => stack.frames))];
  const ids = new Map(names.map((name, index) => [name, index]));
  const stackStart = new Uint32Array(stacks.length + 1);
  const stack: number[] = [];
  stacks.forEach(({ frames }, index) => {
    stack.push(...frames.toReversed().map((frame) => ids.get(frame)!));
    stackStart[index + 1] = stack.length;
  });
  const count = names.length;
  const zeros = (): Uint32Array => new Uint32Array(count);
  return {
    name: 'made by hand',
    sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }],
    defaultSampleType: 'cpu',
    periodType: { type: 'cpu', unit: 'nanoseconds' },
    period: 1n,
    timeNs: 0n,
    durationNs: 1n,
    comments: [],
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    strings: ['', ...names],
    mappings: [],
    functions: {
      count,
      name: Uint32Array.from(names, (_, index) => index + 1),
      systemName: Uint32Array.from(names, (_, index) => index + 1),
      file: zeros(),
      startLine: zeros(),
    },
    locations: {
      count,
      mapping: zeros(),
      address: new BigUint64Array(count),
      isFolded: new Uint8Array(count),
      lineStart: Uint32Array.from({ length: count + 1 }, (_, index) => index),
      lineFunction: Uint32Array.from({ length: count }, (_, index) => index),
      lineNumber: new Int32Array(count),
      lineColumn: zeros(),
    },
    samples: {
      count: stacks.length,
      values: Float64Array.from(stacks, (one) => one.value),
      stackStart,
      stack: Uint32Array.from(stack),
      labelStart: new Uint32Array(stacks.length + 1),
    },
    labels: {
      count: 0,
      key: new Uint32Array(),
      text: new Uint32Array(),
      number: new BigInt64Array(),
      unit: new Uint32Array(),
    },
  };
};

/** Park and Miller's generator: the same numbers on every machine. */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

/** About `frames` distinct tree nodes, 2 to 40 deep; stacks share their roots as real ones do. */
export const largeStacks = (frames: number, seed: number): readonly Stack[] => {
  const random = seeded(seed);
  const stacks: string[][] = [['main.main']];
  let nodes = 1;
  while (nodes < frames) {
    const from = stacks[Math.floor(random() * stacks.length)]!;
    const kept = from.slice(0, 1 + Math.floor(random() * Math.min(from.length, 34)));
    const added = 1 + Math.floor(random() * 6);
    const tail = Array.from({ length: added }, () => {
      const pkg = Math.floor(random() * 40);
      return `example.com/shop/pkg${pkg}.(*Type${Math.floor(random() * 12)}).method${Math.floor(random() * 9)}`;
    });
    stacks.push([...kept, ...tail]);
    nodes += added;
  }
  return stacks.map((stack) => ({ frames: stack, value: 1 + Math.floor(random() * 1000) }));
};
