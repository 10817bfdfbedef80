/** Makes a copy of test/targets/bad that misbehaves in one way. */
import { cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What the service does wrong; test/targets/bad/handlers.go. */
export type BadMode =
  | 'ok'
  | 'exit-at-once'
  | 'never-listens'
  | 'never-ready'
  | 'listens-elsewhere'
  | 'fixed-port'
  | 'fixed-ports'
  | 'locked-file'
  | 'locked-machine'
  | 'shared-file'
  | 'background'
  | 'closes'
  | 'fails'
  | 'fails-sometimes'
  | 'panics'
  | 'crashes'
  | 'dies'
  | 'hangs'
  | 'slow'
  | 'grows'
  | 'accepts'
  | 'threads'
  | 'hurries'
  | 'strays'
  | 'does-not-compile';

export interface BadTarget {
  /** The copy's folder; must not exist. */
  readonly to: string;
  readonly mode: BadMode;
  /** The request, or every how many requests, at which it acts (100 when left out); the port for `fixed-port` and `fixed-ports`, a number in the lock's name for `locked-machine` and in the file's for `shared-file`, the CPU for `strays`. */
  readonly at?: number;
}

const SOURCE = path.resolve(import.meta.dirname, '../targets/bad');

export const makeBadTarget = async ({ to, mode, at }: BadTarget): Promise<void> => {
  await cp(SOURCE, to, { recursive: true, errorOnExist: true, force: false });
  if (mode === 'does-not-compile') {
    const [broken = ''] = (await readdir(SOURCE)).filter((file) => file.endsWith('.go.txt'));
    await cp(path.join(SOURCE, broken), path.join(to, path.basename(broken, '.txt')));
    return;
  }
  await writeFile(path.join(to, 'mode.txt'), at === undefined ? `${mode}\n` : `${mode} ${at}\n`);
};
