/**
 * `godyno init`: finds the service, proposes a scenario that was seen to run, and writes it with the workflows. Nothing
 * that exists is changed without being asked.
 */
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { BuildError, EXIT, type ExitCode, UsageError } from '../errors.ts';
import { runCommand } from '../process/index.ts';
import { parseScenario } from '../scenario/index.ts';
import { baselineWorkflow, measureWorkflow, type Names, publishWorkflow, scenarioText } from './init-files.ts';
import { hintsIn, type SourceHints } from './init-hints.ts';
import { buildProgram, type Proposal, tryStarts } from './init-trial.ts';
import { withInterrupt } from './interrupt.ts';
import { godynoVersion } from './version.ts';

interface InitOptions {
  readonly package?: string;
  readonly module?: string;
  readonly action?: string;
  readonly yes?: true;
  readonly force?: true;
  /** Commander's spelling of `--no-try`. */
  readonly try: boolean;
}

interface MainPackage {
  /** Relative to the module folder, `./cmd/server` or `.`. */
  readonly path: string;
  readonly importPath: string;
  readonly modulePath: string;
  readonly dir: string;
  /** Links net/http. */
  readonly serves: 'http' | 'nothing known';
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const MODULE_GLOB = '{*,*/*,*/*/*}/go.mod';

const findModule = async (wanted: string | undefined): Promise<string> => {
  if (wanted !== undefined) return wanted;
  const here = await readFile('go.mod', 'utf8').catch(() => null);
  if (here !== null) return '.';
  const found: string[] = [];
  for await (const file of glob(MODULE_GLOB, { exclude: (name) => name === 'node_modules' || name === 'vendor' }))
    found.push(dirname(file));
  const [only, ...others] = found.toSorted((left, right) => left.localeCompare(right));
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError(
    'NO_MODULE',
    only === undefined
      ? 'There is no go.mod here or below'
      : `There are ${others.length + 1} Go modules: ${[only, ...others].join(', ')}`,
    only === undefined ? 'Call it in the folder of a Go service.' : 'Choose one: --module.',
  );
};

interface Listed {
  readonly Dir: string;
  readonly ImportPath: string;
  readonly Name: string;
  readonly Deps?: readonly string[];
  readonly Module?: { readonly Path: string };
}

const LIST_TIMEOUT_SECONDS = 300;

const listMains = async (module: string, signal: AbortSignal): Promise<readonly MainPackage[]> => {
  const args = ['list', '-e', '-json=Dir,ImportPath,Name,Deps,Module', './...'];
  const listed = await runCommand({ file: 'go', args, cwd: module, timeoutSeconds: LIST_TIMEOUT_SECONDS }, signal);
  if (listed.exitCode !== 0) {
    throw new BuildError(
      'GO_LIST',
      `go list ./... failed in ${module}:\n${listed.stderr.trimEnd().split('\n').slice(0, 20).join('\n')}`,
      'Make `go build ./...` work first.',
    );
  }
  const root = (
    await runCommand(
      { file: 'go', args: ['list', '-m', '-f', '{{.Dir}}'], cwd: module, timeoutSeconds: LIST_TIMEOUT_SECONDS },
      signal,
    )
  ).stdout.trim();
  return listed.stdout
    .split(/^\}$/m)
    .filter((part) => part.trim() !== '')
    .map((part) => JSON.parse(`${part}}`) as Listed)
    .filter(({ Name }) => Name === 'main')
    .map(({ Dir, ImportPath, Deps = [], Module }) => {
      const below = relative(root, Dir);
      return {
        path: below === '' ? '.' : `./${below}`,
        importPath: ImportPath,
        modulePath: Module?.Path ?? '',
        dir: Dir,
        serves: Deps.includes('net/http') ? 'http' : 'nothing known',
      };
    });
};

/** Names of programs that serve rather than help. */
const SERVER_NAME = /serv|api|app|web|http|daemon|gateway|backend/i;
const TOOL_NAME = /example|tool|gen|migrate|cli|ctl|test|bench|demo|mock/i;

const likelihood = ({ path, serves, importPath }: MainPackage): number =>
  (serves === 'http' ? 8 : 0) +
  (path === '.' ? 2 : 0) +
  (SERVER_NAME.test(basename(importPath)) ? 2 : 0) -
  (TOOL_NAME.test(path) ? 4 : 0);

