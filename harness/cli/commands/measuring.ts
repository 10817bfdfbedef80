/** Commands that measure. Each loads on use. */
import { Option } from 'commander';
import { wholeNumber } from '../flags.ts';
import { type AddCommand, budget, failOn, json, quiet, seed } from './options.ts';

export const addRun: AddCommand = (program, act) => {
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
    .addOption(
      budget(
        'longest time for all scenarios together, builds excluded, e.g. 3m; each scenario’s measure.budget (2m) when left out',
      ),
    )
    .addOption(
      new Option(
        '--exact <mode>',
        'count instructions: auto where it can run and helps, always or fail, only that, off; the scenario’s when left out',
      ).choices(['auto', 'always', 'only', 'off']),
    )
    .addOption(seed())
    .option('--baselines <dir>', 'where stored baselines lie', 'baselines')
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(act(async () => (await import('../run.ts')).runCommandLine));
};

export const addBaseline: AddCommand = (program, act) => {
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
    .addOption(budget('longest time for all scenarios together, builds excluded; their measure.budget when left out'))
    .addOption(seed())
    .option('--baselines <dir>', 'where to store', 'baselines')
    .addOption(
      new Option('--keep <n>', 'how many to keep per scenario and kind of machine').argParser(wholeNumber).default(5),
    )
    .addOption(quiet())
    .action(act(async () => (await import('../baseline.ts')).recordBaseline));
  baseline
    .command('list')
    .description('list stored baselines')
    .option('--baselines <dir>', 'where they lie', 'baselines')
    .addOption(json('the list'))
    .action(act(async () => (await import('../baseline.ts')).showBaselines));
  baseline
    .command('show')
    .description('show one stored baseline')
    .argument('<baseline>', 'its folder, its commit, or a scenario for its newest')
    .option('--baselines <dir>', 'where they lie', 'baselines')
    .addOption(json('the baseline'))
    .action(act(async () => (await import('../baseline.ts')).showBaseline));
};

export const addProve: AddCommand = (program, act) => {
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
    .addOption(budget('longest time for all faults together, builds excluded'))
    .addOption(seed())
    .addOption(json('what was caught'))
    .addOption(quiet())
    .action(act(async () => (await import('../prove.ts')).prove));
};

export const addCalibrate: AddCommand = (program, act) => {
  program
    .command('calibrate')
    .description('measure the scenario against itself and store how small a change this kind of machine can see')
    .argument('[scenario...]', 'scenario files; scenarios/*.yml when left out')
    .option('--head <ref|folder>', 'what to measure; the working tree when left out')
    .option('-o, --out <dir>', 'where the results of the measurement go; .godyno/<time> when left out')
    .addOption(
      budget('longest time for all scenarios together, builds excluded; 1.5 × their measure.budget when left out'),
    )
    .option('--baselines <dir>', 'where to store', 'baselines')
    .addOption(seed())
    .addOption(json('the noise'))
    .addOption(quiet())
    .action(act(async () => (await import('../calibrate.ts')).calibrate));
};
