/** One spoiled program after another: read or refused in one sentence, in bounded time and memory, and never misread. */
import { UsageError } from '../../harness/errors.ts';
import { type GoTables, goTablesIn } from '../../harness/exact/index.ts';
import { type Spoiled, spoilAtRandom, subjectOf } from './spoiled-tables.ts';

export interface FuzzCounts {
  read: number;
  refused: number;
  slowestMs: number;
}

const SENTENCE = /^[^\n]{10,200}$/;
const CODES: ReadonlySet<string> = new Set(['GO_TABLES_UNREADABLE', 'NOT_AN_ELF_PROGRAM']);
const LOOK_UPS = 60;
/** The tables of a program of 2 MB are read in some 10 ms; CPU time, since others run here, too. */
const MOST_CPU_MS = 2000;

/** The answer, or the sentence of a refusal. Throws what is neither. */
const answer = (look: () => string): string => {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof UsageError) || !CODES.has(error.code) || !SENTENCE.test(error.message)) throw error;
    return `refused: ${error.message}`;
  }
};

const framesText = (tables: GoTables, address: number): string =>
  answer(() => {
    const frames = tables.framesAt(address);
    const [inside] = [tables.functionAt(address)];
    return `${inside?.name} ${frames.map((frame) => `${frame.function} ${frame.file}:${frame.line}`).join('|')}`;
  });

const isRefused = (text: string): boolean => text.startsWith('refused: ');

/** Throws an error that says what went wrong; `collect` and the heap's size where memory is measured. */
export const fuzzTables = (
  originals: readonly Buffer[],
  rounds: number,
  random: () => number,
  heapBytes: (() => number) | null,
): FuzzCounts => {
  const counts: FuzzCounts = { read: 0, refused: 0, slowestMs: 0 };
  const subjects = originals.map((original) => {
    const tables = goTablesIn(original, 'original');
    const addresses = Array.from({ length: LOOK_UPS }, (_, i) => tables.codeStart + i * 6007);
    const texts = addresses.map((address) => framesText(tables, address));
    return { original, subject: subjectOf(Buffer.from(original)), addresses, texts };
  });
  for (let round = 0; round < rounds; round++) {
    const { original, subject, addresses, texts } = subjects[round % subjects.length] as (typeof subjects)[number];
    const spoiled = spoilAtRandom(subject, original, random);
    const before = heapBytes?.() ?? 0;
    const start = process.cpuUsage();
    const found = look(spoiled, addresses);
    const { user, system } = process.cpuUsage(start);
    counts.slowestMs = Math.max(counts.slowestMs, (user + system) / 1000);
    if (counts.slowestMs > MOST_CPU_MS) throw new Error(`round ${round} took ${counts.slowestMs.toFixed(0)} ms of CPU`);
    const kept = heapBytes === null ? 0 : heapBytes() - before;
    if (kept > original.length) throw new Error(`round ${round} kept ${kept} bytes of a file of ${original.length}`);
    if (found === null) counts.refused++;
    else counts.read++;
    const wrong = spoiled.isLayout
      ? found?.texts.findIndex((text, i) => !isRefused(text) && text !== texts[i])
      : undefined;
    if (wrong !== undefined && wrong >= 0)
      throw new Error(`round ${round} misread "${texts[wrong]}" as "${found?.texts[wrong]}"`);
  }
  return counts;
};

/** The tables are handed out, too, so that they are there while memory is measured. */
const look = ({ data }: Spoiled, addresses: readonly number[]) => {
  let tables: GoTables | undefined;
  answer(() => {
    tables = goTablesIn(data, 'spoiled');
    return '';
  });
  const known = tables;
  return known === undefined ? null : { tables: known, texts: addresses.map((address) => framesText(known, address)) };
};
