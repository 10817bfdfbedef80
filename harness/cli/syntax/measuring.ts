/** Commands that measure. Each loads on use. */
import { Option } from 'commander';
import { durationFlag, sizeFlag, wholeNumber } from '../commands/flags.ts';
import { type AddCommand, budget, bundles, exactMode, failOn, json, quiet, seed } from './options.ts';

export const addRun: AddCommand = (program, act) => {
  program
    .command('run')
    .description('build base and head, measure them side by side, compare and report')
    .argument('[scenario...]', 'scenario files (default: scenarios/*.yml)')
    .option(
      '--base <ref|folder|baseline>',
      'what to compare with (default: the base of the pull request, else the merge-base with the default branch)',
    )
    .option('--head <ref|folder>', 'what to judge (default: the working tree with its uncommitted changes)')
    .option(
      '--base-required',
      'with --base baseline: fail (exit code 2) when its commit cannot be built again, or linked again from its bundle, instead of comparing stored figures',
    )
    .option(
      '--base-go <release|path>',
      'the Go that builds the base, e.g. 1.26.8 (default: the scenario’s, else the one on PATH)',
    )
    .option(
      '--head-go <release|path>',
      'the Go that builds the head; with --base HEAD the same commit is built with both',
    )
    .option('-o, --out <dir>', 'folder for the results (default: .godyno/<time>)')
    .addOption(
      budget(
        'longest time for all scenarios together, builds excluded, e.g. 3m (default: each scenario’s measure.budget, 2m)',
      ),
    )
    .addOption(
      exactMode(
        'count the instructions of a request: auto (where possible and useful), always (an error where impossible), only (measure nothing else), off (default: the scenario’s measure.exact)',
      ),
    )
    .addOption(seed())
    .option('--baselines <dir>', 'folder with stored baselines', 'baselines')
    .addOption(bundles('folder with the bundles of baselines'))
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(async (words, options) =>
      act(async () => (await import('../commands/run.ts')).runCommandLine(options, ...words)),
    );
};

export const addBench: AddCommand = (program, act) => {
  program
    .command('bench')
    .description('judge the Go benchmarks of base and head: build both, run them side by side, compare and report')
    .argument('[packages...]', 'packages, as for go test (default: ./...)')
    .option(
      '--base <ref|folder>',
      'what to compare with (default: the base of the pull request, else the merge-base with the default branch)',
    )
    .option('--head <ref|folder>', 'what to judge (default: the working tree with its uncommitted changes)')
    .option('--run <regexp>', 'benchmarks to run, as for go test -bench: top-level, then /sub-benchmarks', '.')
    .option('--build-flag <flag...>', 'flags of go test that change what is built, e.g. --build-flag=-tags=integration')
    .addOption(
      new Option(
        '--cpu <n>',
        'CPUs for benchmarks that call b.RunParallel; from 2 on their wall clock is judged, with wider limits',
      )
        .argParser(wholeNumber)
        .default(1),
    )
    .option('-o, --out <dir>', 'folder for the results (default: .godyno/<time>)')
    .addOption(
      new Option('--budget <duration>', 'longest time for all benchmarks together, builds excluded')
        .argParser(durationFlag)
        .default({ text: '3m', seconds: 180 }, '3m'),
    )
    .addOption(seed())
    .addOption(failOn())
    .addOption(json('the comparison'))
    .addOption(quiet())
    .action(async (packages, options) =>
      act(async () => (await import('../commands/bench.ts')).benchCommandLine(options, ...packages)),
    );
};

