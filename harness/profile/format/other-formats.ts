/** Profiles of other formats than pprof's protobuf, told by how they begin: what they are, and what to do about it. */
import { notPprof } from '../columns/profile-error.ts';

const CONVERT =
  'Convert it: go tool pprof -proto FILE > FILE.pb.gz (put the program that was profiled before FILE, for names instead of addresses)';
const FETCH =
  'Name a profile, such as profiles/NAME/head/cpu.pb.gz in the folder of a run; from /debug/pprof, fetch it without ?debug=1 or 2.';

/** What `go tool pprof` reads besides the protobuf, by the first line that is no comment (google/pprof, legacy_profile.go). */
const OLD_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^heap profile:.*@ *growthz?/, 'a heap growth profile (growthz) in the old text format of gperftools'],
  [/^heap profile:.*@ *fragmentationz?/, 'a heap fragmentation profile in the old text format of gperftools'],
  [/^heap profile:/, 'a heap profile in the old text format of gperftools and of ?debug=1'],
  [/^--- heapz/, 'a heap profile in the old text format of Java services'],
  [
    /^--- (?:contentionz|contention:|mutex:)/,
    'a contention profile in the old text format of gperftools and of ?debug=1',
  ],
  [/^--- (?:threadz|Thread )/, 'a thread profile (threadz) in the old text format of gperftools'],
  [/^\S+ profile: total \d+/, 'a count of stacks in the text format of ?debug=1'],
];

/** Enough for comments before the first line that counts. */
const LOOKED_AT_BYTES = 4096;

/** A pprof message has a length or an index below 32, no character of text, long before so many bytes. */
const TEXT_BYTES = 32;

/** Letters beyond ASCII included; what is cut at the end of `start` may be half of one. */
const textIn = (start: Uint8Array): string | null => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return /^[\t\n\r\P{Cc}]+$/u.test(text) ? text : null;
  } catch {
    return null;
  }
};

const latin1 = (bytes: Uint8Array, count: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(count, bytes.length)).toString('latin1');

const firstLine = (text: string): string =>
  text.split('\n').find((line) => line.trim() !== '' && !line.trimStart().startsWith('#')) ?? '';

const refuseText = (bytes: Uint8Array, name: string): void => {
  if (textIn(bytes.subarray(0, TEXT_BYTES)) === null) return;
  const line = firstLine(Buffer.from(bytes.subarray(0, LOOKED_AT_BYTES)).toString()).trim();
  const shown = JSON.stringify(line.slice(0, TEXT_BYTES));
  const old = OLD_TEXTS.find(([begins]) => begins.test(line));
  if (old !== undefined) {
    throw notPprof(
      name,
      `${old[1]}, text beginning with ${shown}`,
      `${CONVERT}. A Go service writes the protobuf itself: fetch it without ?debug=1.`,
    );
  }
  throw notPprof(name, `text beginning with ${shown}`, FETCH);
};

/** Words of the header of a binary CPU profile: 0, 3, C++ (0) or Java (1), the period in µs, 0. */
const HEADER_WORDS = 5;

const WORDS: readonly { readonly bytes: number; readonly read: (view: DataView, at: number) => bigint }[] = [
  { bytes: 4, read: (view, at) => BigInt(view.getUint32(at, true)) },
  { bytes: 4, read: (view, at) => BigInt(view.getUint32(at, false)) },
  { bytes: 8, read: (view, at) => view.getBigUint64(at, true) },
  { bytes: 8, read: (view, at) => view.getBigUint64(at, false) },
];

const isOldBinary = (bytes: Uint8Array): boolean => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return WORDS.some(({ bytes: width, read }) => {
    if (bytes.length < HEADER_WORDS * width) return false;
    const [zero, three, language = 0n, period = 0n, padding] = Array.from({ length: HEADER_WORDS }, (_, word) =>
      read(view, word * width),
    );
    return zero === 0n && three === 3n && language <= 1n && period > 0n && padding === 0n;
  });
};

/** What else comes under the name of a profile, by its first bytes. */
const OTHERS: readonly (readonly [string, string, string])[] = [
  ['PERFILE2', 'a recording of Linux perf', 'Convert it with perf_to_profile (github.com/google/perf_data_converter).'],
  ['FLR\u0000', 'a Java flight recording', 'Convert it to pprof first, with a converter of JFR files.'],
  [
    'go 1.',
    'an execution trace of Go',
    'Take a pprof out of it: go tool trace -pprof=sync FILE > FILE.pb.gz (or net, syscall, sched).',
  ],
  ['PK\u0003\u0004', 'a zip archive', 'Unpack it, and name the profile in it.'],
  ['\u007fELF', 'a program, not its profile', 'Name the profile that the program wrote.'],
  ['(\u00b5/\u00fd', 'packed by zstd', 'Unpack it first: zstd -d FILE.'],
];

/** Refuses what is known to be of another format, with its name. */
export const refuseOtherFormats = (bytes: Uint8Array, name: string): void => {
  const start = latin1(bytes, TEXT_BYTES);
  for (const [begins, what, hint] of OTHERS) {
    if (start.startsWith(begins)) throw notPprof(name, what, hint);
  }
  refuseText(bytes, name);
  if (!isOldBinary(bytes)) return;
  throw notPprof(name, 'a CPU profile in the old binary format of gperftools', `${CONVERT}.`);
};
