/**
 * The command line. It knows flags, files and exit codes; it conducts the modules and decides nothing itself.
 * Commands load on use, so `godyno --help` answers at once.
 */
import { Command, CommanderError } from 'commander';
import { EXIT, type ExitCode } from '../errors.ts';
import { reportFailure } from './terminal/failure.ts';
import { addBaseline, addBench, addCalibrate, addOverhead, addProve, addRun } from './syntax/measuring.ts';
import { addPublish } from './syntax/publishing.ts';
import { addCompare, addExport, addMerge, addPgo, addReport, addTop } from './syntax/reading.ts';
import { addDoctor, addInit } from './syntax/setting-up.ts';
import type { Act, AddCommand } from './syntax/options.ts';
import { godynoVersion } from '../version.ts';

const EPILOGUE = `
Exit codes: 0 nothing that fails · 1 regressed · 2 usage or configuration · 3 invalid measurement
            4 inconclusive, when asked with --fail-on · 5 build or start failed
            70 internal error of godyno, please report it · 130 interrupted

First time: godyno init            writes a scenario, godyno’s description of your service and its requests
            godyno doctor          what this machine can measure; builds, starts and tries the service once
            godyno run             compares your working tree with where it left the default branch
            godyno COMMAND --help  the options of one command`;

/** Runs the command line; resolves to the exit code and never rejects. */
export const main = async (argv: readonly string[]): Promise<ExitCode> => {
  let exitCode: ExitCode = EXIT.ok;
  const act: Act = async (command) => {
    exitCode = await command();
  };

  const program = buildProgram(act);
  try {
    await program.parseAsync(asWrittenForGo(argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportFailure(error);
  }
};

/** Whoever knows `go test -bench Encode` writes one dash. */
const asWrittenForGo = (argv: readonly string[]): string[] =>
  argv[0] === 'bench' ? argv.map((word) => word.replace(/^-{1,2}(?:run|bench)(?==|$)/, '--run')) : [...argv];

/** Throws {@link CommanderError}. */
const refuseCommand = async (program: Command, word: string): Promise<never> => {
  const { suggestion } = await import('../scenario/index.ts');
  const known = program.commands.map((command) => command.name());
  return program.error(`error: there is no command ${word}${suggestion(word, known)}`);
};

/** In the order in which `--help` lists them. */
const COMMANDS: readonly AddCommand[] = [
  addInit,
  addRun,
  addBench,
  addBaseline,
  addCompare,
  addTop,
  addReport,
  addProve,
  addCalibrate,
  addOverhead,
  addDoctor,
  addPublish,
  addMerge,
  addExport,
  addPgo,
];

const buildProgram = (act: Act): Command => {
  const program = new Command('godyno')
    .description('Tells whether a change made a Go service slower, by how much, and which function did it.')
    .version(godynoVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError('(run the command with --help to see what it takes)')
    .exitOverride()
    .addHelpText('after', EPILOGUE);
  // Commander would call a command that is not there one argument too many.
  program
    .argument('[command]')
    .usage('[options] [command]')
    .action(async (word) => {
      if (word !== undefined) await refuseCommand(program, word);
      program.outputHelp();
    });

  for (const add of COMMANDS) add(program, act);
  for (const command of program.commands) command.helpOption('-h, --help', 'print help');
  return program;
};
