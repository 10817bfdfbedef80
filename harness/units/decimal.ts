/** Digits for people: significant ones only, thousands grouped, no exponent, no sign on zero. */

/** Below this, a figure in its smallest unit is noise of the arithmetic and reads as 0. */
const SMALLEST = 1e-9;

const groupThousands = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');

/** `value` with that many decimals, thousands grouped; `0` for what rounds to nothing. */
export const formatFixed = (value: number, decimals: number): string => {
  const [whole = '0', fraction] = Math.abs(value).toFixed(decimals).split('.');
  const digits = fraction === undefined ? groupThousands(whole) : `${groupThousands(whole)}.${fraction}`;
  if (!/[1-9]/.test(digits)) return '0';
  return value < 0 ? `-${digits}` : digits;
};

/** Decimals that show `significant` digits of `value`; none above them, so an integer part is never rounded away. */
export const decimalsFor = (value: number, significant: number): number => {
  if (Math.abs(value) < SMALLEST) return 0;
  const exponent = Number(
    Math.abs(value)
      .toExponential(significant - 1)
      .split('e')[1],
  );
  return Math.min(100, Math.max(0, significant - 1 - exponent));
};

/** `value` to that many significant digits, trailing zeros dropped: 17.7, 1.2, 3,412. */
export const formatSignificant = (value: number, significant: number): string => {
  const text = formatFixed(value, decimalsFor(value, significant));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
};

/** The number `formatSignificant` shows, to choose a unit by it. */
export const roundSignificant = (value: number, significant: number): number =>
  Number(value.toFixed(decimalsFor(value, significant)));

/** `text` with the sign a change carries: `+` in front of what is neither negative, zero nor missing. */
export const withSign = (text: string): string => (/^(?:-|–|0(?!\.))/.test(text) ? text : `+${text}`);
