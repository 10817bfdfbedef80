/** What a frame is called in the profile, and whose code it is: Go's, C's or the kernel's. */
import { basename } from 'node:path';
import type { PerfPlace } from '../model/index.ts';
import { collapseGenerics, isRuntime } from '../profile/index.ts';
import type { PerfFrame } from './script.ts';

export interface PlacedFrame {
  readonly place: PerfPlace;
  readonly function: string;
  readonly file: string;
}

/** What tells Go's code from C's in the program itself. */
export interface GoProgram {
  /** The file that serves. */
  readonly file: string;
  /** Go's own names of all its functions; null: its tables are not understood. */
  readonly functions: ReadonlySet<string> | null;
  /** Go's name of the function at a place of the file, for programs that are linked without symbols; null: none is there. */
  readonly functionAt: (place: number) => string | null;
}

/** Before the names of functions that are not Go's, so that they are never one of Go's by chance. */
const PLACE_PREFIX = { C: 'C: ', kernel: 'kernel: ' } as const;

/** The linker's names of a function's two ways to be called; the tables know it by one. */
const ABI = /\.abi(?:0|internal)$/;
/** Parts of one C function, as gcc and clang name them. */
const PART_OF_C = /\.(?:part|isra|constprop|cold|lto_priv|llvm|localalias)\b/;

/** Of C++; reports shorten them further. */
const MOST_NAME = 1000;

const goNameOf = (symbol: string): string => collapseGenerics(symbol.replace(ABI, ''));

const isGoName = (name: string, { functions }: GoProgram): boolean =>
  functions?.has(name) ?? (isRuntime(name) || (name.includes('.') && !PART_OF_C.test(name) && !name.includes('::')));

/** The kernel maps this page into every process; the code in it is its own. */
const OF_KERNEL = /^\[(?:vdso|vsyscall)\]/;

const UNKNOWN_OBJECT = /^(?:\[unknown\]|\/\/anon|\[(?:heap|stack)\])$/;

/** null: nothing is known of it. */
export const placed = (frame: PerfFrame, program: GoProgram): PlacedFrame | null => {
  const { isKernel, symbol, object } = frame;
  if (isKernel || OF_KERNEL.test(object))
    return { place: 'kernel', function: `${PLACE_PREFIX.kernel}${symbol ?? 'not named'}`, file: object };
  const ofGo = symbol === null && object === program.file ? program.functionAt(frame.address) : null;
  if (ofGo !== null) return { place: 'Go', function: collapseGenerics(ofGo), file: '' };
  if (symbol === null)
    return UNKNOWN_OBJECT.test(object)
      ? null
      : { place: 'C', function: `${PLACE_PREFIX.C}${basename(object)}`, file: object };
  const name = goNameOf(symbol);
  if (object === program.file && isGoName(name, program)) return { place: 'Go', function: name, file: '' };
  return { place: 'C', function: `${PLACE_PREFIX.C}${symbol.slice(0, MOST_NAME)}`, file: object };
};
