/** Calls of functions as a pprof profile: one sample per function that was called, one frame deep. */
import type { Profile } from '../profile/index.ts';
import { instructionsProfile } from './exact-profile.ts';

const CALLS = { type: 'calls', unit: 'count' } as const;

export interface CalledFunction {
  readonly function: { readonly name: string; readonly file: string; readonly line: number };
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
  return {
    ...profile,
    name: 'calls',
    sampleTypes: [CALLS],
    defaultSampleType: CALLS.type,
    periodType: CALLS,
    samples: {
      ...profile.samples,
      values: profile.samples.values.filter((_, index) => index % columns === at),
      // No kind of work is told apart.
      labelStart: new Uint32Array(profile.samples.count + 1),
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
