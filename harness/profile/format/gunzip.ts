/** gzip in and out, with a limit on what a file may grow to. */
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { gzip } from 'pako';
import { reasonOf } from '../../errors.ts';
import { brokenPprof, ProfileError } from '../columns/profile-error.ts';

/** The largest profile read, unpacked: 30 times the largest real one seen (8 MB); a bomb is refused there. */
export const MAX_PROFILE_BYTES = 256 * 1024 * 1024;

/**
 * Up to this size pako packs: its bytes are the same whatever zlib a Node brings along, so a stored profile can be
 * compared by hash (a baseline's are of 5 to 80 KB). Above, zlib's 6 times the speed counts for more (8 MB: 77 against
 * 459 ms): counted instructions of 0.8 MB are packed while people wait for the report, and after each counted launch.
 * Unpacking is always zlib's: 3 to 4 times as fast as pako from 0.5 KB to 6 MB (test/bench/profile-bench.ts).
 */
const ZLIB_PACKS_FROM_BYTES = 256 * 1024;

/** zlib's own chunk size; and how many times a profile grows at most when unpacked (the goroutine fixture: 14). */
const MIN_CHUNK_BYTES = 16 * 1024;
const USUAL_RATIO = 20;

const GZIP_MAGIC = [0x1f, 0x8b] as const;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];

const tooLarge = (name: string, maxBytes: number): ProfileError =>
  new ProfileError(
    `${name} unpacks to more than ${maxBytes} bytes`,
    'No real profile is that large: the file is damaged or hostile. Take the profile again.',
  );

/** Room for the first piece of output: what the trailer promises, within what so many bytes usually grow to. */
const outputGuess = (bytes: Uint8Array, maxBytes: number): number => {
  if (bytes.length < 4) return MIN_CHUNK_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const promised = view.getUint32(bytes.length - 4, true) + 64;
  return Math.max(MIN_CHUNK_BYTES, Math.min(promised, bytes.length * USUAL_RATIO, maxBytes));
};

/** Of `gunzipSync` with the option `info`. */
interface Unpacked {
  readonly buffer: Uint8Array;
  /** `bytesWritten`: how many bytes were read of what was packed. */
  readonly engine: { readonly bytesWritten: number };
}

/**
 * All members of a file, as `go tool pprof` reads them. Zeros behind the last one are padding, of a tape or a block
 * device; zlib stops there and would leave out whatever follows.
 */
const gunzip = (bytes: Uint8Array, name: string, maxBytes: number): Uint8Array => {
  try {
    const options = { maxOutputLength: maxBytes, chunkSize: outputGuess(bytes, maxBytes), info: true };
    const { buffer, engine } = gunzipSync(bytes, options) as unknown as Unpacked;
    const rest = bytes.subarray(engine.bytesWritten);
    if (rest.every((byte) => byte === 0)) return buffer;
    throw new Error(`behind its end at byte ${engine.bytesWritten} lies something else`);
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(name, maxBytes);
    const why = reasonOf(cause);
    throw brokenPprof(name, `damaged gzip (${why})`, { cause });
  }
};

/** The bytes of the pprof message: unpacked where they are gzip, else as they are. */
export const unpack = (bytes: Uint8Array, name: string, maxBytes = MAX_PROFILE_BYTES): Uint8Array => {
  if (!isGzip(bytes)) {
    if (bytes.length > maxBytes) throw tooLarge(name, maxBytes);
    return bytes;
  }
  return gunzip(bytes, name, maxBytes);
};

/** gzip without a time in its header: equal profiles give equal bytes. */
export const pack = (bytes: Uint8Array): Uint8Array =>
  bytes.length < ZLIB_PACKS_FROM_BYTES
    ? gzip(bytes, { level: 6 })
    : gzipSync(bytes, { level: constants.Z_DEFAULT_COMPRESSION });
