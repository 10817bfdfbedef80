/**
 * Reads HdrHistogram's V2 compressed encoding in the browser, by its published layout
 * (https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram.encodeIntoByteBuffer): 40 bytes of header, then
 * counts as ZigZag LEB128, negative ones standing for that many zeros.
 */
const COMPRESSED = 0x1c849304;
const PLAIN = 0x1c849303;
const COOKIE_MASK = ~0xf0;
const HEADER_BYTES = 40;

/** [value in µs, count], ascending, empty buckets left out. */
export type Buckets = readonly (readonly [value: number, count: number])[];

const inflate = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

/** Upper 2^53 of a 64-bit ZigZag LEB128 number suffice for counts; nine bytes at most. */
function* readCounts(bytes: Uint8Array): Generator<number> {
  let at = 0;
  while (at < bytes.length) {
    let value = 0;
    let scale = 1;
    for (let length = 1; ; length++) {
      const byte = bytes[at++] ?? 0;
      value += (length === 9 ? byte : byte & 0x7f) * scale;
      scale *= 128;
      if (length === 9 || (byte & 0x80) === 0) break;
    }
    yield value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

interface Shape {
  readonly lowest: number;
  readonly digits: number;
}

/** The middle of the bucket at `index` (HdrHistogram's valueFromIndex, then medianEquivalentValue). */
const bucketValue = (index: number, { lowest, digits }: Shape): number => {
  const subBuckets = 2 ** Math.ceil(Math.log2(2 * 10 ** digits));
  const half = subBuckets / 2;
  const unit = 2 ** Math.floor(Math.log2(Math.max(1, lowest)));
  const bucket = Math.floor(index / half) - 1;
  const width = unit * 2 ** Math.max(0, bucket);
  const start = bucket < 0 ? index * unit : ((index % half) + half) * width;
  return start + Math.floor(width / 2);
};

/** Decodes one histogram. Rejects when `text` is not one. */
export const decodeHistogram = async (text: string): Promise<Buckets> => {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const wrapper = new DataView(packed.buffer);
  if ((wrapper.getInt32(0) & COOKIE_MASK) !== COMPRESSED) throw new Error('not an HdrHistogram of version 2');
  const bytes = await inflate(packed.slice(8, 8 + wrapper.getInt32(4)));
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  if ((header.getInt32(0) & COOKIE_MASK) !== PLAIN) throw new Error('not an HdrHistogram payload of version 2');
  const shape = { lowest: Number(header.getBigInt64(16)), digits: header.getInt32(12) };
  const payload = bytes.subarray(HEADER_BYTES, HEADER_BYTES + header.getInt32(4));
  const buckets: (readonly [number, number])[] = [];
  let index = 0;
  for (const count of readCounts(payload)) {
    if (count < 0) index -= count;
    else {
      if (count > 0) buckets.push([bucketValue(index, shape), count]);
      index++;
    }
  }
  return buckets;
};

/** Adds histograms up. */
export const mergeBuckets = (histograms: readonly Buckets[]): Buckets => {
  const sums = new Map<number, number>();
  for (const [value, count] of histograms.flat()) sums.set(value, (sums.get(value) ?? 0) + count);
  return [...sums].toSorted((left, right) => left[0] - right[0]);
};

/** The smallest value that at least `share` of all counts do not exceed; undefined without counts. */
export const quantile = (buckets: Buckets, share: number): number | undefined => {
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [value, count] of buckets) {
    seen += count;
    if (seen >= share * total) return value;
  }
  return buckets.at(-1)?.[0];
};
