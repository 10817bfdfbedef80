const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

const NUMBER = String.raw`\d+(?:\.\d*)?|\.\d+`;
const DURATION_PART = new RegExp(`(${NUMBER})(ns|us|µs|μs|ms|s|m|h)`, 'gy');

/** `1.5` and `-6` to 1.5e-6, without the rounding error that a multiplication adds. */
const shiftDecimal = (digits: string, exponent: number): number => Number(`${digits}e${exponent}`);

const partSeconds = (digits: string, unit: string): number => {
  const seconds = SECONDS_PER_UNIT[unit] ?? Number.NaN;
  return seconds < 1 ? shiftDecimal(digits, Math.round(Math.log10(seconds))) : Number(digits) * seconds;
};

/**
 * Seconds of a length of time in Go's notation (`time.ParseDuration`): `1m30s`, `250us`, `1.5h`, `0`.
 * `undefined` for anything else, a number without a unit and a negative length included.
 */
export const parseDurationSeconds = (text: string): number | undefined => {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  let seconds = 0;
  let end = 0;
  for (const part of trimmed.matchAll(DURATION_PART)) {
    seconds += partSeconds(part[1] ?? '', part[2] ?? '');
    end += part[0].length;
  }
  return end > 0 && end === trimmed.length && Number.isFinite(seconds) ? seconds : undefined;
};

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 1024,
  m: 1e6,
  mb: 1e6,
  mib: 1024 ** 2,
  g: 1e9,
  gb: 1e9,
  gib: 1024 ** 3,
  t: 1e12,
  tb: 1e12,
  tib: 1024 ** 4,
};

const SIZE = new RegExp(`^(${NUMBER})\\s*([a-z]*)$`, 'i');

/**
 * Bytes of a size: `512`, `64KiB` (1024s, as in GOMEMLIMIT), `10MB` (1000s); letters of either case.
 * A fraction stays one (`0.5B`), for sizes per request. `undefined` for anything else.
 */
export const parseSizeBytes = (text: string): number | undefined => {
  const [, digits, unit] = SIZE.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const factor = Object.hasOwn(BYTES_PER_UNIT, unit.toLowerCase()) ? BYTES_PER_UNIT[unit.toLowerCase()] : undefined;
  return factor === undefined ? undefined : finite(Number(digits) * factor);
};

const RATE = new RegExp(`^(${NUMBER})\\s*/\\s*(s|m|h)$`);

/** Events per second of a rate: `200/s`, `12000/m`, `1/h`. `undefined` for anything else. */
export const parseRatePerSecond = (text: string): number | undefined => {
  const [, digits, unit] = RATE.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return finite(Number(digits) / (SECONDS_PER_UNIT[unit] ?? Number.NaN));
};

const PERCENT = new RegExp(`^([+-]?)(${NUMBER})\\s*%$`);

/** Ratio of a percentage, sign kept: `+2%` → 0.02, `2.5 %` → 0.025. `undefined` for anything else. */
export const parsePercentRatio = (text: string): number | undefined => {
  const [, sign, digits] = PERCENT.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const ratio = shiftDecimal(digits, -2);
  return finite(sign === '-' && ratio !== 0 ? -ratio : ratio);
};

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
