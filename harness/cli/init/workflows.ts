/** The workflows that `godyno init` writes, as text. */
import { METRICS } from '../../metrics/index.ts';
import { formatPercent } from '../../units/index.ts';

export interface Names {
  /** Scenario name and file name. */
  readonly scenario: string;
  /** Main package relative to the module folder, e.g. `./cmd/server`. */
  readonly package: string;
  /** Module folder relative to the working folder; `.` when it is that one. */
  readonly module: string;
  /** Working folder below the repository's top, `services/shop/`; empty when it is the top. */
  readonly folder: string;
  readonly defaultBranch: string;
  readonly version: string;
  /** `owner/name@ref` of the Action; null: the npm package is used. */
  readonly action: string | null;
}

/** JSON is YAML, and quotes whatever needs it. */
const quoted = (text: string): string => JSON.stringify(text);

const goFile = ({ folder, module }: Names): string => `${folder}${module === '.' ? '' : `${module}/`}go.mod`;

/** A service below the repository's top: commands run in its folder. */
const jobDefaults = ({ folder }: Names): readonly string[] =>
  folder === '' ? [] : ['    defaults:', '      run:', `        working-directory: ${quoted(folder)}`];

const setUp = (names: Names): readonly string[] => [
  '      - uses: actions/checkout@v7',
  '        with:',
  '          fetch-depth: 0   # the base is built from its commit',
  '      - uses: actions/setup-go@v7',
  '        with:',
  `          go-version-file: ${goFile(names)}`,
];

/** A mirror that is down must not cost the measurement: without the emulator calls of functions are counted. */
const EMULATOR: readonly string[] = [
  `      - name: qemu-user, with which exact mode counts instructions (changes from ${formatPercent(METRICS.instructionsPerRequest.changedRatio)} on)`,
  '        run: sudo apt-get update && sudo apt-get install -y --no-install-recommends qemu-user',
  '        continue-on-error: true',
];

const NODE: readonly string[] = ['      - uses: actions/setup-node@v7', '        with:', '          node-version: 24'];

const actionStep = (names: Names, inputs: Readonly<Record<string, string>>): readonly string[] => {
  const all = { ...inputs, ...(names.folder === '' ? {} : { 'working-directory': quoted(names.folder) }) };
  const lines = Object.entries(all).map(([name, value]) => `          ${name}: ${value}`);
  return [`      - uses: ${names.action ?? ''}`, ...(lines.length === 0 ? [] : ['        with:', ...lines])];
};

const program = ({ version }: Names): string => `npx --yes godyno@${version}`;

/** A pull request restores what the default branch stored, and stores nothing. */
const restore = ({ folder }: Names): readonly string[] => [
  '      - uses: actions/cache/restore@v6   # for godyno run --base baseline',
  '        with:',
  '          path: |',
  `            ${folder}baselines`,
  `            ${folder}.godyno/bundles`,
  '          key: godyno-baseline-none',
  '          restore-keys: godyno-baseline-',
];

const store = ({ folder }: Names): readonly string[] => [
  '      - uses: actions/cache/save@v6   # what a baseline is linked and started from again',
  '        with:',
  '          path: |',
  `            ${folder}baselines`,
  `            ${folder}.godyno/bundles`,
  '          key: godyno-baseline-${{ github.sha }}-${{ github.run_attempt }}',
];

const measureSteps = (names: Names): readonly string[] =>
  names.action === null
    ? [
        ...NODE,
        `      - run: ${program(names)} run --out .godyno/pull-request`,
        `      - if: \${{ !cancelled() && hashFiles('${names.folder}.godyno/pull-request/report.md') != '' }}`,
        '        run: cat .godyno/pull-request/report.md >> "$GITHUB_STEP_SUMMARY"',
        `      - if: \${{ !cancelled() && hashFiles('${names.folder}.godyno/pull-request/comparison.json') != '' }}`,
        '        uses: actions/upload-artifact@v7',
        '        with:',
        '          name: godyno-result   # what the publishing workflow reads',
        '          path: |',
        `            ${names.folder}.godyno/pull-request/comparison.json`,
        `            ${names.folder}.godyno/pull-request/pull-request.json`,
        '          include-hidden-files: true',
        '      - if: ${{ !cancelled() }}',
        '        uses: actions/upload-artifact@v7',
        '        with:',
        '          name: godyno   # report.html with flame graphs, profiles, logs',
        `          path: ${names.folder}.godyno/pull-request`,
        '          include-hidden-files: true',
        '          if-no-files-found: ignore',
      ]
    : actionStep(names, {});

export const measureWorkflow = (names: Names): string =>
  [
    '# Measures every pull request, also from forks: it may read and nothing else. godyno-publish.yml comments.',
    'name: godyno',
    'on:',
    '  pull_request:',
    'permissions:',
    '  contents: read',
    'concurrency:',
    '  group: godyno-${{ github.event.pull_request.number }}',
    '  cancel-in-progress: true',
    'jobs:',
    '  measure:',
    '    runs-on: ubuntu-24.04',
    '    timeout-minutes: 30',
    ...(names.action === null ? jobDefaults(names) : []),
    '    steps:',
    ...setUp(names),
    ...EMULATOR,
    ...restore(names),
    ...measureSteps(names),
    '',
  ].join('\n');

const publishSteps = (names: Names): readonly string[] =>
  names.action === null
    ? [
        ...NODE,
        '      - env:',
        '          GITHUB_TOKEN: ${{ github.token }}',
        `        run: ${program(names)} publish --comment on-change`,
      ]
    : actionStep({ ...names, folder: '' }, { command: 'publish', comment: 'on-change' });

export const publishWorkflow = (names: Names): string =>
  [
    '# Comments what godyno.yml measured. It never checks out the code of the pull request; the figures are checked and',
    '# rendered again. GitHub takes this file from the default branch, so it works once it is merged.',
    'name: godyno publish',
    'on:',
    '  workflow_run:',
    '    workflows: [godyno]',
    '    types: [completed]',
    'permissions:',
    '  actions: read',
    '  pull-requests: write',
    'jobs:',
    '  publish:',
    "    if: github.event.workflow_run.event == 'pull_request'",
    '    runs-on: ubuntu-24.04',
    '    timeout-minutes: 5',
    '    steps:',
    ...publishSteps(names),
    '',
  ].join('\n');

const recordSteps = (names: Names): readonly string[] =>
  names.action === null
    ? [...NODE, `      - run: ${program(names)} baseline record --out .godyno/record`]
    : actionStep(names, { command: 'record' });

export const baselineWorkflow = (names: Names): string =>
  [
    '# Stores how the default branch performs, for godyno run --base baseline where its history cannot be built.',
    '# Pull requests need no baseline: they build their base. Commit baselines/ to keep one for longer.',
    'name: godyno baseline',
    'on:',
    '  push:',
    `    branches: [${quoted(names.defaultBranch)}]`,
    '  workflow_dispatch:',
    'permissions:',
    '  contents: read',
    'concurrency:',
    '  group: godyno-baseline',
    '  cancel-in-progress: true',
    'jobs:',
    '  record:',
    '    runs-on: ubuntu-24.04',
    '    timeout-minutes: 30',
    ...(names.action === null ? jobDefaults(names) : []),
    '    steps:',
    ...setUp(names),
    ...EMULATOR,
    ...restore(names),
    ...recordSteps(names),
    ...store(names),
    '      - uses: actions/upload-artifact@v7',
    '        with:',
    '          name: godyno-baselines',
    `          path: ${names.folder}baselines`,
    '',
  ].join('\n');
