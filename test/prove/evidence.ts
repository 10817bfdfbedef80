/**
 * Evidence of proofs: one JSON line per comparison under docs/evidence, appended as it ends, so that an interrupted
 * campaign keeps what it has and a later one adds to it; tables are made from all lines.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { clopperPearson } from '../../harness/stats/index.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'docs/evidence');

export interface EvidenceRow {
  /** Day, ISO. */
  readonly date: string;
  /** Commit of godyno, abbreviated; with "+" where the tree was edited. */
  readonly godyno: string;
  /** CPUs and their model. */
  readonly machine: string;
}

const commit = (): string => {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', [...args], { cwd: root, encoding: 'utf8' }).trim();
  try {
    const edited = git('status', '--porcelain', '--', 'harness') === '' ? '' : '+';
    return `${git('rev-parse', '--short', 'HEAD')}${edited}`;
  } catch {
    return 'unknown';
  }
};

/** Appends to docs/evidence/<name>.jsonl, with day, commit and machine in front. */
export const evidenceFile = <Row extends object>(name: string) => {
  const file = path.join(folder, `${name}.jsonl`);
  const [first] = cpus();
  const machine = `${cpus().length} x ${first?.model.trim() ?? 'unknown CPU'}`;
  const godyno = commit();
  return {
    append: (row: Row): void => {
      mkdirSync(folder, { recursive: true });
      const date = new Date().toISOString().slice(0, 10);
      appendFileSync(file, `${JSON.stringify({ date, godyno, machine, ...row })}\n`);
    },
    rows: (): readonly (EvidenceRow & Row)[] =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as EvidenceRow & Row)
        : [],
  };
};

/** "29 of 30 (83…100 %)", Clopper-Pearson at 95 %. */
export const rate = (hits: number, of: number): string => {
  if (of === 0) return '–';
  const [low, high] = clopperPearson(hits, of, 0.95);
  return `${hits} of ${of} (${(100 * low).toFixed(0)}…${(100 * high).toFixed(0)} %)`;
};
