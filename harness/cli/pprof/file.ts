/** Any pprof file, as `godyno top` and `godyno compare` read it; loads little, since these commands answer at once. */
import { readFileSync } from 'node:fs';
import { reasonOf, UsageError } from '../../errors.ts';
import type { MetricUnit } from '../../model/index.ts';
import { decodeProfile, pprofTotal, type Profile, valueIndex } from '../../profile/index.ts';
import { formatQuantity } from '../../units/index.ts';

const READ_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path.',
  EISDIR: 'Name the profile itself, such as profiles/<scenario>/head/cpu.pb.gz in the output folder of a run.',
};

/** What a row of a table of costs is. */
export type Rows =
  | { readonly kind: 'function' | 'line' | 'package' }
  | { readonly kind: 'label'; readonly key: string };

/** Stands for standard input, as in most tools. */
export const STDIN = '-';
const STDIN_FD = 0;

/** Throws UsageError for a file that cannot be read, ProfileError for one that is no profile. */
export const openPprof = (file: string): Profile => {
  const profile = decodeProfile(readPprof(file), file === STDIN ? 'standard input' : file);
  if (profile.dropFrames !== '') sayWhatIsKept(profile);
  return profile;
};

/** Longer expressions tell a reader nothing more. */
const MOST_SHOWN = 60;

/**
 * Allocators of C++ ask viewers to cut off what lies below them. An expression out of a file may take for ever to match,
 * so it is said, not obeyed; Go's own profiles have none.
 */
const sayWhatIsKept = ({ name, dropFrames }: Profile): void => {
  const shown = JSON.stringify(dropFrames.slice(0, MOST_SHOWN));
  process.stderr.write(`${name} asks to hide functions like ${shown}, as go tool pprof does; here they are listed.\n`);
};

const readPprof = (file: string): Uint8Array => {
  try {
    return readFileSync(file === STDIN ? STDIN_FD : file);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const hint = READ_HINTS[code] ?? 'Check its permissions.';
    throw new UsageError('PROFILE_UNREADABLE', `Cannot read the profile ${file}: ${reasonOf(cause)}`, hint, { cause });
  }
};

/** The sample type asked for, or the one `go tool pprof` shows first, by the name the file gives it. */
export const typeNameOf = (profile: Profile, valueType: string | undefined): string =>
  profile.sampleTypes[valueIndex(profile, valueType)]?.type ?? '';

/** What shares are taken of, in the type asked for or the one pprof shows first. */
export const totalOf = (profile: Profile, valueType: string | undefined) => {
  const found = profile.sampleTypes[valueIndex(profile, valueType)];
  return { type: found?.type ?? '', unit: found?.unit ?? '', total: pprofTotal(profile, valueType) };
};

const UNITS: Readonly<Record<string, MetricUnit>> = { nanoseconds: 'ns', bytes: 'B', count: 'count' };

/** A value in the profile's own unit as people read it. */
export const amountOf = (value: number, unit: string): string => {
  const known = UNITS[unit];
  return known === undefined ? `${Number(value.toPrecision(4))} ${unit}` : formatQuantity(value, known);
};

/** Rows a person reads; all are in the JSON. */
export const SHOWN_ROWS = 30;

/** How many rows were left out, as a last line; empty where none was. */
export const leftOutText = (count: number): string =>
  count > SHOWN_ROWS ? `… ${count - SHOWN_ROWS} more; --json prints all\n` : '';
