/**
 * The workflows that `godyno init` writes, run by act (a runner of GitHub workflows on this host) against a fake GitHub:
 * a fork's pull request → measuring workflow → artifacts → publishing workflow → one comment; a second publication; a
 * token without rights; a hostile artifact.
 *
 * Needs act: GOBIN=$PWD/.tools go install github.com/nektos/act@v0.2.89 (1 min 20 s on two cores). Then:
 * npm run prove:rehearsal
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeZip } from '../publish/zip-writer.ts';
import { checkOutAction } from '../rehearsal/action-runner.ts';
import { pullOf, pullRequestEvent, workflowRunEvent } from '../rehearsal/events.ts';
import { startFakeGitHub } from '../rehearsal/fake-github.ts';
import { makeServiceRepository } from '../rehearsal/service-repository.ts';

const root = path.resolve(import.meta.dirname, '../..');
const ACT = path.join(root, '.tools/act');
const RUN = 5001;
const MEASURER = 'ghs_fork:contents=read';
const PUBLISHER = 'ghs_main:contents=read,actions=read,pull_requests=write';
const ACT_TIMEOUT_MS = 300_000;

/** What a runner has and this host has already. */
const SETUP_GO = `name: setup-go stand-in
description: uses the Go on PATH
inputs: { go-version: { description: v }, go-version-file: { description: f } }
runs: { using: composite, steps: [{ shell: bash, run: go version }] }
`;

interface Played {
  readonly code: number | null;
  readonly log: string;
}

if (spawnSync(ACT, ['--version']).error !== undefined) {
  console.error('act is not here: GOBIN=$PWD/.tools go install github.com/nektos/act@v0.2.89');
  process.exit(2);
}

const work = mkdtempSync(path.join(tmpdir(), 'act-'));
const service = makeServiceRepository();
const action = checkOutAction();
const fake = await startFakeGitHub();

const prepare = (): string => {
  mkdirSync(path.join(work, 'setup-go'));
  writeFileSync(path.join(work, 'setup-go/action.yml'), SETUP_GO);
  const bin = path.join(root, 'harness/cli/bin.ts');
  execFileSync(process.execPath, [bin, 'init', '--yes', '--no-try', '--action', 'acme/godyno@v1'], {
    cwd: service.dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: service.dir,
      encoding: 'utf8',
    });
  git('add', '.');
  // The merge stays a merge: its first parent is what the head is compared with.
  git('commit', '--quiet', '--amend', '--no-edit');
  return git('rev-parse', 'HEAD').trim();
};

/** One workflow, in an environment and home of its own: act hands the caller's on. */
const play = async (event: string, payload: unknown, workflow: string, token: string, run: number): Promise<Played> => {
  const file = path.join(work, `${event}.json`);
  writeFileSync(file, JSON.stringify(payload));
  const env = {
    GITHUB_API_URL: fake.url,
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_RUN_ID: String(run),
    GOCACHE: execFileSync('go', ['env', 'GOCACHE'], { encoding: 'utf8' }).trim(),
    ...fake.runnerEnv(run),
  };
  const args = [
    event,
    '-W',
    `.github/workflows/${workflow}`,
    '-e',
    file,
    '-P',
    'ubuntu-24.04=-self-hosted',
    '-s',
    `GITHUB_TOKEN=${token}`,
    '--no-cache-server',
    '--action-cache-path',
    path.join(work, 'cache'),
    '--local-repository',
    `acme/godyno@v1=${action.dir}`,
    '--local-repository',
    `actions/setup-go@v7=${path.join(work, 'setup-go')}`,
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ];
  return new Promise((resolve, reject) => {
    const home = path.join(work, 'home');
    mkdirSync(home, { recursive: true });
    const nodeFirst = `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    const child = spawn(ACT, args, {
      cwd: service.dir,
      env: { PATH: nodeFirst, HOME: home, LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: ACT_TIMEOUT_MS,
    });
    const log: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => log.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, log: Buffer.concat(log).toString() }));
  });
};

const publish = async (token = PUBLISHER): Promise<Played> =>
  play('workflow_run', workflowRunEvent(RUN, service.headSha), 'godyno-publish.yml', token, RUN + 1);

const step = (what: string): void => console.log(`✓ ${what}`);

try {
  prepare();
  fake.pulls.set(7, pullOf(service.headSha));

  const measured = await play('pull_request', pullRequestEvent(service.headSha), 'godyno.yml', MEASURER, RUN);
  assert.equal(measured.code, 0, measured.log);
  assert.deepEqual(
    fake.artifacts.map(({ name }) => name),
    ['godyno-result', 'godyno', 'godyno.html'],
  );
  assert.ok(!measured.log.includes('INJECTED\n'), 'the title of a pull request must not run');
  step('the measuring workflow, with a fork’s rights, measured and left three artifacts');

  const first = await publish();
  assert.equal(first.code, 0, first.log);
  const [result] = fake.artifacts;
  assert.ok(result);
  const unchanged = fake.comments.length === 0;
  if (unchanged) assert.match(first.log, /no comment, as asked/);
  else assert.match(fake.comments[0]?.body ?? '', /<!-- godyno:v1 key=default -->\s*$/);
  step(`the publishing workflow published: ${unchanged ? 'unchanged, so silent as asked' : 'one comment'}`);

  await publish();
  assert.ok(fake.comments.length <= 1);
  step('a second publication changed the same comment');

  fake.comments.length = 0;
  const forbidden = await publish('ghs_fork:contents=read,actions=read,pull_requests=read');
  assert.equal(forbidden.code, 0, forbidden.log);
  assert.deepEqual(fake.comments, []);
  step('with a token that may not comment nothing was written, and the job stayed green');

  result.content = writeZip([{ name: 'comparison.json', content: Buffer.alloc(300_000_000, 32) }]);
  result.digest = null;
  const hostile = await publish();
  assert.notEqual(hostile.code, 0);
  assert.match(hostile.log, /300000000 bytes, at most/);
  assert.deepEqual(fake.comments, []);
  step('a zip bomb in place of the artifact was refused, and nothing was published');

  assert.deepEqual(
    readdirSync(service.dir).filter((name) => name === '.godyno'),
    [],
  );
  step('the repository itself was left as it was: the workflows ran in copies of it');
} finally {
  await fake.stop();
  action.remove();
  service.remove();
  rmSync(work, { recursive: true, force: true });
}
