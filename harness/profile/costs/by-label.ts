/** A profile by the values of one label, or by anything else that a sample is called: each stack becomes one frame. */
import { locationColumn } from '../columns/columns.ts';
import type { Profile } from '../columns/profile.ts';
import { sampleLabels } from './filter.ts';

/** Frames are names, and names are read (closures, type arguments): so a value is written in digits. */
const FRAME = 'label:';

const frameOf = (value: string): string => `${FRAME}${Buffer.from(value, 'utf8').toString('hex')}`;

/** The value that a frame of {@link byLabel} stands for; empty: samples without the label. */
export const labelOfFrame = (frame: string): string => Buffer.from(frame.slice(FRAME.length), 'hex').toString('utf8');

/** The same samples with the same values; goroutines have the labels of those that began them. */
export const byLabel = (profile: Profile, key: string): Profile =>
  byFrame(profile, sampleLabels(profile, key).map(frameOf));

/** The same samples with the same values, each with the one frame that is given for it. */
export const byFrame = (profile: Profile, ofSample: readonly string[]): Profile => {
  const { samples } = profile;
  const values = [...new Set(ofSample)];
  const numbers = new Map(values.map((value, at) => [value, at]));
  const { length } = values;
  const zeros = (): Uint32Array => new Uint32Array(length);
  const upTo = (count: number): Uint32Array => Uint32Array.from({ length: count + 1 }, (_, at) => at);
  const stack = locationColumn(length, samples.count);
  ofSample.forEach((value, at) => {
    stack[at] = numbers.get(value) ?? 0;
  });
  const { strings } = profile;
  const name = Uint32Array.from({ length }, (_, at) => strings.length + at);
  return {
    ...profile,
    strings: [...strings, ...values],
    functions: { count: length, name, systemName: name, file: zeros(), startLine: zeros() },
    locations: {
      count: length,
      mapping: zeros(),
      address: new BigUint64Array(length),
      isFolded: new Uint8Array(length),
      lineStart: upTo(length),
      lineFunction: Uint32Array.from({ length }, (_, at) => at),
      lineNumber: new Int32Array(length),
      lineColumn: zeros(),
    },
    samples: { ...samples, stackStart: upTo(samples.count), stack },
  };
};
