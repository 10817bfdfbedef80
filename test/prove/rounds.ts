/** The frame of proofs that are asked for as `row=rounds`: a work folder, one row after the other, exit 1 where one went wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** @param prove returns how many of the rounds went wrong @param defaults the words where none are given */
export const proveRows = async <Name extends string>(
  rows: Readonly<Record<Name, unknown>>,
  defaults: readonly string[],
  prove: (work: string, name: Name, rounds: number) => Promise<number>,
): Promise<void> => {
  const isRow = (name: string): name is Name => Object.hasOwn(rows, name);
  const work = mkdtempSync(path.join(tmpdir(), 'pr-'));
  try {
    let wrong = 0;
    const words = process.argv.slice(2);
    for (const word of words.length > 0 ? words : defaults) {
      const [name = '', rounds = '1'] = word.split('=');
      if (!isRow(name)) throw new Error(`no row ${name}`);
      wrong += await prove(work, name, Number(rounds));
    }
    process.exitCode = wrong === 0 ? 0 : 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
