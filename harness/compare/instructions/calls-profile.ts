/** Calls of functions as a pprof profile: one sample per function that was called, one frame deep, its last line as a label. */
import type { Profile } from '../../profile/index.ts';
import { instructionsProfile } from '../counts/profile.ts';

const CALLS = { type: 'calls', unit: 'count' } as const;

const LAST_LINE_LABEL = 'last_line';

/** The last line of a sample's function; undefined in profiles stored before it was kept. */
export const lastLineOf = ({ samples, labels, strings }: Profile, sample: number): number | undefined => {
  const label = samples.labelStart[sample] ?? 0;
  const isThere = label < (samples.labelStart[sample + 1] ?? 0) && strings[labels.key[label] ?? 0] === LAST_LINE_LABEL;
  return isThere ? Number(labels.number[label]) : undefined;
};

export interface CalledFunction {
  readonly function: {
    readonly name: string;
    readonly file: string;
    readonly line: number;
    readonly lastLine: number;
  };
  readonly calls: number;
}

export const callsProfile = (called: readonly CalledFunction[]): Profile => {
  const stacks = called.map(({ function: { name, file, line }, calls }) => ({
    frames: [{ function: name, file, line, startLine: line }],
    group: 'user' as const,
    instructions: 0,
    calls,
  }));
  const profile = instructionsProfile(stacks, []);
  const columns = profile.sampleTypes.length;
  const at = profile.sampleTypes.findIndex(({ type }) => type === CALLS.type);
  // One sample for each place, in the order in which they came.
  const lastLines = [...new Map(called.map(({ function: each }) => [placeOf(each), BigInt(each.lastLine)])).values()];
  const { count } = profile.samples;
  return {
    ...profile,
    name: 'calls',
    sampleTypes: [CALLS],
    defaultSampleType: CALLS.type,
    periodType: CALLS,
    strings: [...profile.strings, LAST_LINE_LABEL],
    samples: { ...profile.samples, values: profile.samples.values.filter((_, index) => index % columns === at) },
    labels: {
      count,
      key: new Uint32Array(count).fill(profile.strings.length),
      text: new Uint32Array(count),
      number: BigInt64Array.from(lastLines),
      unit: new Uint32Array(count),
    },
  };
};

const placeOf = ({ name, file, line }: CalledFunction['function']): string => `${name}\0${file}\0${line}`;
