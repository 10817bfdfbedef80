import { describe, expect, it } from 'vitest';
import { groupOf } from '../../harness/exact/groups.ts';
import { syscallName } from '../../harness/exact/syscalls.ts';

describe('the kind of work a function does', () => {
  it.each([
    ['main.encode', 'user'],
    ['encoding/json.(*encodeState).marshal', 'user'],
    ['runtimex.gcNothing', 'user'],
    ['example.com/runtime.mallocgc', 'user'],
    ['internal/reflectlite.Swapper', 'user'],
    ['runtime.memmove', 'runtime'],
    ['runtime.mapaccess1_faststr', 'runtime'],
    ['internal/runtime/maps.(*Map).getWithKey', 'runtime'],
    ['runtime.mallocgcSmallNoscan', 'allocator'],
    ['runtime.(*mcache).nextFree', 'allocator'],
    ['runtime.growslice', 'allocator'],
    ['runtime.gcDrain', 'gc'],
    ['runtime.(*mspan).sweep', 'gc'],
    ['runtime.copystack', 'gc'],
    ['runtime.stackalloc', 'gc'],
    ['runtime.(*moduledata).textAddr', 'gc'],
    ['runtime.(*moduledata).typeOff', 'runtime'],
    ['runtime.findRunnable', 'scheduler'],
    ['runtime.netpoll', 'scheduler'],
    ['internal/poll.(*FD).Read', 'scheduler'],
    ['internal/runtime/syscall.Syscall6', 'scheduler'],
    ['syscall.write', 'scheduler'],
    ['runtime.save', 'scheduler'],
    ['runtime.saveInlineStack', 'runtime'],
    ['runtime.(*m).snapshotAllp', 'scheduler'],
    ['runtime.(*mcache).prepareForSweep', 'gc'],
    ['runtime.mergeSummaries', 'allocator'],
    ['gogo', 'scheduler'],
    ['memeqbody', 'runtime'],
    ['<not Go>', 'user'],
  ])('of %s is %s', (name, group) => {
    expect(groupOf(name)).toBe(group);
  });
});

describe('the name of a system call', () => {
  it('depends on the architecture, and an unknown one keeps its number', () => {
    expect(syscallName(1, 'x64')).toBe('write');
    expect(syscallName(64, 'arm64')).toBe('write');
    expect(syscallName(499, 'x64')).toBe('#499');
    expect(syscallName(1, 's390x')).toBe('#1');
  });
});
