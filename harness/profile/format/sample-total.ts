/** How many events a profile holds, without decoding it. */
import { unpack } from './gunzip.ts';
import { splitFields } from './split-fields.ts';
import { WIRE_BYTES, WIRE_VARINT, WireReader } from './wire.ts';

const SAMPLE = 2;
const VALUES = (2 << 3) | WIRE_BYTES;
const VALUE = (2 << 3) | WIRE_VARINT;

/** The first value of the message that ends at `end`: Go counts events there, whatever else it measures. */
const firstValue = (reader: WireReader, end: number): number => {
  while (reader.pos < end) {
    const key = reader.key();
    if (key === VALUES) reader.end();
    if (key === VALUES || key === VALUE) return Number(reader.bigInteger());
    reader.pass(key & 7);
  }
  return 0;
};

/**
 * The sum of the samples' first values: of a CPU profile its ticks. `name` appears in messages. Throws
 * {@link ProfileError} where the message is not whole.
 */
export const sampleTotal = (bytes: Uint8Array, name: string): number => {
  const reader = new WireReader(unpack(bytes, name), name);
  const samples = splitFields(reader, [SAMPLE], (_field, wireType) => reader.pass(wireType))[SAMPLE];
  let total = 0;
  for (let i = 0; i < (samples?.count ?? 0); i++) total += firstValue(reader, samples?.enterNext() ?? 0);
  return total;
};
