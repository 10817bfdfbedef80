import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseDurationSeconds,
  parsePercentRatio,
  parseRatePerSecond,
  parseSizeBytes,
} from '../../harness/units/index.ts';

describe('durations', () => {
  // Go 1.26 time.ParseDuration(text).Seconds(), negative and signed cases left out.
  test.each([
    ['1m30s', 90],
    ['250us', 0.00025],
    ['250µs', 0.00025],
    ['250μs', 0.00025],
    ['1.5h', 5400],
    ['.5s', 0.5],
    ['5.s', 5],
    ['100ms', 0.1],
    ['3ns', 3e-9],
    ['1h2m3.004s', 3723.004],
    ['0', 0],
    ['0s', 0],
    [' 2m ', 120],
  ])('%j is %d s', (text, seconds) => expect(parseDurationSeconds(text)).toBe(seconds));

  test.each(['30', '', 's', '.s', '1', '-5s', '1m 30s', '1d', '1S', '2m30', '1e3s', '1,5s', 'NaN', '1m30sx'])(
    '%j is not a duration',
    (text) => expect(parseDurationSeconds(text)).toBeUndefined(),
  );

  test('every whole number of milliseconds below an hour comes back exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000 }), (ms) => {
        expect(parseDurationSeconds(`${ms}ms`)).toBe(ms / 1000);
      }),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['512', 512],
    ['0', 0],
    ['64KiB', 65_536],
    ['64 kib', 65_536],
    ['10MB', 10_000_000],
    ['1.5GiB', 1_610_612_736],
    ['2k', 2000],
    ['0.5B', 0.5],
  ])('%j is %d bytes', (text, bytes) => expect(parseSizeBytes(text)).toBe(bytes));

  test.each(['', 'KiB', '-1', '1 2', '10XB', '10constructor', '1e3', '1KiBs'])('%j is not a size', (text) =>
    expect(parseSizeBytes(text)).toBeUndefined(),
  );
});

describe('rates', () => {
  test.each([
    ['200/s', 200],
    ['12000/m', 200],
    ['0.5/s', 0.5],
    ['3600 / h', 1],
  ])('%j is %d per second', (text, rate) => expect(parseRatePerSecond(text)).toBe(rate));

  test.each(['200', '/s', '200/ms', '200 s', '-1/s', '200/s/s', ''])('%j is not a rate', (text) =>
    expect(parseRatePerSecond(text)).toBeUndefined(),
  );
});

describe('percentages', () => {
  test.each([
    ['+2%', 0.02],
    ['2.5 %', 0.025],
    ['-3%', -0.03],
    ['0%', 0],
    ['-0%', 0],
    ['1.1%', 0.011],
    ['150%', 1.5],
  ])('%j is the ratio %d', (text, ratio) => expect(parsePercentRatio(text)).toBe(ratio));

  test.each(['2', '%', '2%%', '+-2%', '2 percent', ''])('%j is not a percentage', (text) =>
    expect(parsePercentRatio(text)).toBeUndefined(),
  );
});
