import { describe, expect, it } from 'vitest';
import { describeEngines } from '../../harness/cli/doctor.ts';

const MISSING = {
  perf: { reason: 'the event does not open', hint: 'sysctl kernel.perf_event_paranoid=2' },
  qemu: { reason: 'qemu-x86_64 is not installed', hint: 'apt-get install qemu-user' },
  cover: { reason: 'go has no cover tool', hint: 'Install Go' },
} as const;

const QEMU = { kind: 'qemu', program: 'qemu-x86_64', version: '7.2', pluginApi: 1, plugin: '/p.so' } as const;
const PERF = { kind: 'perf', helper: '/h' } as const;
const COVER = { kind: 'cover' } as const;

describe('what the doctor says about exact mode', () => {
  it('names every engine that is missing with its reason and what to do, and fails none', () => {
    const checks = describeEngines(MISSING);
    expect(checks.map(({ state }) => state)).toEqual(['warn', 'warn', 'warn']);
    expect(checks.map(({ found }) => found)).toEqual(Object.values(MISSING).map(({ reason }) => reason));
    Object.values(MISSING).forEach(({ hint }, index) => expect(checks[index]?.advice).toContain(hint));
  });

  it('misses no CPU counter where the emulator counts, and still says why there is none', () => {
    const [perf, qemu, cover] = describeEngines({ ...MISSING, qemu: QEMU, cover: COVER });
    expect(perf).toMatchObject({
      state: 'note',
      advice: '',
      found: `not available, and not needed since the emulator counts (${MISSING.perf.reason})`,
    });
    expect(qemu).toMatchObject({ state: 'ok', found: expect.stringContaining('7.2') as string });
    expect(cover).toMatchObject({ state: 'ok', found: expect.stringMatching(/calls/) as string });
  });

  it('says of a CPU counter that it gives totals, and asks for the emulator all the same', () => {
    const [perf, qemu] = describeEngines({ perf: PERF, qemu: MISSING.qemu, cover: COVER });
    expect(perf).toMatchObject({ state: 'ok', found: expect.stringMatching(/totals.*2 %/) as string });
    expect(qemu).toMatchObject({ state: 'warn', advice: expect.stringContaining(MISSING.qemu.hint) as string });
  });
});