const askFor = async (question: string): Promise<string> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
};

const choosePackage = async (
  mains: readonly MainPackage[],
  options: InitOptions,
  module: string,
): Promise<MainPackage> => {
  const named = options.package;
  if (named !== undefined) {
    const found = mains.find(({ path, importPath }) => path === named || importPath === named || path === `./${named}`);
    if (found !== undefined) return found;
    throw new UsageError(
      'NO_SUCH_PACKAGE',
      `${named} is no main package of ${module}`,
      `There are ${mains.map(({ path }) => path).join(', ')}.`,
    );
  }
  const [best, ...others] = mains.toSorted((left, right) => likelihood(right) - likelihood(left));
  if (best === undefined)
    throw new UsageError(
      'NO_MAIN',
      `The module in ${module} has no main package`,
      'Call it where the service is, or name it: --module.',
    );
  if (others.length === 0) return best;
  say(
    `Main packages: ${[best, ...others].map(({ path, serves }) => `${path}${serves === 'http' ? ' (http)' : ''}`).join(', ')}`,
  );
  if (options.yes === true) return best;
  const answer = await askFor(`Which one is the service? [${best.path}] `);
  return answer === '' ? best : choosePackage(mains, { ...options, package: answer }, module);
};

/** Enough for any service's routes; a monorepo's rest is not read. */
const MOST_SOURCE_FILES = 2_000;
const MOST_FILE_CHARACTERS = 300_000;

