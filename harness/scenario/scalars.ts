/** Schemas of single values: text, lengths of time, sizes, rates, request lines, limits. */
import { z } from 'zod';
import { parseDurationSeconds, parseRatePerSecond, parseSizeBytes } from '../units/index.ts';
import { parseRequestLine, parseStatusRange, REQUEST_LINE_EXPECTED, STATUS_EXPECTED } from './http.ts';

/** A message that starts with "expected" gets ", got …" from what was found instead. */
export const expected = (what: string): { error: string } => ({ error: `expected ${what}` });

type Context = { issues: unknown[] };

const refuse = (context: Context, input: unknown, message: string): never => {
  context.issues.push({ code: 'custom', input, message });
  return z.NEVER;
};

/** Text; an unquoted number or true/false is taken as it is written. */
export const text = () =>
  z.union([z.string(), z.number(), z.boolean()], expected('text')).transform(String).meta({ kind: 'text' });

/** Text that must hold something. */
export const word = (what: string) => z.string(expected(what)).min(1, expected(what)).meta({ kind: 'text' });

const parsed = <T>(what: string, kind: string, parse: (text: string) => T | undefined) =>
  z
    .string(expected(what))
    .transform((value, context) => parse(value) ?? refuse(context, value, `expected ${what}`))
    .meta({ kind });

/** As `parsed`, where people write a bare number too. */
const parsedNumberOrText = <T>(what: string, kind: string, parse: (text: string) => T | undefined) =>
  z
    .union([z.string(), z.number()], expected(what))
    .transform((value, context) => parse(String(value)) ?? refuse(context, value, `expected ${what}`))
    .meta({ kind });

/** Seconds, above zero. */
export const duration = () =>
  parsed('a length of time such as "30s" or "1m30s"', 'duration', (value) => {
    const seconds = parseDurationSeconds(value);
    return seconds !== undefined && seconds > 0 ? seconds : undefined;
  });

/** Requests per second, above zero. */
export const rate = () =>
  parsed('a rate such as "200/s" or "12000/m"', 'rate', (value) => {
    const perSecond = parseRatePerSecond(value);
    return perSecond !== undefined && perSecond > 0 ? perSecond : undefined;
  });

const MEMORY_LIMIT = /^\d+(?:B|[KMGT]iB)?$/;

/** GOMEMLIMIT's own notation, kept as text because the Go runtime reads it. */
export const memoryLimit = () =>
  parsedNumberOrText(
    '"off" or a size such as "512MiB" (whole B, KiB, MiB, GiB or TiB, as GOMEMLIMIT)',
    'size',
    (value) =>
      value === 'off' || (MEMORY_LIMIT.test(value) && parseSizeBytes(value) !== undefined) ? value : undefined,
  );

/** GOGC: `off` or a percentage without its sign. */
export const gcPercent = () =>
  parsedNumberOrText('"off" or a whole number such as 100', 'GOGC', (value) =>
    value === 'off' || /^[1-9]\d*$/.test(value) ? value : undefined,
  );

export const wholeNumber = (most: number) => {
  const what = expected(`a whole number from 1 to ${most}`);
  return z.number(what).int(what).min(1, what).max(most, what);
};

export const positiveNumber = () => {
  const what = expected('a number above 0');
  return z.number(what).positive(what);
};

export const requestLine = () =>
  z
    .string({ error: REQUEST_LINE_EXPECTED })
    .transform((value, context) => {
      const line = parseRequestLine(value);
      return typeof line === 'string' ? refuse(context, value, line) : line;
    })
    .meta({ kind: 'request line' });

export const status = () =>
  z
    .union([z.number(), z.string()], { error: STATUS_EXPECTED })
    .transform((value, context) => parseStatusRange(value) ?? refuse(context, value, STATUS_EXPECTED))
    .meta({ kind: 'status' });

/** Environment: names to text. */
export const environment = () =>
  z
    .record(
      z.string().regex(/^[^=\s\0]+$/, { error: 'an environment name holds neither "=" nor spaces' }),
      text(),
      expected('names with their values such as { LOG_LEVEL: error }'),
    )
    .meta({ kind: 'names to text' });
