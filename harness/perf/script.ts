/**
 * The text of `perf script -F pid,tid,time,period,ip,sym,dso`, sample by sample: a line with process, time and period, then
 * a line for each frame, the innermost first, then an empty one. Whatever is anything else is refused.
 */
import { PerfError } from './perf-error.ts';

export interface PerfFrame {
  /** The upper half of the addresses is the kernel's, whatever it lets us know of its names. */
  readonly isKernel: boolean;
  /** Of a program its place in the file, as perf 6 writes it. */
  readonly address: number;
  /** null: not known. */
  readonly symbol: string | null;
  /** File that the code is from; `[kernel.kallsyms]`, `[vdso]`, `[unknown]`. */
  readonly object: string;
}

export interface PerfSample {
  /** Of the clock that perf was told to use. */
  readonly atNs: number;
  readonly periodNs: number;
  /** The innermost first. */
  readonly frames: readonly PerfFrame[];
}

/** Of text: some 400,000 samples, more than a launch takes. */
const MOST_CHARACTERS = 1 << 28;
/** C++ names of a template's templates come to some thousand characters. */
const MOST_LINE = 1 << 15;
/** The kernel stops at `perf_event_max_stack`, 127 where nobody changed it. */
const MOST_FRAMES = 1 << 10;
/** Distinct ones, kept for as long as the text is read: a service has some ten thousand. */
const MOST_DISTINCT = 1 << 18;

const HEADER = /^\d{1,10}\/\d{1,10} +(\d{1,12})\.(\d{6}(?:\d{3})?): +(\d{1,15})(?: +[^ ()]+:)?(?: +([0-9a-f].*))?$/;
const FRAME = /^([0-9a-f]{1,16}) (.+)\)$/;
const UNKNOWN = '[unknown]';
/** What perf writes behind a file that is not there any more. */
const DELETED = / \(deleted\)\)$/;

const damaged = (line: number, what: string): PerfError => new PerfError(`line ${line} ${what}`);

/** Names hold spaces and parentheses, and files may, too: a file begins with a slash or in brackets. */
const objectStart = (text: string): number => {
  const places = [text.indexOf(' (/'), text.indexOf(' ([')].filter((at) => at >= 0);
  return places.length > 0 ? Math.min(...places) : text.lastIndexOf(' (');
};

const frameIn = (text: string): PerfFrame | null => {
  const match = FRAME.exec(text.replace(DELETED, ')'));
  const [, address = '', rest = ''] = match ?? [];
  const at = objectStart(rest);
  if (match === null || at < 0) return null;
  const symbol = rest.slice(0, at).trim();
  return {
    isKernel: address.length === 16 && address >= '8',
    address: Number.parseInt(address, 16),
    symbol: symbol === '' || symbol === UNKNOWN ? null : symbol,
    object: rest.slice(at + 2),
  };
};

/** A frame at one address is one line, however often it is there. */
class Frames {
  readonly #known = new Map<string, PerfFrame>();

  of(text: string, line: number): PerfFrame {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const frame = frameIn(text);
    if (frame === null) throw damaged(line, 'is no frame');
    if (this.#known.size >= MOST_DISTINCT) throw new PerfError(`it has more than ${MOST_DISTINCT} different frames`);
    this.#known.set(text, frame);
    return frame;
  }
}

interface Open {
  readonly atNs: number;
  readonly periodNs: number;
  readonly frames: PerfFrame[];
}

const sampleIn = (text: string, line: number, frames: Frames): Open => {
  const match = HEADER.exec(text);
  if (match === null) throw damaged(line, 'begins no sample');
  const [, seconds = '', fraction = '', period = '', frame] = match;
  const atNs = Number(seconds) * 1e9 + Number(fraction.padEnd(9, '0'));
  // Of a sample without callers the frame stands on the line itself.
  return { atNs, periodNs: Number(period), frames: frame === undefined ? [] : [frames.of(frame, line)] };
};

const requireText = (text: string): void => {
  if (text === '') throw new PerfError('it is empty');
  if (text.startsWith('PERFILE')) throw new PerfError('it is a perf.data file, not its text');
  if (text.length > MOST_CHARACTERS) throw new PerfError(`it is longer than ${MOST_CHARACTERS} characters`);
  if (!text.endsWith('\n')) throw new PerfError('it ends within a line');
};

/** Throws {@link PerfError}, also after samples that were fine. */
export function* samplesIn(text: string): Generator<PerfSample> {
  requireText(text);
  const known = new Frames();
  let open: Open | null = null;
  let line = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    line++;
    if (end - at > MOST_LINE) throw damaged(line, `is longer than ${MOST_LINE} characters`);
    const content = text.slice(at, end).trim();
    at = end + 1;
    if (content === '') {
      if (open !== null) yield open;
      open = null;
    } else if (open === null) {
      open = sampleIn(content, line, known);
    } else {
      if (open.frames.length >= MOST_FRAMES)
        throw damaged(line, `is the frame after the ${MOST_FRAMES}th of one sample`);
      open.frames.push(known.of(content, line));
    }
  }
  if (open !== null) throw new PerfError('it ends within a sample');
}
