/** Programs whose tables are spoiled in the file, so that they still run but cannot be read. */

const MAGIC = Buffer.from([0xf1, 0xff, 0xff, 0xff, 0, 0, process.arch === 'arm64' ? 4 : 1, 8]);
/** Word of `moduledata` for the length of the names of files, which Go itself reads for stack traces alone. */
const LENGTH_OF_FILES = 8;
const SECTION_HEADER_BYTES = 64;

interface Part {
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Of an ordinary position-dependent program, its sections. */
const partsOf = (program: Buffer): readonly Part[] => {
  const start = Number(program.readBigUInt64LE(0x28));
  return Array.from({ length: program.readUInt16LE(0x3c) }, (_, i) => {
    const word = (at: number): number => Number(program.readBigUInt64LE(start + i * SECTION_HEADER_BYTES + at));
    return { address: word(0x10), offset: word(0x18), bytes: word(0x20) };
  });
};

/** Where the record of the main module stands in the file. */
export const moduleDataAt = (program: Buffer): number => {
  const table = program.indexOf(MAGIC);
  const home = partsOf(program).find(({ offset, bytes }) => table >= offset && table < offset + bytes);
  if (table < 0 || home === undefined) throw new Error('no table of Go functions in it');
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(BigInt(home.address + table - home.offset));
  for (let at = program.indexOf(pointer); at >= 0; at = program.indexOf(pointer, at + 1)) {
    const [functions, entries] = [13, 16].map((word) => program.readBigUInt64LE(at + 8 * word));
    // The section header has the address, too.
    if (functions === entries && functions !== 0n) return at;
  }
  throw new Error('nothing points to its table of Go functions');
};

/** As a layout nobody knows: the names of files seem to be longer than all of the file. */
export const spoilModuleData = (program: Buffer): Buffer => {
  const spoiled = Buffer.from(program);
  spoiled.writeBigUInt64LE(2n ** 40n, moduleDataAt(program) + 8 * LENGTH_OF_FILES);
  return spoiled;
};
