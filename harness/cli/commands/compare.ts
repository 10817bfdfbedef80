/** `godyno compare`: two stored runs, or two pprof files. What either needs is loaded when it is known which. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type ExitCode, UsageError } from '../../errors.ts';
import type { CompareProfilesOptions } from '../pprof/compare-profiles.ts';
import type { CompareStoredOptions } from './compare-stored.ts';
import { openPprof, STDIN } from '../pprof/file.ts';

/** First byte of a JSON file, whatever space stands before it. */
const JSON_START = /^\s*[{[]/;
const FIRST_BYTES = 64;

/** A file that is no JSON is taken for a profile; folders, names of baselines and what is not there are not. */
const isProfile = (word: string): boolean => {
  if (word === STDIN) return true;
  try {
    const file = openSync(word, 'r');
    try {
      const start = Buffer.alloc(FIRST_BYTES);
      return !JSON_START.test(start.toString('latin1', 0, readSync(file, start)));
    } finally {
      closeSync(file);
    }
  } catch {
    // Whoever opens it by its meaning says what is wrong with it.
    return false;
  }
};

/** What only one of the two kinds understands, said instead of ignored. */
const refuse = (what: string): never => {
  throw new UsageError('COMPARE_MIXED', what, 'Give two run.json (or folders, or baselines), or two pprof files.');
};

type CompareOptions = CompareStoredOptions & CompareProfilesOptions;

export const compareFiles = async (options: CompareOptions, before: string, after: string): Promise<ExitCode> => {
  const [first, second] = [isProfile(before), isProfile(after)];
  if (first !== second) {
    const [profile, other] = first ? [before, after] : [after, before];
    // A mistyped path is told as such.
    if (!existsSync(other)) openPprof(other);
    return refuse(`${profile} is taken for a pprof file, ${other} is none`);
  }
  if (first) {
    if (options.out !== undefined) refuse('--out is for runs: pprof files leave no report');
    const { compareProfiles } = await import('../pprof/compare-profiles.ts');
    return compareProfiles(before, after, options);
  }
  const only = (['requests', 'type', 'cum', 'by'] as const).find((option) => options[option] !== undefined);
  if (only !== undefined) refuse(`--${only} is for pprof files`);
  const { compareRuns } = await import('./compare-stored.ts');
  return compareRuns(before, after, options);
};
