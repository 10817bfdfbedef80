/**
 * The GitHub Action's entry: inputs → the same command line as everywhere else, then what only a job has: outputs,
 * summary, remarks at changed lines, artifacts. Everything is written before the exit code is set, so a failing gate
 * never hides its report. Bundled into dist-action/ (test/helpers/build-action.ts); sole owner of @actions/artifact.
 */
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import { error as sayError, getInput, getMultilineInput, setOutput, warning } from '@actions/core';
import { EXIT, type ExitCode, reasonOf } from '../errors.ts';
import { type Comparison, parseComparison, parseRunFile, type RunFile } from '../model/index.ts';
import {
  annotationsOf,
  CLAIM_FILE,
  COMPARISON_NAME,
  KEY_VARIABLE,
  sayAtLine,
  sayNotice,
  SHARD_VARIABLE,
  writeSummary,
} from '../publish/index.ts';
import { verdictSentence } from '../report/index.ts';
import { formatSignedPercent } from '../units/index.ts';
import { main, reportCrashes, reportFailure } from '../cli/index.ts';
import { PAGE_FILE, REPORT_FILE, RUN_FILE } from '../results/index.ts';

const { env } = process;

/** `--name value` for an input that is set; inputs have the flags' names. */
const flag = (name: string): readonly string[] => {
  const value = getInput(name);
  return value === '' ? [] : [`--${name}`, value];
};

const YES = ['true', 'True', 'TRUE'];
const NO = ['', 'false', 'False', 'FALSE'];
const SWITCHES = ['base-required', 'check-run', 'upload'];

const isOn = (name: string): boolean => YES.includes(getInput(name));

/** `--name` for an input that says true. */
const switched = (name: string): readonly string[] => (isOn(name) ? [`--${name}`] : []);

const scenarioWords = (): readonly string[] =>
  getMultilineInput('scenario')
    .flatMap((line) => line.split(/\s+/))
    .filter((word) => word !== '');

const outDir = (): string => resolve(getInput('out') || '.godyno/action');

const runArguments = (): readonly string[] => [
  'run',
  ...scenarioWords(),
  '--out',
  outDir(),
  ...['base', 'head', 'base-go', 'head-go', 'budget', 'exact', 'seed', 'baselines', 'bundles', 'fail-on'].flatMap(flag),
  ...switched('base-required'),
];

const recordArguments = (): readonly string[] => [
  'baseline',
  'record',
  ...scenarioWords(),
  '--out',
  outDir(),
  ...['head', 'budget', 'exact', 'seed', 'baselines', 'bundles'].flatMap(flag),
];

const publishArguments = (): readonly string[] => [
  'publish',
  ...(getInput('path') === '' ? [] : [getInput('path')]),
  ...['artifact', 'comment', 'comment-author', 'run-id', 'pull-request', 'fail-on'].flatMap(flag),
  ...switched('check-run'),
];

/** null: there is none, since the run ended before it could be made. */
const readOrNull = async <T>(file: string, parse: (text: string, file: string) => T): Promise<T | null> => {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : parse(text, file);
};

/** The module folder relative to the repository's root, for annotations. */
const moduleFolder = (run: RunFile): string => {
  const here = relative(env['GITHUB_WORKSPACE'] ?? process.cwd(), process.cwd());
  return join(here, run.runs[0]?.scenario.target.module ?? '.');
};

const annotate = (comparison: Comparison, run: RunFile): void => {
  for (const { file, line, title, row } of annotationsOf(comparison, run.diff, moduleFolder(run)))
    sayAtLine(
      { file, line },
      title,
      `${formatSignedPercent(row.impactRatio)} of what a request costs (${row.profile})`,
    );
};

/** `godyno`, `godyno-<key>`, `godyno-<key>-<shard>`; characters that artifact names may not have become dashes. */
const artifactName = (kind: string): string => {
  const parts = [getInput('artifact') || 'godyno', kind, getInput('key'), getInput('shard')];
  return parts
    .filter((part) => part !== '')
    .join('-')
    .replace(/[^\w.-]+/g, '-');
};

const filesBelow = async (dir: string): Promise<readonly string[]> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

const artifactUrl = (id: number | undefined): string =>
  id === undefined
    ? ''
    : `${env['GITHUB_SERVER_URL'] ?? 'https://github.com'}/${env['GITHUB_REPOSITORY'] ?? ''}/actions/runs/${env['GITHUB_RUN_ID'] ?? ''}/artifacts/${id}`;

