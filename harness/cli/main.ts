/**
 * The command line. It knows flags, files and exit codes; it conducts the modules and decides nothing itself.
 * Commands load on use, so `godyno --help` answers at once.
 */
import { Command, CommanderError, Option } from 'commander';
import { EXIT, type ExitCode } from '../errors.ts';
import { reportFailure } from './terminal/failure.ts';
import { durationFlag, ownerAndName, requestCounts, rowsFlag, verdictList, webAddress, wholeNumber } from './flags.ts';
import { godynoVersion } from '../version.ts';

type Action = (options: Record<string, unknown>, ...rest: string[]) => Promise<ExitCode>;

const failOn = (): Option =>
  new Option(
    '--fail-on <verdicts>',
    'verdicts that end with a non-zero exit code, of regressed, invalid, inconclusive, improved, unchanged; or "none"',
  )
    .argParser(verdictList)
    .default(['regressed', 'invalid'], 'regressed,invalid');

const quiet = (): Option => new Option('-q, --quiet', 'no progress on stderr, only the verdict');
const json = (what: string): Option => new Option('--json', `print ${what} as JSON on stdout`);

const EXPORTS = 'benchstat, bencher, benchmark-action, junit, csv, speedscope, folded, pprof, or all';

const EPILOGUE = `
Exit codes: 0 nothing that fails · 1 regressed · 2 usage or configuration · 3 invalid measurement
            4 inconclusive, when asked with --fail-on · 5 build or start failed
            70 an internal error of godyno, to be reported · 130 interrupted

First time: godyno init            writes a scenario, godyno’s description of your service and its requests
            godyno doctor          what this machine can measure; builds, starts and asks the service once
            godyno run             compares your working tree with where it left the default branch
            godyno COMMAND --help  the options of one command`;

/** Runs the command line; resolves to the exit code and never rejects. */
export const main = async (argv: readonly string[]): Promise<ExitCode> => {
  let exitCode: ExitCode = EXIT.ok;
  const act =
    (load: () => Promise<Action>) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command;
      const options = command.optsWithGlobals<Record<string, unknown>>();
      const action = await load();
      exitCode = await action(
        options,
        ...(command.processedArgs.flat().filter((word) => word !== undefined) as string[]),
      );
    };

  const program = buildProgram(act);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportFailure(error);
  }
};

/** Throws {@link CommanderError}. */
const refuseCommand = async (program: Command, word: string): Promise<never> => {
  const { suggestion } = await import('../scenario/index.ts');
  const known = program.commands.map((command) => command.name());
  return program.error(`error: there is no command ${word}${suggestion(word, known)}`);
};

