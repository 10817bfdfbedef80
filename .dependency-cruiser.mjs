// The layers of docs/architecture.md as rules; each says why it exists.
const modules =
  'model|units|scenario|process|source|service|survey|plant|load|exact|capture|profile|metrics|stats|run|baseline|compare|report|results|publish|measure|cli|action';

/** What each module may import besides itself, `model`, `errors.ts` and, where files are made, `folders.ts`. */
const allowed = {
  model: [],
  units: [],
  scenario: ['units', 'metrics'],
  process: [],
  source: ['process'],
  service: ['process'],
  survey: ['process'],
  plant: ['process'],
  load: ['process'],
  exact: ['process'],
  capture: [],
  profile: [],
  metrics: ['units'],
  stats: [],
  compare: ['stats', 'metrics', 'profile', 'units'],
  run: ['source', 'service', 'plant', 'load', 'exact', 'capture', 'profile', 'metrics', 'stats', 'compare', 'process'],
  baseline: [],
  report: ['profile', 'metrics', 'units'],
  results: ['baseline', 'compare', 'metrics', 'profile', 'report'],
  publish: [],
  measure: [
    'units',
    'scenario',
    'process',
    'source',
    'service',
    'load',
    'capture',
    'metrics',
    'run',
    'baseline',
    'compare',
  ],
  cli: modules.split('|').filter((name) => !['cli', 'action'].includes(name)),
  action: ['cli', 'publish', 'report', 'units'],
};

/** Modules that write where users say. */
const makesFolders = ['service', 'run', 'baseline', 'results', 'cli'];

/** Modules that say which godyno it was. */
const namesVersion = ['measure', 'cli'];

const layerRules = Object.entries(allowed).map(([name, targets]) => ({
  name: `${name}-reaches-only-its-own`,
  comment: `Data flows one way (docs/architecture.md): ${name} may import model, errors${targets.map((t) => `, ${t}`).join('')} and nothing else of the harness, so that no arrow runs back up.`,
  severity: 'error',
  from: { path: `^harness/${name}/` },
  to: {
    path: '^harness/',
    pathNot: `^harness/(${[name, 'model', ...targets].join('|')})/|^harness/errors\\.ts$${makesFolders.includes(name) ? '|^harness/folders\\.ts$' : ''}${namesVersion.includes(name) ? '|^harness/version\\.ts$' : ''}`,
  },
}));

/** Module → its wings → what each may import of the same module; '.' is the files beside the wings. */
const wings = {
  compare: {
    verdict: [],
    toolchain: ['verdict'],
    functions: ['toolchain', 'verdict'],
    instructions: ['functions', 'verdict'],
    stored: ['.', 'toolchain', 'verdict'],
  },
  run: {
    session: [],
    launch: ['session'],
    counting: ['launch', 'session'],
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
    commands: ['.'],
    init: [],
    pprof: [],
    doctor: ['terminal'],
    prove: ['.'],
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
    owner('listr2', 'cli'),
    owner('yaml', 'scenario'),
    owner('@octokit/core', 'publish'),
    owner('@actions/core', '(publish|action)'),
    owner('@actions/artifact', 'action'),
    owner('zod', '(scenario|model|baseline|publish)'),
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
