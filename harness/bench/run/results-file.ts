/** The lines that benchmarks leave (service/building/testing-hook.go.txt). */
import type { Slice } from '../judge/values.ts';

export type BenchLine =
  | {
      readonly kind: 'measured';
      readonly name: string;
      readonly isParallel: boolean;
      readonly slice: Slice;
      /** Wall clock with set-up, tear-down and a collection of garbage. */
      readonly wholeNs: number;
    }
  | { readonly kind: 'skipped' | 'failed'; readonly name: string };

const NUMBERS = 7;

const reportedIn = (fields: readonly string[]): Readonly<Record<string, number>> => {
  const reported: Record<string, number> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) reported[fields[at + 1] ?? ''] = Number(fields[at]);
  return reported;
};

/** null: a line that is no result, as of a process that was ended while it wrote. */
const lineOf = (text: string): BenchLine | null => {
  const [state, name = '', way, ...rest] = text.split('\t');
  if (name === '') return null;
  if (state === 'skipped' || state === 'failed') return { kind: state, name };
  const numbers = rest.slice(0, NUMBERS).map(Number);
  if (state !== 'ok' || numbers.length < NUMBERS || numbers.some(Number.isNaN)) return null;
  const [iterations = 0, wallNs = 0, cpuNs = 0, mallocs = 0, allocBytes = 0, setBytes = 0, wholeNs = 0] = numbers;
  const reported = reportedIn(rest.slice(NUMBERS));
  const slice = { iterations, wallNs, cpuNs, mallocs, allocBytes, setBytes, reported };
  return iterations > 0 ? { kind: 'measured', name, isParallel: way === 'parallel', slice, wholeNs } : null;
};

export const readBenchLines = (text: string): readonly BenchLine[] =>
  text.split('\n').flatMap((line) => lineOf(line) ?? []);
