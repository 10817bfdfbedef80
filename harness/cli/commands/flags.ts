/** Values of flags, checked while the command line is read: before a scenario is opened or anything is built. */
import { statSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../../errors.ts';
import { type ExactMode, type Scenario, VERDICTS } from '../../model/index.ts';
import { parseDurationSeconds, parseSizeBytes } from '../../units/index.ts';
import type { Rows } from '../pprof/file.ts';

/** A length of time as it was written, for a command that repeats it, and in seconds. */
export interface DurationFlag {
  readonly text: string;
  readonly seconds: number;
}

export const durationFlag = (text: string): DurationFlag => {
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined && seconds > 0) return { text, seconds };
  throw new InvalidArgumentError('Expected a duration above 0 with its unit, as Go writes it: 90s, 3m, 1m30s.');
};

/** In bytes. */
export const sizeFlag = (text: string): number => {
  const bytes = parseSizeBytes(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new InvalidArgumentError('Expected a size above 0 with its unit: 500MiB, 2GiB.');
};

export const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number from 0.');
  return value;
};

/** `1000,1200`: requests behind two profiles. */
export const requestCounts = (text: string): readonly number[] => {
  const counts = text.split(',').map(Number);
  if (counts.length !== 2 || !counts.every((count) => count > 0 && Number.isFinite(count))) {
    throw new InvalidArgumentError('Expected two numbers above 0, as in 1000,1200.');
  }
  return counts;
};

export const verdictList = (text: string): readonly string[] => {
  const words = text === 'none' ? [] : text.split(',').map((word) => word.trim());
  const wrong = words.find((word) => !(VERDICTS as readonly string[]).includes(word));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`"${wrong}" is no verdict; use a list of ${VERDICTS.join(', ')}, or none.`);
  }
  return words;
};

/** What `top` sums by. */
const LABEL = 'label:';

export const rowsFlag = (text: string): Rows => {
  if (text === 'function' || text === 'line' || text === 'package') return { kind: text };
  if (text.startsWith(LABEL) && text !== LABEL) return { kind: 'label', key: text.slice(LABEL.length) };
  throw new InvalidArgumentError('A row is a function, a line, a package, or label:KEY such as label:route.');
};

export const functionOrLabelFlag = (text: string): Rows => {
  if (text === 'function' || (text.startsWith(LABEL) && text !== LABEL)) return rowsFlag(text);
  throw new InvalidArgumentError('A row is a function, or label:KEY such as label:tenant.');
};

export const webAddress = (text: string): string => {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InvalidArgumentError('Expected an address that begins with https:// or http://.');
};

export const ownerAndName = (text: string): string => {
  if (/^[^/\s]+\/[^/\s]+$/.test(text)) return text;
  throw new InvalidArgumentError('Expected owner/name.');
};

/** A folder that is not there holds no baselines yet. Throws {@link UsageError} `NOT_A_FOLDER`. */
export const requireBaselinesFolder = (dir: string): void => {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() ?? true) return;
  throw new UsageError(
    'NOT_A_FOLDER',
    `--baselines ${dir} is a file, not a folder`,
    'Name the folder that holds them.',
  );
};

/** `--exact` speaks for every scenario of the run. */
export const withExactMode = (scenarios: readonly Scenario[], mode: ExactMode | undefined): readonly Scenario[] =>
  mode === undefined
    ? scenarios
    : scenarios.map((scenario) => ({ ...scenario, measure: { ...scenario.measure, exact: mode } }));
