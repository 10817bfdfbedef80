/** The beginning of an answer's body as people read it: unpacked, a bounded length, bytes in hexadecimal. */
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';

/** Kept of a body: enough to see what the service complains about. */
export const SHOWN_BYTES = 500;

const MOST_HEX_BYTES = 32;

const UNPACK: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: (bytes) => inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
};

/** `encoding` as `content-encoding` has it; what cannot be unpacked stays as it is. */
export const unpacked = (bytes: Uint8Array, encoding: string | undefined): Uint8Array => {
  const unpack = UNPACK[(encoding ?? '').trim().toLowerCase().replace(/^x-/, '')];
  if (unpack === undefined) return bytes;
  try {
    return unpack(bytes);
  } catch {
    return bytes;
  }
};

/** One such character in so many is a text with a slip, more of them are no text. */
const SLIPS = 20;

const isBinary = (text: string): boolean => {
  const odd = text.match(/(?!\s)\p{Cc}|\ufffd/gu)?.length ?? 0;
  return odd * SLIPS > text.length;
};

/** `bytes`: the beginning of the body, packed or not. null: there is none. */
export const answerText = (bytes: Uint8Array, encoding: string | undefined): string | null => {
  const plain = unpacked(bytes, encoding).subarray(0, SHOWN_BYTES);
  if (plain.length === 0) return null;
  // A character cut in two at the end is not shown.
  const text = new TextDecoder('utf-8').decode(plain).replace(/\ufffd$/u, '');
  if (!isBinary(text)) return text;
  const hex = Buffer.from(plain.subarray(0, MOST_HEX_BYTES)).toString('hex');
  return `bytes ${hex.replaceAll(/..(?=.)/g, '$& ')}${plain.length > MOST_HEX_BYTES ? ' …' : ''}`;
};
