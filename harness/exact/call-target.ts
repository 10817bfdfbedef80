/** Where a block's last instruction goes, when it is a call or jump whose target stands in it. */

const X86_CALL = 0xe8;
const X86_JUMP = 0xe9;
const X86_BYTES = 5;
const ARM_BYTES = 4;
/** Of the word's upper six bits: `BL` and `B`. */
const ARM_CALL = 0b100101;
const ARM_JUMP = 0b000101;
const ARM_OFFSET_BITS = 26;

/** Whether {@link directTarget} may find one in an instruction of so many bytes: few blocks end in one. */
export const isAsLongAsACall = (bytes: number, arch: string): boolean =>
  bytes === (arch === 'arm64' ? ARM_BYTES : X86_BYTES);

/**
 * The address that a direct call or jump goes to; undefined for any other instruction, and for one that takes its target
 * from a register or memory. Jumps count because assembly and wrappers end in one to another function; whether the target
 * is a function, the caller checks.
 */
export const directTarget = (code: Buffer, address: number, arch: string): number | undefined => {
  if (arch === 'arm64') {
    if (code.length !== ARM_BYTES) return undefined;
    const word = code.readUInt32LE(0);
    const kind = word >>> ARM_OFFSET_BITS;
    if (kind !== ARM_CALL && kind !== ARM_JUMP) return undefined;
    // Shifted up and down again: the sign of the 26 bits is kept.
    const offset = (word << (32 - ARM_OFFSET_BITS)) >> (32 - ARM_OFFSET_BITS);
    return address + ARM_BYTES * offset;
  }
  if (code.length !== X86_BYTES || (code[0] !== X86_CALL && code[0] !== X86_JUMP)) return undefined;
  return address + X86_BYTES + code.readInt32LE(1);
};
