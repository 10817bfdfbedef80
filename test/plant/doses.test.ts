import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COUNTING_DOSE, doseFor, FAULT_KINDS, faultKindOf, type CostsWithoutFault } from '../../harness/plant/index.ts';

/** About the demo: 300 µs, 612 objects and 40 KB per request. */
const demo: CostsWithoutFault = {
  cpuNsPerRequest: 300_000,
  mallocsPerRequest: 612,
  allocBytesPerRequest: 40_000,
  callsPerRequest: 2,
  burnRoundNs: 1.5,
};

describe('a dose per call, worked by hand', () => {
  test('of 5 % CPU in a function called twice is 5,000 rounds of 1.5 ns each time', () => {
    expect(doseFor({ kind: 'cpu', size: 0.05, measured: demo })).toMatchObject({ kind: 'cpu', every: 1, rounds: 5000 });
  });

  test('of 2 % allocations is 6 objects as large as the service’s own', () => {
    expect(doseFor({ kind: 'alloc', size: 0.02, measured: demo })).toMatchObject({ every: 1, objects: 6, bytes: 65 });
  });

  test('of 2 ms in a function called twice is 1 ms each time, and no more where only one request in ten calls it', () => {
    expect(doseFor({ kind: 'sleep', size: 2e6, measured: demo }).nanoseconds).toBe(1e6);
    expect(doseFor({ kind: 'lock', size: 2e6, measured: { ...demo, callsPerRequest: 0.1 } }).nanoseconds).toBe(2e6);
  });

  test('of one leak in 100 requests is every 200th call', () => {
    expect(doseFor({ kind: 'leak-heap', size: 0.01, measured: demo })).toMatchObject({
      every: 200,
      objects: 1,
      bytes: 1024,
    });
    expect(doseFor({ kind: 'leak-goroutine', size: 0.01, measured: demo }).every).toBe(200);
  });
});

const anything = fc.record({
  cpuNsPerRequest: fc.double({ min: 1e4, max: 1e8, noNaN: true }),
  mallocsPerRequest: fc.double({ min: 1, max: 1e5, noNaN: true }),
  allocBytesPerRequest: fc.double({ min: 100, max: 1e7, noNaN: true }),
  callsPerRequest: fc.double({ min: 0.01, max: 1000, noNaN: true }),
  burnRoundNs: fc.double({ min: 0.5, max: 10, noNaN: true }),
});

describe('whatever the service', () => {
  test('a dose is made of whole numbers Go can hold, and does something', () => {
    fc.assert(
      fc.property(
        anything,
        fc.constantFrom(...FAULT_KINDS),
        fc.double({ min: 0.005, max: 10, noNaN: true }),
        (measured, kind, size) => {
          const { every, rounds, objects, bytes, nanoseconds } = doseFor({ kind, size, measured });
          for (const value of [every, rounds, objects, bytes, nanoseconds])
            expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
          expect(every).toBeGreaterThanOrEqual(1);
          expect(kind === 'leak-goroutine' || rounds + objects + nanoseconds > 0).toBe(true);
        },
      ),
    );
  });

  test('burning adds up to the size asked for within half a round a call', () => {
    fc.assert(
      fc.property(anything, fc.double({ min: 0.01, max: 0.2, noNaN: true }), (measured, size) => {
        const { rounds } = doseFor({ kind: 'cpu', size, measured });
        const perCall = measured.callsPerRequest * measured.burnRoundNs;
        const wanted = size * measured.cpuNsPerRequest;
        expect(Math.abs(rounds * perCall - Math.max(wanted, perCall))).toBeLessThanOrEqual(perCall / 2 + 1e-6 * wanted);
      }),
    );
  });

  test('allocating adds up to the size asked for within a half', () => {
    fc.assert(
      fc.property(anything, fc.double({ min: 0.01, max: 0.2, noNaN: true }), (measured, size) => {
        const { every, objects } = doseFor({ kind: 'alloc', size, measured });
        const planted = (objects / every) * measured.callsPerRequest;
        const wanted = size * measured.mallocsPerRequest;
        expect(planted / wanted).toBeGreaterThan(2 / 3 - 1e-9);
        expect(planted / wanted).toBeLessThan(3 / 2 + 1e-9);
      }),
    );
  });
});

test('the counting dose cannot be merged by the tiny allocator, so that allocations count calls', () => {
  expect(COUNTING_DOSE).toMatchObject({ kind: 'alloc', every: 1 });
  expect(COUNTING_DOSE.objects).toBeGreaterThanOrEqual(1);
  expect(COUNTING_DOSE.bytes).toBeGreaterThanOrEqual(16);
});

test('only kinds of the list are kinds', () => {
  expect(FAULT_KINDS.map(faultKindOf)).toEqual(FAULT_KINDS);
  expect(faultKindOf('leak')).toBeNull();
  expect(faultKindOf('toString')).toBeNull();
});
