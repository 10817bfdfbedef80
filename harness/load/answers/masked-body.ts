/**
 * What an answer's body says apart from when and under which id it was said: dates, numbers, ids and random tokens become
 * `#`, so that two answers can be compared by a hash of the rest.
 */
import { createHash } from 'node:crypto';

const DAY = '(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?';
const MONTH =
  '(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)';

/** The layouts of Go's package time that spell a month: RFC 850, 1123 and 3339 in words, ANSI C, Unix, Ruby. */
const DATE = `(?:${DAY},?[ -]+)?(?:\\d{1,2}[ -]${MONTH}(?:[ -]\\d{2,4})?|${MONTH} +\\d{1,2}(?:,? \\d{4})?(?!\\d))`;
const TIME = '\\d{1,2}:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?(?: ?[AaPp][Mm](?![A-Za-z]))?';
const UUID = '[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}';

const START = '(?<![0-9A-Za-z])';
/** `12` of `12.5` is not the whole number. */
const END = '(?![0-9A-Za-z]|\\.\\d)';
const NUMBER = `${START}\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?${END}`;
/** Words of hexadecimal letters are words: an id has a digit, or is longer than any such word. */
const HEX = `${START}(?:0[xX])?(?:(?=[A-Fa-f]*\\d)[0-9A-Fa-f]+|[A-Fa-f]{8,})${END}`;
/** What is left, inside of other words: `v1`, `2h45m`, `T15`. */
const DIGITS = '\\d+(?:\\.\\d+)?';

const VARYING = new RegExp([UUID, DATE, TIME, NUMBER, HEX, DIGITS].join('|'), 'g');

/** Runs of the characters of base64, in either alphabet, as long as the shortest tokens that services make. */
const RUN = /[0-9A-Za-z+/_-]{16,}={0,2}/g;
/** Paths and names have these between their words. */
const SEPARATOR = /[+/]/;
const PIECE_LENGTH = 8;
/** A word may have a digit or two in it (`sha256`, `x86_64`). */
const ID_DIGITS = 3;

const isRandom = (piece: string): boolean =>
  piece.length >= PIECE_LENGTH && /\d/.test(piece) && /[a-z]/.test(piece) && /[A-Z]/.test(piece);

/** Letters and digits in no order: base 32 and base 36 in one case, as ULID, xid and nanoid have them. */
const isId = (run: string): boolean =>
  /^[0-9a-z]+$/i.test(run) && (run.match(/[A-Za-z]\d|\d[A-Za-z]/g)?.length ?? 0) >= ID_DIGITS;

const maskToken = (run: string): string => (isId(run) || run.split(SEPARATOR).some(isRandom) ? '#' : run);

const IS_JSON = /^\s*[[{]/;
const JSON_PIECE = /"(?:[^"\\]|\\.)*"|\s+/gs;

/** Go's protojson puts spaces behind commas in every other build, on purpose, so that nobody relies on them. */
const withoutSpaces = (body: string): string =>
  IS_JSON.test(body) ? body.replace(JSON_PIECE, (piece) => (piece.startsWith('"') ? piece : '')) : body;

/** `body` as Latin-1, byte for byte, with everything that varies by nature as `#`, and JSON without its spaces. */
export const maskBody = (body: string): string => withoutSpaces(body).replace(RUN, maskToken).replace(VARYING, '#');

/** 32 bits in hexadecimal: two answers of thousands that differ look equal once in four billion. */
export const hashMasked = (body: Buffer): string =>
  createHash('sha256')
    .update(maskBody(body.toString('latin1')), 'latin1')
    .digest('hex')
    .slice(0, 8);
