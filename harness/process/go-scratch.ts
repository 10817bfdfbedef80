/** Where `go` keeps what it needs while it works. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { ProcessEnv } from './program.ts';

let folder: string | null = null;

const removeFolder = (): void => {
  try {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  } catch {
    // Whoever still writes into it has been ended; there is no time left to wait for that.
  }
};

const scratchFolder = (): string => {
  if (folder === null) process.on('exit', removeFolder);
  if (folder === null || !existsSync(folder)) folder = mkdtempSync(join(tmpdir(), 'gd-go-'));
  return folder;
};

/**
 * A `go` command that is ended by a signal leaves its scratch folder behind, so that of each lies in a folder that goes
 * when we do. Nothing for other programs, and where GOTMPDIR is set already.
 */
export const goScratch = (file: string, env: ProcessEnv): ProcessEnv => {
  const isSet = (env['GOTMPDIR'] ?? process.env['GOTMPDIR'] ?? '') !== '';
  return basename(file) !== 'go' || isSet ? {} : { GOTMPDIR: scratchFolder() };
};