/** The program's own files first: its flags outweigh those of its neighbours. */
const readSource = async (module: string, main: MainPackage): Promise<string> => {
  const own: string[] = [];
  const others: string[] = [];
  for await (const file of glob('**/*.go', {
    cwd: module,
    exclude: (name) => name === 'vendor' || name === 'node_modules',
  })) {
    if (file.endsWith('_test.go') || /(?:^|\/)testdata\//.test(file)) continue;
    const place = `./${dirname(file)}`.replace(/^\.\/\.$/, '.');
    (place === main.path ? own : others).push(file);
    if (own.length + others.length >= MOST_SOURCE_FILES) break;
  }
  const isOtherProgram = (text: string): boolean => /^package main\b/m.test(text);
  const texts: string[] = [];
  for (const file of own.toSorted((a, b) => a.localeCompare(b))) texts.push(await readFile(join(module, file), 'utf8'));
  for (const file of others.toSorted((a, b) => a.localeCompare(b))) {
    const text = await readFile(join(module, file), 'utf8');
    if (text.length <= MOST_FILE_CHARACTERS && !isOtherProgram(text)) texts.push(text);
  }
  return texts.join('\n');
};

/** Without a trial: the likeliest start and every route, marked as a guess. */
const untried = (hints: SourceHints): Proposal => {
  const [start] = hints.starts;
  const ready = hints.paths.find((path) => /health|ready|live|ping/.test(path)) ?? hints.paths[0] ?? '/';
  const paths = hints.paths.filter((path) => path !== ready);
  return {
    start: start ?? { found: '', args: [], env: {}, port: null },
    ready,
    paths: paths.length > 0 ? paths : [ready],
    passedOver: [],
  };
};

const propose = async (
  module: string,
  main: MainPackage,
  options: InitOptions,
  signal: AbortSignal,
): Promise<Proposal> => {
  const hints = hintsIn(await readSource(module, main));
  if (!options.try) return untried(hints);
  const folder = await mkdtemp(join(tmpdir(), 'gd-'));
  try {
    say(`Building ${main.path} to see how it starts…`);
    const binary = await buildProgram(module, main.path, folder, signal);
    const trial = await tryStarts({ binary, cwd: module, folder }, hints, signal, say);
    if (trial.kind === 'works') {
      const { start, ready, paths } = trial.proposal;
      say(`It runs with ${start.found}, is ready at GET ${ready}, and answers ${paths.length} of its routes.`);
      return trial.proposal;
    }
    say(
      `It did not answer however it was started, so the scenario is a guess: complete target.args and target.env, then \`godyno doctor\`.`,
    );
    if (trial.output.trim() !== '')
      say(
        `Its last words:\n${trial.output
          .trimEnd()
          .split('\n')
          .slice(-8)
          .map((line) => `  ${line}`)
          .join('\n')}`,
      );
    return untried(hints);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
};

const defaultBranch = async (signal: AbortSignal): Promise<string> => {
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout } = await runCommand({ file: 'git', args, cwd: '.', timeoutSeconds: 20 }, signal);
    return exitCode === 0 ? stdout.trim() : '';
  };
  const remote = await ask('symbolic-ref', '--short', 'refs/remotes/origin/HEAD');
  return remote.replace(/^origin\//, '') || (await ask('config', 'init.defaultBranch')) || 'main';
};

/** Up to the repository's top, where GitHub looks for workflows, and down again; empty when this is it, or none is. */
const placeInRepository = async (signal: AbortSignal): Promise<{ readonly up: string; readonly down: string }> => {
  const { exitCode, stdout } = await runCommand(
    { file: 'git', args: ['rev-parse', '--show-cdup', '--show-prefix'], cwd: '.', timeoutSeconds: 20 },
    signal,
  );
  const [up = '', down = ''] = exitCode === 0 ? stdout.split('\n') : [];
  return { up, down };
};

interface Planned {
  readonly file: string;
  readonly text: string;
}

/** Says of each file what became of it. */
const write = async ({ file, text }: Planned, replace: 'force' | 'keep'): Promise<void> => {
  const existing = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw cause;
  });
  if (existing === text) return say(`  unchanged  ${file}`);
  if (existing !== null && replace === 'keep')
    return say(`  kept       ${file} (differs from what init writes; --force replaces it)`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${file}\n`);
  return say(`  ${existing === null ? 'wrote   ' : 'replaced'}   ${file}`);
};

const nameOf = (main: MainPackage): string =>
  basename(main.importPath)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'service';

const ACTION = /^[\w.-]+\/[\w./-]+@[\w./-]+$/;

const requireTalk = (options: InitOptions): void => {
  if (options.yes === true || process.stdin.isTTY) return;
  throw new UsageError(
    'NOT_A_TERMINAL',
    'init asks, and there is no terminal to answer on',
    'Take what it proposes: godyno init --yes.',
  );
};

const requireAction = (action: string | undefined): string | null => {
  if (action === undefined || ACTION.test(action)) return action ?? null;
  throw new UsageError('ACTION_NAME', `--action ${action} is no action`, 'Write it as in a workflow: owner/name@ref.');
};

export const initialise = async (given: Record<string, unknown>): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const options = given as unknown as InitOptions;
    requireTalk(options);
    const action = requireAction(options.action);
    const module = await findModule(options.module);
    const main = await choosePackage(await listMains(module, signal), options, module);
    const proposal = await propose(module, main, options, signal);
    const place = await placeInRepository(signal);
    const names: Names = {
      scenario: nameOf(main),
      package: main.path,
      module,
      folder: place.down,
      defaultBranch: await defaultBranch(signal),
      version: godynoVersion(),
      action,
    };
    const scenario = { file: join('scenarios', `${names.scenario}.yml`), text: scenarioText(names, proposal) };
    // What we propose must at least be a scenario.
    parseScenario(scenario.text, scenario.file, new Map());
    const workflows = join(place.up, '.github', 'workflows');
    const planned: readonly Planned[] = [
      scenario,
      { file: join(workflows, 'godyno.yml'), text: measureWorkflow(names) },
      { file: join(workflows, 'godyno-publish.yml'), text: publishWorkflow(names) },
      { file: join(workflows, 'godyno-baseline.yml'), text: baselineWorkflow(names) },
    ];
    if (options.yes !== true) {
      say(`\n${scenario.text}\nTo write: ${planned.map(({ file }) => file).join(', ')}`);
      const answer = await askFor('Write them? [Y/n] ');
      if (/^n/i.test(answer)) return EXIT.ok;
    }
    for (const one of planned) await write(one, options.force === true ? 'force' : 'keep');
    say(
      '\nNext: npx godyno doctor, then npx godyno run --base HEAD. Commit the files; the comment comes once they are merged.',
    );
    return EXIT.ok;
  });
