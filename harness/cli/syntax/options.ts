/**
 * Options that several commands share, and how a command says what it runs. Commander's types are those of
 * `@commander-js/extra-typings` (`paths` in tsconfig.json): a command's function gets the options that its flags give.
 */
import { type Command, Option } from 'commander';
import type { ExitCode } from '../../errors.ts';
import { durationFlag, verdictList, wholeNumber } from '../commands/flags.ts';

/** Runs a command that loads on use, and keeps the exit code it resolves to. */
export type Act = (command: () => Promise<ExitCode>) => Promise<void>;

/** Adds one command with its arguments and options to the program. */
export type AddCommand = (program: Command, act: Act) => void;

export const failOn = () =>
  new Option(
    '--fail-on <verdicts>',
    'verdicts that end with a non-zero exit code, of regressed, invalid, inconclusive, improved, unchanged; or "none"',
  )
    .argParser(verdictList)
    .default(['regressed', 'invalid'], 'regressed,invalid');

export const quiet = () => new Option('-q, --quiet', 'no progress on stderr, only the verdict');
export const json = (what: string) => new Option('--json', `print ${what} as JSON on stdout`);

export const seed = () =>
  new Option(
    '--seed <number>',
    'repeat the request schedule and code layouts of an earlier run; its report has the number',
  ).argParser(wholeNumber);

export const budget = (limits: string) => new Option('--budget <duration>', limits).argParser(durationFlag);

export const bundles = (what: string) => new Option('--bundles <dir>', what).default('.godyno/bundles');

export const exactMode = (what: string) =>
  new Option('--exact <mode>', what).choices(['auto', 'always', 'only', 'off'] as const);