/** The page alone, not zipped, so that its link opens in the browser; an artifact takes the name of its file. */
const uploadPage = async (client: DefaultArtifactClient, out: string): Promise<string> => {
  const page = join(out, PAGE_FILE);
  const folder = await mkdtemp(join(tmpdir(), 'godyno-page-'));
  try {
    const named = join(folder, `${artifactName('')}.html`);
    await copyFile(page, named);
    const { id } = await client.uploadArtifact('', [named], folder, { skipArchive: true });
    return artifactUrl(id);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * Two small files for the publisher, everything for people, and the page. Resolves to the address of the page, or of
 * the rest where there is no page.
 */
const upload = async (out: string): Promise<string> => {
  const client = new DefaultArtifactClient();
  const all = await filesBelow(out);
  const result = all.filter((file) => [COMPARISON_NAME, CLAIM_FILE].includes(relative(out, file)));
  if (result.length > 0) await client.uploadArtifact(artifactName('result'), result, out);
  const { id } = all.length > 0 ? await client.uploadArtifact(artifactName(''), [...all], out) : {};
  return all.includes(join(out, PAGE_FILE)) ? uploadPage(client, out) : artifactUrl(id);
};

/** Not being able to upload is no reason to fail a job whose verdict is known. */
const uploadIfPossible = async (out: string): Promise<string> => {
  if (NO.slice(1).includes(getInput('upload'))) return '';
  if (env['ACTIONS_RUNTIME_TOKEN'] === undefined) {
    sayNotice('No artifact service here, so nothing is uploaded.', env);
    return '';
  }
  try {
    return await upload(out);
  } catch (error) {
    warning(`The results could not be uploaded: ${reasonOf(error)}`);
    return '';
  }
};

/** What is left for a job does not stop what comes after it, nor change the verdict. */
const ifPossible = async (what: string, step: () => unknown): Promise<void> => {
  try {
    await step();
  } catch (error) {
    warning(`${what}: ${reasonOf(error)}`, { title: 'godyno' });
  }
};

const tellJob = async (out: string): Promise<Comparison | null> => {
  const comparison = await readOrNull(join(out, COMPARISON_NAME), parseComparison);
  const report = await readOrNull(join(out, REPORT_FILE), (text) => text);
  await ifPossible('The outputs cannot be set', () => {
    setOutput('verdict', comparison?.verdict ?? '');
    setOutput('comparison-path', comparison === null ? '' : join(out, COMPARISON_NAME));
    setOutput('report-path', report === null ? '' : join(out, REPORT_FILE));
  });
  if (report !== null) await writeSummary(report, env);
  await ifPossible('The remarks at changed lines cannot be made', async () => {
    const run = await readOrNull(join(out, RUN_FILE), parseRunFile);
    if (comparison !== null && run !== null) annotate(comparison, run);
  });
  return comparison;
};

const measure = async (): Promise<ExitCode> => {
  const out = outDir();
  // A runner of one's own may still hold the results of an earlier job.
  await rm(out, { recursive: true, force: true });
  env[KEY_VARIABLE] = getInput('key');
  env[SHARD_VARIABLE] = getInput('shard');
  const code = await main(runArguments());
  const comparison = await tellJob(out);
  const url = comparison === null ? '' : await uploadIfPossible(out);
  await ifPossible('The outputs cannot be set', () => setOutput('artifact-url', url));
  if (code !== EXIT.ok && comparison !== null) sayError(verdictSentence(comparison), { title: 'godyno' });
  return code;
};

const publish = async (): Promise<ExitCode> => {
  const token = getInput('token');
  if (token !== '') env['GITHUB_TOKEN'] = token;
  return main(publishArguments());
};

const COMMANDS: Readonly<Record<string, () => Promise<ExitCode>>> = {
  run: measure,
  record: async () => main(recordArguments()),
  publish,
};

const act = async (): Promise<ExitCode> => {
  const folder = getInput('working-directory');
  if (folder !== '') process.chdir(folder);
  const name = getInput('command') || 'run';
  const command = COMMANDS[name];
  const unclear = SWITCHES.find((input) => ![...YES, ...NO].includes(getInput(input)));
  if (unclear !== undefined) {
    sayError(`The input "${unclear}" is "${getInput(unclear)}"; it can be true or false.`);
    return EXIT.usage;
  }
  if (command !== undefined) return command();
  sayError(`The input "command" is "${name}"; it can be ${Object.keys(COMMANDS).join(', ')}.`);
  return EXIT.usage;
};

reportCrashes();
process.exitCode = await act().catch(reportFailure);
