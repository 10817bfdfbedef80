/** Profiles with some of their samples. The tables stay as they are; only the samples are chosen anew. */
import { locationColumn } from '../columns/columns.ts';
import { collapseGenerics, isAgent } from '../columns/names.ts';
import type { Profile } from '../columns/profile.ts';

/** The profile with the samples `keep` marks; the same value when that is all of them. */
export const keepSamples = (profile: Profile, keep: Uint8Array): Profile => {
  const { samples } = profile;
  let kept = 0;
  let frames = 0;
  for (let i = 0; i < samples.count; i++) {
    if (keep[i] !== 1) continue;
    kept++;
    frames += (samples.stackStart[i + 1] ?? 0) - (samples.stackStart[i] ?? 0);
  }
  if (kept === samples.count) return profile;
  const width = profile.sampleTypes.length;
  const values = new Float64Array(kept * width);
  const wide = new Map<number, bigint>();
  const stackStart = new Uint32Array(kept + 1);
  const stack = locationColumn(profile.locations.count, frames);
  const labelStart = new Uint32Array(kept + 1);
  const labelRows: number[] = [];
  let row = 0;
  let at = 0;
  for (let i = 0; i < samples.count; i++) {
    if (keep[i] !== 1) continue;
    values.set(samples.values.subarray(i * width, (i + 1) * width), row * width);
    for (let column = 0; samples.wide !== undefined && column < width; column++) {
      const exact = samples.wide.get(i * width + column);
      if (exact !== undefined) wide.set(row * width + column, exact);
    }
    const part = samples.stack.subarray(samples.stackStart[i], samples.stackStart[i + 1]);
    stack.set(part, at);
    at += part.length;
    for (let label = samples.labelStart[i] ?? 0; label < (samples.labelStart[i + 1] ?? 0); label++)
      labelRows.push(label);
    row++;
    stackStart[row] = at;
    labelStart[row] = labelRows.length;
  }
  const pick = (column: Uint32Array): Uint32Array => Uint32Array.from(labelRows, (label) => column[label] ?? 0);
  return {
    ...profile,
    samples: { count: kept, values, ...(wide.size > 0 && { wide }), stackStart, stack, labelStart },
    labels: {
      count: labelRows.length,
      key: pick(profile.labels.key),
      text: pick(profile.labels.text),
      number: BigInt64Array.from(labelRows, (label) => profile.labels.number[label] ?? 0n),
      unit: pick(profile.labels.unit),
    },
  };
};

/** Marks the samples that have a frame whose name fits; type arguments are collapsed, closures keep their number. */
const samplesWithFrame = (profile: Profile, fits: (name: string) => boolean): Uint8Array => {
  const { functions, locations, strings } = profile;
  const isFit = new Uint8Array(functions.count);
  for (let i = 0; i < functions.count; i++) {
    if (fits(collapseGenerics(strings[functions.name[i] ?? 0] ?? ''))) isFit[i] = 1;
  }
  const locationFits = new Uint8Array(locations.count);
  for (let location = 0; location < locationFits.length; location++) {
    for (let line = locations.lineStart[location] ?? 0; line < (locations.lineStart[location + 1] ?? 0); line++) {
      if (isFit[locations.lineFunction[line] ?? 0] === 1) locationFits[location] = 1;
    }
  }
  const { stackStart, stack, count } = profile.samples;
  const marks = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    for (let at = stackStart[i] ?? 0; at < (stackStart[i + 1] ?? 0); at++) {
      if (locationFits[stack[at] ?? 0] === 1) {
        marks[i] = 1;
        break;
      }
    }
  }
  return marks;
};

/** Marks the samples labelled `key=text`. */
export const samplesLabelled = (profile: Profile, key: string, text: string): Uint8Array => {
  const { samples, labels, strings } = profile;
  const marks = new Uint8Array(samples.count);
  for (let i = 0; i < samples.count; i++) {
    for (let label = samples.labelStart[i] ?? 0; label < (samples.labelStart[i + 1] ?? 0); label++) {
      if (strings[labels.key[label] ?? 0] === key && strings[labels.text[label] ?? 0] === text) marks[i] = 1;
    }
  }
  return marks;
};

/** The text that each sample has under the key; empty for one without. */
export const sampleLabels = ({ samples, labels, strings }: Profile, key: string): readonly string[] =>
  Array.from({ length: samples.count }, (_, i) => {
    for (let label = samples.labelStart[i] ?? 0; label < (samples.labelStart[i + 1] ?? 0); label++) {
      if (strings[labels.key[label] ?? 0] === key) return strings[labels.text[label] ?? 0] ?? '';
    }
    return '';
  });

/** Only the samples labelled `key=text`. */
export const filterByLabel = (profile: Profile, key: string, text: string): Profile =>
  keepSamples(profile, samplesLabelled(profile, key, text));

/** Without the injected agent's own work: its label, or where the kind has no labels its frames. */
export const withoutAgent = (profile: Profile): Profile => {
  const byFrame = samplesWithFrame(profile, isAgent);
  const byLabel = samplesLabelled(profile, 'godyno', 'agent');
  return keepSamples(
    profile,
    byFrame.map((mark, i) => (mark === 1 || byLabel[i] === 1 ? 0 : 1)),
  );
};

/** Each sample with this label and no other. */
export const withOnlyLabel = (profile: Profile, key: string, text: string): Profile => {
  const { samples, strings } = profile;
  const { count } = samples;
  const columnOf = (value: number): Uint32Array => new Uint32Array(count).fill(value);
  return {
    ...profile,
    strings: [...strings, key, text],
    samples: { ...samples, labelStart: Uint32Array.from({ length: count + 1 }, (_, i) => i) },
    labels: {
      count,
      key: columnOf(strings.length),
      text: columnOf(strings.length + 1),
      number: new BigInt64Array(count),
      unit: columnOf(0),
    },
  };
};
