/**
 * Starts the bundled Action as a runner does: inputs with the defaults of action.yml, the files a step writes to, an
 * environment of its own. The bundle lies where it would after a checkout of the Action's tag, far from node_modules.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../..');

interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: { readonly using: string; readonly main: string };
}

export const ACTION = parse(readFileSync(path.join(root, 'action.yml'), 'utf8')) as ActionFile;

export interface StepEnded {
  readonly code: number | null;
  /** stdout and stderr as they came. */
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

export interface Step {
  readonly inputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly event: unknown;
  readonly cwd: string;
}

export interface CheckedOutAction {
  readonly dir: string;
  readonly run: (step: Step) => Promise<StepEnded>;
  readonly remove: () => void;
}

/** `name<<delimiter` blocks, as @actions/core writes them. */
const parseOutputs = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...text.matchAll(/^([\w-]+)<<(\S+)\n([^]*?)\n?\2$/gm)].map(([, name, , value]) => [name, value]));

const inputEnv = (inputs: Step['inputs']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(ACTION.inputs).map(([name, { default: fallback = '' }]) => [
      `INPUT_${name.toUpperCase()}`,
      inputs[name] ?? (fallback.startsWith('${{') ? '' : fallback),
    ]),
  );

/** Builds the bundle into a folder of its own. */
export const checkOutAction = (): CheckedOutAction => {
  const dir = mkdtempSync(path.join(tmpdir(), 'action-'));
  execFileSync(process.execPath, [path.join(root, 'test/helpers/build-action.ts'), path.join(dir, 'dist-action')]);
  for (const file of ['package.json', 'action.yml']) copyFileSync(path.join(root, file), path.join(dir, file));

  const run = async (step: Step): Promise<StepEnded> => {
    const files = mkdtempSync(path.join(tmpdir(), 'step-'));
    try {
      const at = (name: string): string => path.join(files, name);
      for (const name of ['output', 'summary', 'env', 'state']) writeFileSync(at(name), '');
      writeFileSync(at('event.json'), JSON.stringify(step.event));
      mkdirSync(at('home'));
      const env = {
        PATH: process.env['PATH'] ?? '',
        HOME: at('home'),
        GOCACHE: process.env['GOCACHE'] ?? path.join(process.env['HOME'] ?? '', '.cache/go-build'),
        GOFLAGS: '-mod=mod',
        LANG: 'C.UTF-8',
        GITHUB_ACTIONS: 'true',
        GITHUB_OUTPUT: at('output'),
        GITHUB_STEP_SUMMARY: at('summary'),
        GITHUB_ENV: at('env'),
        GITHUB_STATE: at('state'),
        GITHUB_EVENT_PATH: at('event.json'),
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'acme/shop',
        GITHUB_WORKSPACE: step.cwd,
        RUNNER_TEMP: files,
        RUNNER_OS: 'Linux',
        ...inputEnv(step.inputs),
        ...step.env,
      };
      const log: Buffer[] = [];
      const code = await new Promise<number | null>((resolve, reject) => {
        const child = spawn(process.execPath, [path.join(dir, ACTION.runs.main)], {
          cwd: step.cwd,
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => log.push(chunk));
        child.on('error', reject);
        child.on('close', resolve);
      });
      return {
        code,
        log: Buffer.concat(log).toString(),
        outputs: parseOutputs(readFileSync(at('output'), 'utf8')),
        summary: readFileSync(at('summary'), 'utf8'),
      };
    } finally {
      rmSync(files, { recursive: true, force: true });
    }
  };
  return { dir, run, remove: () => rmSync(dir, { recursive: true, force: true }) };
};
