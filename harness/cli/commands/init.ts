/**
 * `godyno init`: finds the service, proposes a scenario that was seen to run, and writes it with the workflows. The
 * service is built and started in a copy; nothing that exists is changed without being asked.
 */
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { EXIT, type ExitCode, UsageError } from '../../errors.ts';
import { runCommand } from '../../process/index.ts';
import { parseScenario } from '../../scenario/index.ts';
import { type Survey, surveyService } from '../../survey/index.ts';
import { buildCopy, configFiles, copySource, embedPath, type MissingEmbed, withMissingFile } from '../init/copy.ts';
import { baselineWorkflow, measureWorkflow, type Names, publishWorkflow } from '../init/workflows.ts';
import { freshFolders } from '../init/fresh.ts';
import { findMains, type MainPackage, programName } from '../init/find.ts';
import { type Proposal, proposedFrom, scenarioText, untried } from '../init/scenario.ts';
import { type Trial, tryStarts } from '../init/trial.ts';
import { ownHomeOf } from '../../service/index.ts';
import { whileWaiting } from '../terminal/aside.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { godynoVersion } from '../../version.ts';

interface InitOptions {
  readonly package?: string | undefined;
  readonly module?: string | undefined;
  readonly action?: string | undefined;
  readonly yes?: true | undefined;
  readonly force?: true | undefined;
  /** Commander's spelling of `--no-try`. */
  readonly try: boolean;
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const askFor = async (question: string): Promise<string> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
};

/** With its module where that is another folder than this. */
const nameOfMain = ({ module, path, serves }: MainPackage): string =>
  `${module === '.' ? '' : `${module}: `}${path}${serves === 'http' ? ' (http)' : ''}`;

const isNamed =
  (wanted: string) =>
  ({ module, path, importPath }: MainPackage): boolean =>
    [path, importPath, join(module, path)].includes(wanted) || path === `./${wanted}`;

const choosePackage = async (mains: readonly MainPackage[], options: InitOptions): Promise<MainPackage> => {
  const named = options.package;
  if (named !== undefined) {
    const found = mains.find(isNamed(named));
    if (found !== undefined) return found;
    throw new UsageError(
      'NO_SUCH_PACKAGE',
      `${named} is no main package here`,
      `There are ${mains.map(nameOfMain).join(', ')}.`,
    );
  }
  const [best, ...others] = mains;
  if (best === undefined) throw new UsageError('NO_MAIN', 'There is no main package', 'Name the module: --module.');
  if (others.length === 0) return best;
  say(`Main packages: ${mains.map(nameOfMain).join(', ')}`);
  if (options.yes === true) {
    say(`Taking ${nameOfMain(best)}; for another: --package, --module.`);
    return best;
  }
  const answer = await askFor(`Which one is the service? [${best.path}] `);
  return answer === '' ? best : choosePackage(mains, { ...options, package: answer });
};

const lastLines = (output: string): string =>
  output
    .trimEnd()
    .split('\n')
    .slice(-8)
    .map((line) => `  ${line}`)
    .join('\n');

const describeMissing = (one: MissingEmbed): string =>
  one.carried !== null
    ? `The build embeds ${embedPath(one)}, which git ignores: carried along (target.include).`
    : `The build embeds ${embedPath(one)}, which is not there: empty files stand in (target.generate; put the real command there).`;

/** More files that are read at the start than this are hardly placeholders' business. */
const MOST_REBUILDS = 8;

/** Builds and starts it; a service that misses an embedded file is given an empty one and tried again. */
const tryService = async (
  main: MainPackage,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly trial: Trial; readonly survey: Survey; readonly missing: readonly MissingEmbed[] }> => {
  const copy = await copySource(realpathSync(main.module), join(folder, 'source'), signal);
  const binary = join(folder, 'program');
  const [tmp, reader] = [join(folder, 'tmp'), join(folder, 'survey')];
  await mkdir(tmp);
  say(`Building ${main.path} in a copy, to see how it starts (a first build of a large service takes minutes)…`);
  const build = async () =>
    whileWaiting(`building ${main.path}`, async () => buildCopy(copy, main.path, binary, signal));
  let { missing } = await build();
  for (const one of missing) say(describeMissing(one));
  const survey = await whileWaiting('reading the source', async () =>
    surveyService({ moduleDir: copy.moduleDir, package: main.path, folder: reader, signal }),
  );
  const configs = await configFiles(copy.moduleDir);
  for (let rebuilds = 0; ; rebuilds++) {
    const cwd = copy.moduleDir;
    const refresh = await freshFolders(cwd, tmp, ownHomeOf(tmp));
    const trial = await tryStarts({ binary, cwd, folder: tmp, refresh, survey, configs, say, signal });
    const more = trial.kind === 'silent' ? await withMissingFile(trial.output, missing, copy) : null;
    if (more === null || rebuilds === MOST_REBUILDS) return { trial, survey, missing };
    say(`It wants ${more.flatMap(({ made }) => made).at(-1) ?? ''}, too; building again`);
    missing = more;
    await build();
  }
};

