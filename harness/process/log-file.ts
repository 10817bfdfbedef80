/**
 * A program's output in a file of bounded size. The program writes into the file itself, so that its writes cost what they
 * cost and never wait for us; what grows too large is cut in the middle while it runs, and once more when it has ended.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** What is always kept: how it began, and its last words. */
const HEAD_BYTES = 256 * 1024;
const TAIL_BYTES = 256 * 1024;

/** Cut when it is larger: seldom enough to cost nothing, and small enough for disks and uploads. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Services have been met that write 40 MB a second. */
const LOOK_MS = 200;

export interface LogFile {
  /** Bytes that were written and are not in the file any more. */
  readonly cutBytes: () => number;
  /** Cuts a last time; nobody writes any more. */
  readonly close: () => void;
}

const marker = (bytes: number): Buffer => Buffer.from(`\n[godyno cut about ${bytes} bytes of output here]\n`);

const readAt = (descriptor: number, from: number, length: number): Buffer => {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(descriptor, buffer, 0, length, from));
};

/** Looks after a file that exists and is appended to. */
export const watchLog = (file: string): LogFile => {
  const descriptor = openSync(file, 'r+');
  let cut = 0;
  let isOpen = true;
  /** Leaves head, marker and tail. What is appended between the last two steps is lost, microseconds' worth. */
  const trim = (most: number): void => {
    const { size } = fstatSync(descriptor);
    if (size <= most) return;
    const dropped = size - HEAD_BYTES - TAIL_BYTES - (cut > 0 ? marker(cut).length : 0);
    if (dropped <= 0) return;
    cut += dropped;
    const note = marker(cut);
    const rest = Buffer.concat([note, readAt(descriptor, size - TAIL_BYTES, TAIL_BYTES)]);
    // Over what is dropped, so that the program's own appends at the end are never overwritten.
    writeSync(descriptor, rest, 0, rest.length, HEAD_BYTES);
    ftruncateSync(descriptor, HEAD_BYTES + rest.length);
  };
  const safely = (most: number): void => {
    try {
      trim(most);
    } catch {
      // A full disk, or a file that somebody took away: the program's own trouble is told by its own writes.
    }
  };
  const timer = setInterval(() => safely(MOST_BYTES), LOOK_MS);
  timer.unref();
  return {
    cutBytes: () => cut,
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      clearInterval(timer);
      safely(HEAD_BYTES + TAIL_BYTES + marker(cut).length);
      closeSync(descriptor);
    },
  };
};
