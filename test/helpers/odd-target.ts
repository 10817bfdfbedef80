/** Makes a copy of test/targets/odd that is hard to measure in one way, and dearer if asked. */
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** test/targets/odd/kinds.go. */
export const ODD_KINDS = ['tiny', 'slow', 'collected', 'background', 'grows', 'warms', 'moody'] as const;
export type OddKind = (typeof ODD_KINDS)[number];

export interface OddTarget {
  /** The copy's folder; must not exist. */
  readonly to: string;
  readonly kind: OddKind;
  /** Percent of its own work. */
  readonly more: number;
}

const SOURCE = path.resolve(import.meta.dirname, '../targets/odd');

export const makeOddTarget = async ({ to, kind, more }: OddTarget): Promise<void> => {
  await cp(SOURCE, to, { recursive: true, errorOnExist: true, force: false });
  await writeFile(path.join(to, 'kind.txt'), `${kind}\n`);
  await writeFile(path.join(to, 'more.txt'), `${more}\n`);
};
