import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatPercentRange,
  formatQuantity,
  formatSignedPercent,
  formatSignedQuantity,
  parseDurationSeconds,
  parsePercentRatio,
  parseSizeBytes,
} from '../../harness/units/index.ts';

describe('percentages', () => {
  test.each([
    [0.0219, '2.2 %'],
    [0.02, '2 %'],
    [0.01998, '2.0 %'],
    [0.177, '17.7 %'],
    [1.2345, '123 %'],
    [0.008, '0.8 %'],
    [0.00996, '1.0 %'],
    [0.0004, '0.04 %'],
    [0.000123, '0.012 %'],
    [0.000001, '0.0001 %'],
    [0, '0 %'],
    [-0, '0 %'],
    [1e-12, '0 %'],
    [-0.031, '-3.1 %'],
    [12, '1,200 %'],
    [Number.NaN, '– %'],
  ])('the ratio %d reads %j', (ratio, text) => expect(formatPercent(ratio)).toBe(text));

  test.each([
    [0.0219, '+2.2 %'],
    [-0.0219, '-2.2 %'],
    [0.0004, '+0.04 %'],
    [0, '0 %'],
    [-0, '0 %'],
    [-1e-12, '0 %'],
  ])('the change %d reads %j', (ratio, text) => expect(formatSignedPercent(ratio)).toBe(text));

  test.each([
    [[0.012, 0.031], '1.2…3.1 %'],
    [[0.01, 0.031], '1.0…3.1 %'],
    [[-0.01, 0.01], '-1…1 %'],
    [[-0.004, 0.0004], '-0.4…0.04 %'],
    [[0, 0.02], '0…2 %'],
    [[0.01, Number.POSITIVE_INFINITY], '1…∞ %'],
  ] as const)('the interval %j reads %j', (range, text) => expect(formatPercentRange(range)).toBe(text));

  test.each([
    [[-1, 93_723_000], 'too noisy to say'],
    [[-0.6, 0.6], 'too noisy to say'],
    [[-0.5, 1], 'too noisy to say'],
    [[-1, Number.POSITIVE_INFINITY], 'too noisy to say'],
    [[-0.4, 0.66], '-40…66 %'],
    [[-0.148, 0.282], '-14.8…28.2 %'],
    [[0.1, 20], '10…2,000 %'],
    [[-0.99, -0.5], '-99…-50 %'],
  ] as const)('the interval %j, with no change in it or not, reads %j', (range, text) =>
    expect(formatPercentRange(range)).toBe(text),
  );

  test('an effect of a ten-thousandth of a percent or more never reads as zero, and is off by at most 5 %', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 50, noNaN: true }), fc.boolean(), (size, negative) => {
        const ratio = negative ? -size : size;
        const shown = parsePercentRatio(formatSignedPercent(ratio).replaceAll(',', ''));
        expect(Math.sign(shown ?? 0)).toBe(Math.sign(ratio));
        expect(Math.abs((shown ?? 0) / ratio - 1)).toBeLessThan(Math.abs(ratio) < 1e-5 ? 0.5 : 0.06);
      }),
    );
  });
});

describe('quantities', () => {
  test.each([
    [812_345, 'ns', '812 µs'],
    [999.6, 'ns', '1 µs'],
    [999.4, 'ns', '999 ns'],
    [0.35, 'ns', '0.35 ns'],
    [17_655, 'ns', '17.7 µs'],
    [65e9, 'ns', '65 s'],
    [4.1, 'ms', '4.1 ms'],
    [0.25, 'ms', '250 µs'],
    [1234.5, 'ms', '1.23 s'],
    [1229, 'B', '1.2 KiB'],
    [1023, 'B', '1,023 B'],
    [1023.9, 'B', '1 KiB'],
    [3 * 1024 ** 3, 'B', '3 GiB'],
    [3412, 'count', '3,412'],
    [999_999.4, 'count', '999,999'],
    [999_999.9, 'count', '1 M'],
    [12.345, 'count', '12.3'],
    [0.01, 'count', '0.01'],
    [0, 'count', '0'],
    [-0, 'count', '0'],
    [1_234_567, 'instructions', '1.23 M instructions'],
    [0.001, 'ratio', '0.1 %'],
    [Number.NaN, 'ns', '–'],
  ] as const)('%d %s reads %j', (value, unit, text) => expect(formatQuantity(value, unit)).toBe(text));

  test.each([
    [17_655, 'ns', '+17.7 µs'],
    [-3482, 'B', '-3.4 KiB'],
    [0.02, 'count', '+0.02'],
    [0, 'ns', '0 ns'],
    [-1e-15, 'count', '0'],
    [0.02, 'ratio', '+2 %'],
  ] as const)('a change of %d %s reads %j', (value, unit, text) =>
    expect(formatSignedQuantity(value, unit)).toBe(text),
  );

  test('a size that is shown is within half a percent of the size that was meant', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e14, noNaN: true }), (bytes) => {
        const shown = parseSizeBytes(formatQuantity(bytes, 'B').replaceAll(',', ''));
        expect(Math.abs((shown ?? 0) / bytes - 1)).toBeLessThanOrEqual(0.00501);
      }),
    );
  });

  test.each([
    [1_234_567, '1,234,567'],
    [999, '999'],
    [0.4, '0'],
    [-1234, '-1,234'],
  ])('the count %d reads %j', (value, text) => expect(formatCount(value)).toBe(text));
});

describe('durations', () => {
  test.each([
    [41, '41 s'],
    [41.27, '41.3 s'],
    [59.96, '1m'],
    [90, '1m30s'],
    [89.6, '1m30s'],
    [120, '2m'],
    [3599.6, '1h'],
    [7265, '2h1m'],
    [0.00025, '250 µs'],
    [0, '0 s'],
    [-90, '-1m30s'],
  ])('%d s reads %j', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  test('what is shown reads back within a percent', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e6, noNaN: true }), (seconds) => {
        const shown = parseDurationSeconds(formatDuration(seconds).replace(' ', ''));
        expect(Math.abs((shown ?? 0) / seconds - 1)).toBeLessThan(0.01);
      }),
    );
  });
});
