/** Options that several commands share, and how a command says what it runs. */
import { type Command, Option } from 'commander';
import type { ExitCode } from '../../errors.ts';
import { durationFlag, verdictList, wholeNumber } from '../flags.ts';

type Action = (options: Record<string, unknown>, ...rest: string[]) => Promise<ExitCode>;

/** Makes of a command's function, loaded on use, what Commander calls. */
export type Act = (load: () => Promise<Action>) => (...given: unknown[]) => Promise<void>;

/** Adds one command with its arguments and options to the program. */
export type AddCommand = (program: Command, act: Act) => void;

export const failOn = (): Option =>
  new Option(
    '--fail-on <verdicts>',
    'verdicts that end with a non-zero exit code, of regressed, invalid, inconclusive, improved, unchanged; or "none"',
  )
    .argParser(verdictList)
    .default(['regressed', 'invalid'], 'regressed,invalid');

export const quiet = (): Option => new Option('-q, --quiet', 'no progress on stderr, only the verdict');
export const json = (what: string): Option => new Option('--json', `print ${what} as JSON on stdout`);

export const seed = (): Option =>
  new Option(
    '--seed <number>',
    'repeat the request schedule and code layouts of an earlier run; its report has the number',
  ).argParser(wholeNumber);

export const budget = (limits: string): Option => new Option('--budget <duration>', limits).argParser(durationFlag);