const propose = async (main: MainPackage, options: InitOptions, signal: AbortSignal): Promise<Proposal> => {
  const folder = await mkdtemp(join(tmpdir(), 'gd-'));
  try {
    if (!options.try) {
      const moduleDir = realpathSync(main.module);
      return untried(await surveyService({ moduleDir, package: main.path, folder, signal }), []);
    }
    const { trial, survey, missing } = await tryService(main, folder, signal);
    if (trial.kind === 'works') {
      const proposal = proposedFrom(trial.found, survey, missing);
      for (const line of proposal.remarks) say(line);
      return proposal;
    }
    say(
      'It did not answer however it was started, so the scenario is a guess: complete target.args and target.env, then `godyno doctor`.',
    );
    if (trial.output.trim() !== '') say(`Its last output:\n${lastLines(trial.output)}`);
    return untried(survey, missing);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
};

const git = async (signal: AbortSignal, ...args: readonly string[]): Promise<string> => {
  const { exitCode, stdout } = await runCommand(
    { file: 'git', args, cwd: '.', env: { GIT_TERMINAL_PROMPT: '0' }, timeoutSeconds: 20 },
    signal,
  );
  return exitCode === 0 ? stdout.trim() : '';
};

/** What git knows of the remote's default branch, else what the remote says, else the branch there is. */
const defaultBranch = async (signal: AbortSignal): Promise<string> => {
  const [remote = ''] = (await git(signal, 'remote'))
    .split('\n')
    .toSorted((a, b) => Number(b === 'origin') - Number(a === 'origin'));
  if (remote !== '') {
    const known = await git(signal, 'symbolic-ref', '--short', `refs/remotes/${remote}/HEAD`);
    if (known !== '') return known.slice(remote.length + 1);
    const asked = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(await git(signal, 'ls-remote', '--symref', remote, 'HEAD'));
    if (asked?.[1] !== undefined) return asked[1];
  }
  const branches = (await git(signal, 'for-each-ref', '--format=%(refname:short)', 'refs/heads')).split('\n');
  const usual = ['main', 'master', 'trunk'].find((name) => branches.includes(name));
  if (usual !== undefined) return usual;
  if (branches.length === 1 && branches[0] !== undefined && branches[0] !== '') return branches[0];
  return (await git(signal, 'config', 'init.defaultBranch')) || 'main';
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

interface PlannedFile {
  readonly file: string;
  readonly text: string;
}

/** Reports for each file what became of it. */
const write = async ({ file, text }: PlannedFile, replace: 'force' | 'keep'): Promise<void> => {
  const existing = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw cause;
  });
  if (existing === text) return say(`  unchanged  ${file}`);
  if (existing !== null && replace === 'keep')
    return say(`  kept       ${file} (differs from what init writes; --force replaces it)`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  // For programs; on a terminal the line below it says the same.
  if (!process.stdout.isTTY) process.stdout.write(`${file}\n`);
  return say(`  ${existing === null ? 'wrote   ' : 'replaced'}   ${file}`);
};

/** What must not be committed: the runs' folder, and what `npm i` made here. */
const UNCOMMITTED = [
  { line: '.godyno/', what: 'results of runs', isHere: () => true },
  { line: 'node_modules/', what: 'what npm installs', isHere: () => existsSync('node_modules') },
] as const;

/** A line is added only where somebody says yes. */
const offerIgnore = async (options: InitOptions, signal: AbortSignal): Promise<void> => {
  if ((await git(signal, 'rev-parse', '--is-inside-work-tree')) !== 'true') return;
  for (const { line, what, isHere } of UNCOMMITTED) {
    if (!isHere() || (await git(signal, 'check-ignore', `${line}x`)) !== '') continue;
    const answer = options.yes === true ? 'n' : await askFor(`Add ${line} (${what}) to .gitignore? [Y/n] `);
    if (/^n/i.test(answer)) say(`\nAdd to .gitignore: ${line}   (${what})`);
    else await addIgnored(line);
  }
};

const addIgnored = async (line: string): Promise<void> => {
  const existing = await readFile('.gitignore', 'utf8').catch(() => '');
  await appendFile('.gitignore', `${existing === '' || existing.endsWith('\n') ? '' : '\n'}${line}\n`);
  say(`  added      ${line} to .gitignore`);
};

/** Where the scenario's first line finds its schema; `npx` alone leaves nothing there. */
const isInstalled = (): boolean => existsSync('node_modules/godyno/package.json');

const nameOf = ({ importPath }: MainPackage): string =>
  programName(importPath)
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

export const initialise = async (options: InitOptions): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    requireTalk(options);
    const action = requireAction(options.action);
    const mains = await whileWaiting('looking for main packages', async () => findMains(options.module, signal));
    const main = await choosePackage(mains, options);
    const proposal = await propose(main, options, signal);
    const place = await placeInRepository(signal);
    const names: Names = {
      scenario: nameOf(main),
      package: main.path,
      module: main.module,
      folder: place.down,
      defaultBranch: await whileWaiting('asking for the default branch', async () => defaultBranch(signal)),
      version: godynoVersion(),
      action,
    };
    const scenario = { file: join('scenarios', `${names.scenario}.yml`), text: scenarioText(names, proposal) };
    // What we propose must at least be a scenario.
    parseScenario(scenario.text, scenario.file, new Map());
    const workflows = join(place.up, '.github', 'workflows');
    const planned: readonly PlannedFile[] = [
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
    await offerIgnore(options, signal);
    say(
      `\nNext: ${isInstalled() ? '' : 'npm i -D godyno, '}npx godyno doctor, then npx godyno run --base HEAD. Commit the files; the comment comes once they are merged.`,
    );
    return EXIT.ok;
  });