export const addBaseline: AddCommand = (program, act) => {
  const baseline = program
    .command('baseline')
    .helpCommand(false)
    .description('store measurements of a commit, for when it cannot be built again; list and show them');
  baseline
    .command('record')
    .description('measure a commit against itself and store the run as a baseline, for godyno run --base baseline')
    .argument('[scenario...]', 'scenario files (default: scenarios/*.yml)')
    .option('--head <ref|folder>', 'what to record (default: the working tree)')
    .option('-o, --out <dir>', 'folder for the results of the measurement (default: .godyno/<time>)')
    .addOption(budget('longest time for all scenarios together, builds excluded (default: their measure.budget)'))
    .addOption(
      exactMode(
        'count its instructions, too, to be compared with on any machine: auto (where possible), always (an error where impossible), off (default: the scenario’s measure.exact; only is taken as always)',
      ),
    )
    .addOption(seed())
    .option('--baselines <dir>', 'folder to store it in', 'baselines')
    .addOption(bundles('folder to store its bundle in, what its service is linked and started from again'))
    .addOption(
      new Option('--keep <n>', 'how many to keep per scenario and kind of machine').argParser(wholeNumber).default(5),
    )
    .addOption(
      new Option('--bundles-limit <size>', 'most that the folder of bundles may hold; its oldest go first')
        .argParser(sizeFlag)
        .default(2 ** 30, '1GiB'),
    )
    .addOption(
      new Option(
        '--again',
        'add a session to the baseline that there is, on another day: how far its functions differ between days is then measured',
      ),
    )
    .addOption(quiet())
    .action(async (words, options) =>
      act(async () => (await import('../commands/baseline.ts')).recordBaseline(options, ...words)),
    );
  baseline
    .command('verify')
    .description('link and start stored baselines from their bundles, and ask each request once')
    .argument('[scenario...]', 'scenario files (default: scenarios/*.yml)')
    .option('--baselines <dir>', 'folder with stored baselines', 'baselines')
    .addOption(bundles('folder with the bundles of baselines'))
    .addOption(quiet())
    .action(async (words, options) =>
      act(async () => (await import('../commands/baseline.ts')).verifyBaselines(options, ...words)),
    );
  baseline
    .command('list')
    .description('list stored baselines')
    .option('--baselines <dir>', 'folder with stored baselines', 'baselines')
    .addOption(bundles('folder with the bundles of baselines'))
    .addOption(json('the list'))
    .action(async (options) => act(async () => (await import('../commands/baseline.ts')).showBaselines(options)));
  baseline
    .command('show')
    .description('show one stored baseline')
    .argument('<baseline>', 'its folder, its commit, or the name of a scenario (its newest)')
    .option('--baselines <dir>', 'folder with stored baselines', 'baselines')
    .addOption(bundles('folder with the bundles of baselines'))
    .addOption(json('the baseline'))
    .action(async (word, options) =>
      act(async () => (await import('../commands/baseline.ts')).showBaseline(options, word)),
    );
};

export const addProve: AddCommand = (program, act) => {
  program
    .command('prove')
    .description(
      'plant known slowdowns into a copy of the service, to check that the gates catch them and the report names them',
    )
    .argument('[scenario...]', 'scenario files (default: scenarios/*.yml)')
    .option(
      '--faults <list>',
      'of cpu, alloc, lock, sleep, block, leak-heap, leak-goroutine, leak (both leaks)',
      'cpu,alloc,lock,sleep,leak',
    )
    .option(
      '--size <sizes>',
      'how large, e.g. 3% or cpu=3%,sleep=2ms,leak-heap=1 (one in 100 requests) (default: twice the limits)',
    )
    .option(
      '--function <name>',
      'function to plant into, as a profile names it (default: the most expensive one of your own)',
    )
    .option('--head <ref|folder>', 'what to plant into (default: the working tree)')
    .option('-o, --out <dir>', 'folder for the results (default: .godyno/<time>)')
    .addOption(budget('longest time for all faults together, builds excluded'))
    .addOption(seed())
    .addOption(json('what was caught'))
    .addOption(quiet())
    .action(async (words, options) => act(async () => (await import('../commands/prove.ts')).prove(options, ...words)));
};

export const addCalibrate: AddCommand = (program, act) => {
  program
    .command('calibrate')
    .description('measure the scenario against itself and store how small a change this kind of machine can detect')
    .argument('[scenario...]', 'scenario files (default: scenarios/*.yml)')
    .option('--head <ref|folder>', 'what to measure (default: the working tree)')
    .option('-o, --out <dir>', 'folder for the results of the measurement (default: .godyno/<time>)')
    .addOption(budget('longest time for all scenarios together, builds excluded (default: 1.5 × their measure.budget)'))
    .option('--baselines <dir>', 'folder to store it in', 'baselines')
    .addOption(seed())
    .addOption(json('the noise'))
    .addOption(quiet())
    .action(async (words, options) =>
      act(async () => (await import('../commands/calibrate.ts')).calibrate(options, ...words)),
    );
};

export const addOverhead: AddCommand = (program, act) => {
  program
    .command('overhead')
    .description('measure what each profiler, alone, costs a request of the service: CPU, latency and memory')
    .argument('[scenario...]', 'scenario files (default: scenarios/*.yml)')
    .option('--head <ref|folder>', 'what to measure (default: the working tree)')
    .option('-o, --out <dir>', 'folder for the results of the measurement (default: .godyno/<time>)')
    .addOption(budget('longest time for all profilers together, builds excluded (default: 25s for each)'))
    .addOption(seed())
    .addOption(json('the costs'))
    .addOption(quiet())
    .action(async (words, options) =>
      act(async () => (await import('../commands/overhead.ts')).overhead(options, ...words)),
    );
};
