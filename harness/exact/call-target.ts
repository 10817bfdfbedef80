/** Where a block's last instruction goes, when it is a call or jump whose target stands in it. */

const X86_CALL = 0xe8;
const X86_JUMP = 0xe9;
const NEAR_BYTES = 5;
/** Of the word's upper six bits: `BL` and `B`. */
const ARM_CALL = 0b100101;
const ARM_JUMP = 0b000101;
const ARM_OFFSET_BITS = 26;

/**
 * Undefined where the target does not stand in the instruction, or it is neither. Jumps are among them, since assembly and
 * wrappers end in one to another function; that a target is one is the caller's to check.
 */
export const directTarget = (code: Buffer, address: number, arch: string): number | undefined => {
  if (arch === 'arm64') {
    if (code.length !== 4) return undefined;
    const word = code.readUInt32LE(0);
    const kind = word >>> ARM_OFFSET_BITS;
    if (kind !== ARM_CALL && kind !== ARM_JUMP) return undefined;
    const offset = (word << (32 - ARM_OFFSET_BITS)) >> (32 - ARM_OFFSET_BITS);
    return address + 4 * offset;
  }
  if (code.length !== NEAR_BYTES || (code[0] !== X86_CALL && code[0] !== X86_JUMP)) return undefined;
  return address + NEAR_BYTES + code.readInt32LE(1);
};
