import { describe, expect, it } from 'vitest';
import { directTarget } from '../../harness/exact/call-target.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** As `objdump -d` of a Go program shows them, bytes in the order of the file. */
describe('where a block’s last instruction goes', () => {
  it('stands in near calls and jumps of amd64, forwards and backwards, from the end of the instruction', () => {
    expect(directTarget(bytes('e805000000'), 0x1000, 'x64')).toBe(0x100a);
    expect(directTarget(bytes('e8fbffffff'), 0x1000, 'x64')).toBe(0x1000);
    expect(directTarget(bytes('e900010000'), 0x40_1000, 'x64')).toBe(0x40_1105);
  });

  it('stands in BL and B of arm64, counted in words from the instruction', () => {
    expect(directTarget(bytes('01000094'), 0x1000, 'arm64')).toBe(0x1004);
    expect(directTarget(bytes('ffffff97'), 0x1000, 'arm64')).toBe(0x0ffc);
    expect(directTarget(bytes('00000016'), 0x1000_0000, 'arm64')).toBe(0x1000_0000 - 2 ** 27);
  });

  it('does not stand in indirect calls, returns, short jumps and what is no jump', () => {
    for (const hex of ['ffd0', 'c3', 'ebfe', '4883c410', '0f8400000000', '']) {
      expect(directTarget(bytes(hex), 0x1000, 'x64')).toBeUndefined();
    }
    for (const hex of ['00003fd6', 'c0035fd6', '1f2003d5', '01000054', '']) {
      expect(directTarget(bytes(hex), 0x1000, 'arm64')).toBeUndefined();
    }
  });
});
