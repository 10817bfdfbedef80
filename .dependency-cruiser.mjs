// The layers of docs/architecture.md as rules; each says why it exists.
/**
 * Module → what it may import besides itself, `model` and `errors.ts` (null: all below it), and why no more.
 *
 * @type {Readonly<Record<string, { readonly may: readonly string[] | null; readonly why: string }>>}
 */
const layers = {
  model: { may: [], why: 'what travels between modules drags nothing along' },
  units: { may: [], why: 'text of quantities knows no measuring' },
  process: { may: [], why: 'starting and stopping programs is the same for every program' },
  capture: { may: [], why: 'counters are read as they are; what they mean is metrics' },
  profile: { may: [], why: 'a profile is read and summed the same way whoever wrote it' },
  trace: { may: ['profile'], why: 'what a trace says follows from its bytes alone' },
  perf: { may: ['profile'], why: 'what perf sampled follows from its text alone' },
  stats: { may: [], why: 'statistics sees numbers and no metrics, so that tables of others can check it' },
  baseline: { may: [], why: 'stored runs are kept and found; what they say is compare' },
  publish: {
    may: [],
    why: 'what comes from a pull request is checked here, and nothing that measures is within its reach',
  },
  metrics: { may: ['units'], why: 'a metric is a table row and a reading; nothing is decided here' },
  scenario: { may: ['metrics', 'units'], why: 'a scenario can be read without a service, a clock or a machine' },
  source: { may: ['process'], why: 'git and folders; nothing about builds' },
  service: { may: ['process'], why: 'builds and starts what it is told; knows neither load nor measuring' },
  bundle: { may: ['service', 'source'], why: 'keeps what a side is linked from; links and starts nothing itself' },
  survey: { may: ['process'], why: 'what a source says, read without running it' },
  plant: { may: ['process'], why: 'a fault is written into source; whether it is found is not its business' },
  load: { may: ['process'], why: 'requests and time; runs as a process of its own and must load little' },
  exact: { may: ['process'], why: 'only counts; what counts say is compare' },
  compare: {
    may: ['metrics', 'profile', 'stats', 'units'],
    why: 'a verdict follows from the run alone, whenever and wherever it is asked',
  },
  report: { may: ['metrics', 'profile', 'units'], why: 'shows what was decided and cannot decide' },
  results: {
    may: ['baseline', 'compare', 'metrics', 'profile', 'report'],
    why: 'the one place that reads and writes the folder of a run, so that each profile is decoded once',
  },
  run: {
    may: [
      'capture',
      'compare',
      'exact',
      'load',
      'metrics',
      'perf',
      'plant',
      'process',
      'profile',
      'service',
      'source',
      'stats',
      'trace',
    ],
    why: 'conducts one scenario; knows no files of users, no reports, no command line',
  },
  measure: {
    may: [
      'baseline',
      'bundle',
      'capture',
      'compare',
      'load',
      'metrics',
      'process',
      'run',
      'scenario',
      'service',
      'source',
      'units',
    ],
    why: 'from files and revisions to a finished run; what is made of the run comes after',
  },
  bench: {
    may: ['process', 'report', 'run', 'service', 'source', 'stats', 'units'],
    why: 'benchmarks of two source trees, from builds to text; knows no files of users, no command line',
  },
  cli: { may: null, why: 'flags, files and exit codes: it calls every module, and only the Action calls it' },
  action: {
    may: ['cli', 'publish', 'report', 'results', 'units'],
    why: 'the Action does what the command line does, and what only a job has',
  },
};
const modules = Object.keys(layers).join('|');

const below = Object.keys(layers).filter((name) => name !== 'action');

/** Modules that write where users say. */
const makesFolders = ['service', 'run', 'baseline', 'bundle', 'results', 'cli'];

/** Modules that say which godyno it was. */
const namesVersion = ['bundle', 'measure', 'cli'];

const layerRules = Object.entries(layers).map(([name, { may, why }]) => ({
  name: `${name}-reaches-only-its-own`,
  comment: `${name}: ${why}. It may import ${['model', 'errors', ...(may ?? below)].join(', ')} (docs/architecture.md).`,
  severity: 'error',
  from: { path: `^harness/${name}/` },
  to: {
    path: '^harness/',
    pathNot: [
      `^harness/(${[name, 'model', ...(may ?? below)].join('|')})/`,
      '^harness/errors\\.ts$',
      ...(makesFolders.includes(name) ? ['^harness/folders\\.ts$'] : []),
      ...(namesVersion.includes(name) ? ['^harness/version\\.ts$'] : []),
    ],
  },
}));

