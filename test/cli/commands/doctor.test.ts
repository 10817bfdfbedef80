import { describe, expect, it } from 'vitest';
import { describeEngines, describeNeighbours, describePerf } from '../../../harness/cli/commands/doctor.ts';

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

describe('what the doctor says about others on the machine', () => {
  it('is well while it is quiet, and a warning from half a busy CPU on, or where the host takes the CPU away', () => {
    expect(describeNeighbours({ stealRatio: 0, foreignCpus: 0.2 }).state).toBe('ok');
    expect(describeNeighbours({ stealRatio: 0, foreignCpus: 2 })).toMatchObject({
      state: 'warn',
      found: 'steal 0 %, other programs keep 2.0 CPUs busy',
      advice: expect.stringContaining('--budget') as string,
    });
    expect(describeNeighbours({ stealRatio: 0.2, foreignCpus: 0 })).toMatchObject({
      state: 'warn',
      advice: expect.stringContaining('discarded') as string,
    });
  });

  it('is a warning where it cannot be seen', () => {
    expect(describeNeighbours({}).state).toBe('warn');
  });
});

describe('what the doctor says about perf', () => {
  it('needs it for nothing but C and the kernel, and says how it is had', () => {
    expect(describePerf({ version: '6.1.187', tellsPlaces: true })).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('6.1.187') as string,
    });
    expect(describePerf({ reason: 'perf is not installed', hint: 'apt-get install linux-perf' })).toMatchObject({
      state: 'note',
      found: 'not available: perf is not installed',
      advice: expect.stringContaining('apt-get install linux-perf') as string,
    });
  });
});
