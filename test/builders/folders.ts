/** Temporary folders with files in them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Path → text. */
type Files = Readonly<Record<string, string>>;

export const writeFiles = (folder: string, files: Files): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};

/** Makes folders with such a beginning of their names, and removes all of them at the end. */
export const foldersOf = (prefix: string) => {
  const made: string[] = [];
  return {
    makeFolder: (files: Files = {}): string => {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
      made.push(folder);
      writeFiles(folder, files);
      return folder;
    },
    removeFolders: (): void => {
      for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
    },
  };
};