/** Module → its wings → what each may import of the same module; '.' is the files beside the wings. */
const wings = {
  compare: {
    verdict: [],
    toolchain: ['verdict'],
    functions: ['toolchain', 'verdict'],
    counts: ['functions'],
    callers: ['counts', 'functions'],
    instructions: ['callers', 'counts', 'functions', 'verdict'],
    stored: ['.', 'counts', 'functions', 'instructions', 'toolchain', 'verdict'],
  },
  run: {
    session: [],
    launch: ['session'],
    counting: ['launch', 'session'],
  },
  bench: {
    judge: [],
    told: ['judge'],
    run: ['judge'],
  },
  report: {
    text: [],
    words: ['text'],
    render: ['words', 'text'],
    exports: ['render', 'words', 'text'],
    page: ['render'],
  },
  profile: {
    columns: [],
    format: ['columns'],
    costs: ['columns'],
    combine: ['costs', 'columns'],
  },
  load: {
    plan: [],
    answers: ['plan'],
    prepare: ['answers', 'plan'],
    traffic: ['answers', 'plan'],
  },
  service: {
    building: [],
    running: ['building'],
  },
  cli: {
    terminal: [],
    init: [],
    pprof: [],
    doctor: ['terminal'],
    prove: [],
    commands: ['doctor', 'init', 'pprof', 'prove', 'terminal'],
    syntax: ['commands'],
  },
};

const wingRules = Object.entries(wings).flatMap(([module, rooms]) =>
  Object.entries(rooms).map(([wing, targets]) => ({
    name: `${module}-${wing}-reaches-only-its-own`,
    comment: `Inside ${module} data flows one way, too: ${wing} may import ${targets.join(', ') || 'no other wing'}; what two wings need lies below both.`,
    severity: 'error',
    from: { path: `^harness/${module}/${wing}/` },
    to: {
      path: `^harness/${module}/`,
      pathNot: `^harness/${module}/(${[wing, ...targets.filter((t) => t !== '.')].join('|')})/${targets.includes('.') ? `|^harness/${module}/[^/]+$` : ''}`,
    },
  })),
);

const owner = (library, module) => ({
  name: `only-${module}-knows-${library}`,
  comment: `${library} has one owner, ${module}; its types stop at that door, so it can be replaced there.`,
  severity: 'error',
  from: { path: '^harness/', pathNot: `^harness/${module}/` },
  to: { path: `node_modules/${library}/` },
});

export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'A circle means two modules are one; draw the border elsewhere.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'one-door',
      comment: "A module's only door is its index.ts; what lies behind may change freely.",
      severity: 'error',
      from: { path: `^harness/(${modules})/` },
      to: {
        path: `^harness/(${modules})/.+`,
        pathNot: ['^harness/$1/', `^harness/(${modules})/index\\.ts$`],
      },
    },
    {
      name: 'pure-stays-pure',
      comment:
        'Pure modules take values and return values: no files, network, clock, processes. That is what makes a verdict repeatable.',
      severity: 'error',
      from: { path: '^harness/(model|units|scenario|profile|metrics|stats|compare|report)/' },
      to: {
        path: '^(node:)?(fs|fs/promises|net|http|https|child_process|os|dgram|tls|worker_threads|timers|timers/promises|process|cluster|dns)$',
      },
    },
    owner('autocannon', 'load'),
    owner('hdr-histogram-js', 'load'),
    owner('execa', 'process'),
    owner('protobufjs', 'profile'),
    owner('pako', 'profile'),
    owner('simple-statistics', 'stats'),
    owner('commander', 'cli'),
    owner('@commander-js/extra-typings', 'cli'),
    owner('listr2', 'cli'),
    owner('yaml', 'scenario'),
    owner('@octokit/core', 'publish'),
    owner('@actions/core', '(publish|action)'),
    owner('@actions/artifact', 'action'),
    owner('zod', '(scenario|publish)'),
    ...layerRules,
    ...wingRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