const buildProgram = (act: (load: () => Promise<Action>) => (...given: unknown[]) => Promise<void>): Command => {
  const program = new Command('godyno')
    .description('Tells whether a change made a Go service slower, by how much, and which function did it.')
    .version(godynoVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError('(run the command with --help to see what it takes)')
    .exitOverride()
    .addHelpText('after', EPILOGUE)
    // Commander would call a command that is not there one argument too many.
    .argument('[command]')
    .usage('[options] [command]')
    .action(async (word: string | undefined) => {
      if (word !== undefined) await refuseCommand(program, word);
      program.outputHelp();
    });

  program
    .command('init')
    .description('find the service here, try it in a copy, write scenarios/NAME.yml and the GitHub workflows')
    .option('-y, --yes', 'take what is proposed, ask nothing (needed without a terminal)')
    .option('--package <path>', 'the main package, e.g. ./cmd/server; found when left out')
    .option('--module <dir>', 'the folder with go.mod; found when left out')
    .option('--action <owner/name@ref>', 'write workflows that use this GitHub Action instead of npx')
    .option('--no-try', 'do not build and start the service: routes are proposed unseen')
    .option('--force', 'replace files that exist')
    .action(act(async () => (await import('./init.ts')).initialise));

  program
    .command('run')
    .description('build base and head, measure them side by side, compare and report')
    .argument('[scenario...]', 'scenario files; scenarios/*.yml when left out')
    .option(
      '--base <ref|folder|baseline>',
      'what to compare with; when left out the base of the pull request, else the merge-base with the default branch',
    )
    .option('--head <ref|folder>', 'what to judge; the working tree with its uncommitted changes when left out')
    .option(
      '--base-required',
      'with --base baseline: exit 2 when its commit cannot be built again, instead of comparing stored figures',
    )
    .option(
      '--base-go <release|path>',
      'the Go that builds the base, e.g. 1.26.8; the scenario’s, or your own, when left out',
    )
    .option(
      '--head-go <release|path>',
      'the Go that builds the head, likewise; with --base HEAD the same commit is built with both',
    )
    .option('-o, --out <dir>', 'where the results go; .godyno/<time> when left out')
    .option(
      '--budget <duration>',
      'longest time for all scenarios together, builds excluded, e.g. 3m; each scenario’s measure.budget (2m) when left out',
      durationFlag,
    )
    .addOption(
      new Option(
        '--exact <mode>',
        'count instructions: auto where it can run and helps, always or fail, only that, off; the scenario’s when left out',
      ).choices(['auto', 'always', 'only', 'off']),
    )
    .addOption(
      new Option(
        '--seed <number>',
        'repeat the request schedule and code layouts of an earlier run; its report has the number',
      ).argParser(wholeNumber),
    )
    .option('--baselines <dir>', 'where stored baselines lie', 'baselines')
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(act(async () => (await import('./run.ts')).runCommandLine));

  const baseline = program
    .command('baseline')
    .helpCommand(false)
    .description('record a commit, for a base that cannot be built later; list and show what is stored');
  baseline
    .command('record')
    .description('measure a commit against itself and store the run as a baseline, for godyno run --base baseline')
    .argument('[scenario...]', 'scenario files; scenarios/*.yml when left out')
    .option('--head <ref|folder>', 'what to record; the working tree when left out')
    .option('-o, --out <dir>', 'where the results of the measurement go; .godyno/<time> when left out')
    .option(
      '--budget <duration>',
      'longest time for all scenarios together, builds excluded; their measure.budget when left out',
      durationFlag,
    )
    .addOption(
      new Option(
        '--seed <number>',
        'repeat the request schedule and code layouts of an earlier run; its report has the number',
      ).argParser(wholeNumber),
    )
    .option('--baselines <dir>', 'where to store', 'baselines')
    .addOption(
      new Option('--keep <n>', 'how many to keep per scenario and kind of machine').argParser(wholeNumber).default(5),
    )
    .addOption(quiet())
    .action(act(async () => (await import('./baseline.ts')).recordBaseline));
  baseline
    .command('list')
    .description('list stored baselines')
    .option('--baselines <dir>', 'where they lie', 'baselines')
    .addOption(json('the list'))
    .action(act(async () => (await import('./baseline.ts')).showBaselines));
  baseline
    .command('show')
    .description('show one stored baseline')
    .argument('<baseline>', 'its folder, its commit, or a scenario for its newest')
    .option('--baselines <dir>', 'where they lie', 'baselines')
    .addOption(json('the baseline'))
    .action(act(async () => (await import('./baseline.ts')).showBaseline));

  program
    .command('compare')
    .description('compare the head of one stored run or baseline with the head of another, or two pprof files')
    .argument('<before>', 'run.json, its folder, or a baseline; or a pprof file')
    .argument('<after>', 'run.json or its folder; or a pprof file')
    .option('-o, --out <dir>', 'write comparison.json and report.md there')
    .option('--baselines <dir>', 'where stored baselines lie', 'baselines')
    .option('--type <type>', 'pprof files: the sample type, such as alloc_space; pprof’s default when left out')
    .option('--cum', 'pprof files: sort by cumulative cost, a function with all that it calls')
    .addOption(
      new Option(
        '--requests <n,m>',
        'pprof files: how many requests each one covers; costs are then shown per request',
      ).argParser(requestCounts),
    )
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(act(async () => (await import('./compare.ts')).compareFiles));

  program
    .command('top')
    .description('list what the functions of a pprof file cost, as go tool pprof -top does')
    .argument('<file>', 'pprof file, gzip or plain; - reads standard input')
    .option('--type <type>', 'sample type, such as alloc_space; pprof’s default when left out')
    .option('--cum', 'sort by cumulative cost, a function with all that it calls')
    .addOption(
      new Option('--by <what>', 'what a row is: function, line, package, or label:KEY, such as label:route')
        .argParser(rowsFlag)
        .default({ kind: 'function' }, 'function'),
    )
    .addOption(json('all rows'))
    .action(act(async () => (await import('./top.ts')).showTop));

  program
    .command('report')
    .description('make the comparison and the reports of a finished run again')
    .argument('<dir>', 'output folder of a run')
    .option('--format <list>', 'also write exports, as godyno export does, into <dir>/exports')
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(act(async () => (await import('./report.ts')).reportAgain));

  program
    .command('prove')
    .description(
      'plant known slowdowns into a copy of the service, to see that gates catch them and the report names them',
    )
    .argument('[scenario...]', 'scenario files; scenarios/*.yml when left out')
    .option(
      '--faults <list>',
      'of cpu, alloc, lock, sleep, block, leak-heap, leak-goroutine, leak (both leaks)',
      'cpu,alloc,lock,sleep,leak',
    )
    .option(
      '--size <sizes>',
      'how large, e.g. 3% or cpu=3%,sleep=2ms,leak-heap=1 (one in 100 requests); twice the limits when left out',
    )
    .option(
      '--function <name>',
      'where to plant, as a profile names it; the most expensive function of your own when left out',
    )
    .option('--head <ref|folder>', 'what to plant into; the working tree when left out')
    .option('-o, --out <dir>', 'where the results go; .godyno/<time> when left out')
    .option('--budget <duration>', 'longest time for all faults together, builds excluded', durationFlag)
    .addOption(
      new Option(
        '--seed <number>',
        'repeat the request schedule and code layouts of an earlier run; its report has the number',
      ).argParser(wholeNumber),
    )
    .addOption(json('what was caught'))
    .addOption(quiet())
    .action(act(async () => (await import('./prove.ts')).prove));

  program
    .command('calibrate')
    .description('measure the scenario against itself and store how small a change this kind of machine can see')
    .argument('[scenario...]', 'scenario files; scenarios/*.yml when left out')
    .option('--head <ref|folder>', 'what to measure; the working tree when left out')
    .option('-o, --out <dir>', 'where the results of the measurement go; .godyno/<time> when left out')
    .option(
      '--budget <duration>',
      'longest time for all scenarios together, builds excluded; 1.5 × their measure.budget when left out',
      durationFlag,
    )
    .option('--baselines <dir>', 'where to store', 'baselines')
    .addOption(
      new Option(
        '--seed <number>',
        'repeat the request schedule and code layouts of an earlier run; its report has the number',
      ).argParser(wholeNumber),
    )
    .addOption(json('the noise'))
    .addOption(quiet())
    .action(act(async () => (await import('./calibrate.ts')).calibrate));

  program
    .command('doctor')
    .description(
      'check this machine, then build, start and ask the service as run does; says what is missing and what to do',
    )
    .argument('[scenario...]', 'scenario files whose target to try; scenarios/*.yml when left out')
    .option('--base <ref|folder>', 'what to compare with; where the head left the default branch when left out')
    .option('--head <ref|folder>', 'what to try; the working tree when left out')
    .addOption(json('the checks'))
    .action(act(async () => (await import('./doctor.ts')).examine));

  program
    .command('publish')
    .description('write the report to the pull request: one comment, the job summary, a check run')
    .argument('[dir]', 'output folder of a run, or a folder of several; the artifacts of --run-id when left out')
    .option('--repository <owner/name>', 'where the pull request is; GITHUB_REPOSITORY when left out', ownerAndName)
    .addOption(
      new Option(
        '--pull-request <number>',
        'which one; the one that GitHub’s event and the artifact name when left out',
      ).argParser(wholeNumber),
    )
    .addOption(
      new Option('--run-id <id>', 'workflow run that measured; the one of the event when left out').argParser(
        wholeNumber,
      ),
    )
    .option('--artifact <name>', 'how the names of its artifacts begin', 'godyno')
    .addOption(
      new Option('--comment <mode>', 'when to comment; on-change: no new comment for "unchanged"')
        .choices(['always', 'on-change', 'never'])
        .default('always'),
    )
    .option('--comment-author <login>', 'login that writes godyno’s comments; the token’s owner when left out')
    .option('--check-run', 'also write a check run: failure as in --fail-on, neutral when not decided')
    .option('--report-url <url>', 'address of the page to link, when a folder is published', webAddress)
    .option('--dry-run', 'print the comment on stdout, send nothing')
    .addOption(failOn())
    .action(act(async () => (await import('./publish.ts')).publishCommandLine));

  program
    .command('merge')
    .description('make one comparison and one report of several runs of one commit, such as the jobs of a CI matrix')
    .argument('<dir...>', 'output folders of the parts, or folders that hold them')
    .option('-o, --out <dir>', 'where comparison.json and report.md go; .godyno/<time> when left out')
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(act(async () => (await import('./merge.ts')).mergeCommandLine));

  program
    .command('export')
    .description('write a finished run in the formats of other tools; needs --format; prints the paths')
    .argument('<dir>', 'output folder of a run')
    .usage('--format <list> [options] <dir>')
    .showHelpAfterError(`(formats: ${EXPORTS}; e.g. godyno export .godyno/latest -f benchstat)`)
    .requiredOption('-f, --format <list>', `required: ${EXPORTS}`)
    .option('-o, --out <dir>', 'where the files go; <dir>/exports when left out')
    .action(act(async () => (await import('./export.ts')).exportCommandLine));

  program
    .command('pgo')
    .description(
      'merge the head’s CPU profiles of a run into a default.pgo, for profile-guided optimization by go build',
    )
    .argument('<dir>', 'output folder of a run')
    .option('--scenario <name>', 'only this scenario')
    .option('-o, --out <file>', 'where the profile goes', 'default.pgo')
    .action(act(async () => (await import('./pgo.ts')).writePgo));

  for (const command of program.commands) command.helpOption('-h, --help', 'print help');
  return program;
};
