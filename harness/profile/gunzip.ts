/** gzip in and out, with a limit on what a file may grow to. */
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { gzip, Inflate } from 'pako';
import { BROKEN_HINT, ProfileError } from './profile-error.ts';

/** The largest profile read, unpacked: 30 times the largest real one seen (8 MB); a bomb is refused there. */
export const MAX_PROFILE_BYTES = 256 * 1024 * 1024;

/** From this packed size on zlib does it; below, its set-up costs as much as pako's whole work (docs/profiles.md). */
const ZLIB_FROM_BYTES = 1024 * 1024;

const GZIP_MAGIC = [0x1f, 0x8b] as const;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];

const tooLarge = (name: string, maxBytes: number): ProfileError =>
  new ProfileError(
    `${name} unpacks to more than ${maxBytes} bytes`,
    'No real profile is that large: the file is damaged or hostile. Take the profile again.',
  );

const gunzipPako = (bytes: Uint8Array, name: string, maxBytes: number): Uint8Array => {
  const inflate = new Inflate();
  const chunks: Uint8Array[] = [];
  let size = 0;
  inflate.onData = (chunk) => {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(name, maxBytes);
    chunks.push(chunk);
  };
  inflate.push(bytes, true);
  if (inflate.err !== 0 || !inflate.ended) {
    throw new ProfileError(`${name} is damaged gzip: ${inflate.msg || 'it ends too early'}`, BROKEN_HINT);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
};

const gunzipZlib = (bytes: Uint8Array, name: string, maxBytes: number): Uint8Array => {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(name, maxBytes);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProfileError(`${name} is damaged gzip: ${why}`, BROKEN_HINT, { cause });
  }
};

/** The bytes of the pprof message: unpacked where they are gzip, else as they are. */
export const unpack = (bytes: Uint8Array, name: string, maxBytes = MAX_PROFILE_BYTES): Uint8Array => {
  if (!isGzip(bytes)) {
    if (bytes.length > maxBytes) throw tooLarge(name, maxBytes);
    return bytes;
  }
  return bytes.length < ZLIB_FROM_BYTES ? gunzipPako(bytes, name, maxBytes) : gunzipZlib(bytes, name, maxBytes);
};

/** gzip without a time in its header: equal profiles give equal bytes. */
export const pack = (bytes: Uint8Array): Uint8Array =>
  bytes.length < ZLIB_FROM_BYTES
    ? gzip(bytes, { level: 6 })
    : gzipSync(bytes, { level: constants.Z_DEFAULT_COMPRESSION });
