/** Commands that read what was measured, and profiles. Each loads on use. */
import { Option } from 'commander';
import { functionOrLabelFlag, requestCounts, rowsFlag } from '../commands/flags.ts';
import { type AddCommand, failOn, json, quiet } from './options.ts';

const EXPORTS = 'benchstat, bencher, benchmark-action, junit, csv, speedscope, folded, pprof, or all';

export const addCompare: AddCommand = (program, act) => {
  program
    .command('compare')
    .description('compare the head of one stored run or baseline with the head of another, or two pprof files')
    .argument('<before>', 'run.json, its folder, or a baseline; or a pprof file')
    .argument('<after>', 'run.json or its folder; or a pprof file')
    .option('-o, --out <dir>', 'write comparison.json and report.md there')
    .option('--baselines <dir>', 'folder with stored baselines', 'baselines')
    .option('--type <type>', 'pprof files: the sample type, such as alloc_space (default: pprof’s)')
    .option('--cum', 'pprof files: sort by cumulative cost, a function with all that it calls')
    .addOption(
      new Option('--by <what>', 'pprof files: what a row is: function, or label:KEY, such as label:tenant').argParser(
        functionOrLabelFlag,
      ),
    )
    .addOption(
      new Option(
        '--requests <n,m>',
        'pprof files: how many requests each one covers; costs are then shown per request',
      ).argParser(requestCounts),
    )
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(async (before, after, options) =>
      act(async () => (await import('../commands/compare.ts')).compareFiles(options, before, after)),
    );
};

export const addTop: AddCommand = (program, act) => {
  program
    .command('top')
    .description('list what the functions of a pprof file cost, as go tool pprof -top does')
    .argument('<file>', 'pprof file, gzip or plain; - reads standard input')
    .option('--type <type>', 'sample type, such as alloc_space (default: pprof’s)')
    .option('--cum', 'sort by cumulative cost, a function with all that it calls')
    .addOption(
      new Option('--by <what>', 'what a row is: function, line, package, or label:KEY, such as label:route')
        .argParser(rowsFlag)
        .default({ kind: 'function' }, 'function'),
    )
    .addOption(json('all rows'))
    .action(async (file, options) => act(async () => (await import('../commands/top.ts')).showTop(options, file)));
};

export const addReport: AddCommand = (program, act) => {
  program
    .command('report')
    .description('make the comparison and the reports of a finished run again')
    .argument('<dir>', 'output folder of a run')
    .option('--format <list>', 'also write exports, as godyno export does, into <dir>/exports')
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(async (dir, options) => act(async () => (await import('../commands/report.ts')).reportAgain(options, dir)));
};

export const addMerge: AddCommand = (program, act) => {
  program
    .command('merge')
    .description('make one comparison and one report of several runs of one commit, such as the jobs of a CI matrix')
    .argument('<dir...>', 'output folders of the parts, or folders that hold them')
    .option('-o, --out <dir>', 'folder for comparison.json and report.md (default: .godyno/<time>)')
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(async (dirs, options) =>
      act(async () => (await import('../commands/merge.ts')).mergeCommandLine(options, ...dirs)),
    );
};

export const addExport: AddCommand = (program, act) => {
  program
    .command('export')
    .description('write a finished run in the formats of other tools (needs --format); prints the paths')
    .argument('<dir>', 'output folder of a run')
    .usage('--format <list> [options] <dir>')
    .showHelpAfterError(`(formats: ${EXPORTS}; e.g. godyno export .godyno/latest -f benchstat)`)
    .requiredOption('-f, --format <list>', `required: ${EXPORTS}`)
    .option('-o, --out <dir>', 'folder for the files (default: <dir>/exports)')
    .action(async (dir, options) =>
      act(async () => (await import('../commands/export.ts')).exportCommandLine(options, dir)),
    );
};

export const addPgo: AddCommand = (program, act) => {
  program
    .command('pgo')
    .description(
      'merge the head’s CPU profiles of a run into a default.pgo, for profile-guided optimization by go build',
    )
    .argument('<dir>', 'output folder of a run')
    .option('--scenario <name>', 'only this scenario')
    .option('-o, --out <file>', 'file to write', 'default.pgo')
    .action(async (dir, options) => act(async () => (await import('../commands/pgo.ts')).writePgo(options, dir)));
};
