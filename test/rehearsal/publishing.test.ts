/** The bundled Action, publishing what a fork's run measured, to a fake GitHub that keeps state and permissions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Comparison } from '../../harness/model/index.ts';
import { comparisonOf, scenarioOf, STORIES } from '../builders/comparisons.ts';
import { writeZip } from '../publish/zip-writer.ts';
import { ACTION, type CheckedOutAction, checkOutAction, type StepEnded } from './action-runner.ts';
import { BASE, HEAD, pullOf, workflowRunEvent } from './events.ts';
import { type FakeGitHub, startFakeGitHub } from './fake-github.ts';

const RUN = 5001;
const PUBLISHER = 'ghs_main:contents=read,actions=read,pull_requests=write,checks=write';

let action: CheckedOutAction;
let fake: FakeGitHub;
let cwd = '';
beforeAll(() => {
  action = checkOutAction();
}, 120_000);
afterAll(() => action.remove());
beforeEach(async () => {
  fake = await startFakeGitHub();
  fake.pulls.set(7, pullOf());
  cwd = mkdtempSync(path.join(tmpdir(), 'job-'));
});
afterEach(async () => {
  await fake.stop();
  rmSync(cwd, { recursive: true, force: true });
});

const claim = (rest: object = {}) => ({
  schemaVersion: 1,
  repository: 'acme/shop',
  pullRequest: 7,
  headSha: HEAD,
  key: 'default',
  shard: '',
  args: ['scenarios/demo.yml'],
  flags: [],
  ...rest,
});

const leave = (comparison: unknown, rest: object = {}, name = 'godyno-result', run = RUN): void => {
  fake.addArtifact(
    run,
    name,
    writeZip([
      { name: 'comparison.json', content: Buffer.from(JSON.stringify(comparison)) },
      { name: 'pull-request.json', content: Buffer.from(JSON.stringify(claim(rest))) },
      { name: 'report.md', content: Buffer.from('@everyone this markdown is the attacker’s') },
    ]),
  );
};

const publish = async (
  inputs: Readonly<Record<string, string>> = {},
  run = RUN,
  sha = HEAD,
  token = PUBLISHER,
): Promise<StepEnded> =>
  action.run({
    inputs: { command: 'publish', token, ...inputs },
    env: { GITHUB_API_URL: fake.url },
    event: workflowRunEvent(run, sha),
    cwd,
  });

const regressed = STORIES['regressed-cpu']!;
const unchanged = comparisonOf([scenarioOf('demo', 'unchanged')]);

test('action.yml runs on node24 and starts the bundle', () => {
  expect(ACTION.runs).toEqual({ using: 'node24', main: 'dist-action/index.js' });
});

test('first push: one comment, rendered from the figures, with the marker last', async () => {
  leave(regressed);
  const { code, summary, log } = await publish();
  expect(log).not.toContain('::error');
  expect(code).toBe(0);
  expect(fake.comments).toHaveLength(1);
  const [comment] = fake.comments;
  expect(comment?.issue).toBe(7);
  expect(comment?.body).toMatch(/^\*\*✗ Regressed\*\*/);
  expect(comment?.body).toContain('npx godyno run scenarios/demo.yml');
  expect(comment?.body.trimEnd()).toMatch(/<!-- godyno:v1 key=default -->$/);
  expect(comment?.body).not.toContain('@everyone');
  expect(summary).toContain('Regressed');
  expect(fake.checks).toEqual([]);
});

test('second push: the same comment, new text; the fix resolves it', async () => {
  leave(regressed);
  await publish();
  fake.pulls.set(7, pullOf(BASE));
  leave(unchanged, { headSha: BASE }, 'godyno-result', RUN + 10);
  const { code } = await publish({ comment: 'on-change' }, RUN + 10, BASE);
  expect(code).toBe(0);
  expect(fake.comments).toHaveLength(1);
  expect(fake.comments[0]?.body).toMatch(/^\*\*= Unchanged\*\*/);
});

test('a result of an older push is not shown once the pull request has moved on', async () => {
  leave(regressed);
  fake.pulls.set(7, pullOf(BASE));
  const { code, log } = await publish();
  expect(code).toBe(0);
  expect(log).toContain('::notice');
  expect(log).toContain('moved on');
  expect(fake.comments).toEqual([]);
});

test('parts of a matrix become one comment, keys become one each', async () => {
  const part = (name: string, verdict: 'unchanged' | 'regressed'): Comparison =>
    comparisonOf([scenarioOf(name, verdict)], { verdict });
  leave(part('api', 'unchanged'), { shard: 'api' }, 'godyno-result-api');
  leave(part('search', 'regressed'), { shard: 'search' }, 'godyno-result-search');
  leave(part('api', 'unchanged'), { key: 'arm64' }, 'godyno-result-arm64');
  const { code } = await publish();
  expect(code).toBe(0);
  expect(
    fake.comments.map(({ body }) => body.trimEnd().split('\n').at(-1)).toSorted((a = '', b = '') => a.localeCompare(b)),
  ).toEqual(['<!-- godyno:v1 key=arm64 -->', '<!-- godyno:v1 key=default -->']);
  const merged = fake.comments.find(({ body }) => body.includes('key=default'))?.body ?? '';
  expect(merged).toContain('`api`');
  expect(merged).toContain('`search`');
  expect(merged).toContain('2 scenarios');
});

test('the page that a run uploaded is linked above the marker', async () => {
  leave(regressed);
  const page = fake.addArtifact(RUN, 'godyno.html', Buffer.from('<!doctype html>'));
  await publish();
  const body = fake.comments[0]?.body ?? '';
  expect(body).toContain(`https://github.com/acme/shop/actions/runs/${RUN}/artifacts/${page.id}`);
  expect(body.trimEnd()).toMatch(/<!-- godyno:v1 key=default -->$/);
});

test('a check run is red for a regression and neutral for an inconclusive one', async () => {
  leave(regressed);
  await publish({ 'check-run': 'true' });
  leave(
    STORIES['inconclusive'] ?? comparisonOf([scenarioOf('demo', 'inconclusive', { reason: 'noise' })]),
    {},
    'godyno-result',
    RUN + 1,
  );
  await publish({ 'check-run': 'true' }, RUN + 1);
  expect(fake.checks.map(({ conclusion, head_sha: sha }) => [conclusion, sha])).toEqual([
    ['failure', HEAD],
    ['neutral', HEAD],
  ]);
});

test('a token that may not comment: a notice and the summary, and the job stays green', async () => {
  leave(regressed);
  const { code, log, summary } = await publish(
    { 'check-run': 'true' },
    RUN,
    HEAD,
    'ghs_x:contents=read,actions=read,pull_requests=read',
  );
  expect(code).toBe(0);
  expect(log).toMatch(/::notice[^\n]*The comment was refused/);
  expect(log).toMatch(/::notice[^\n]*The check run was refused/);
  expect(summary).toContain('Regressed');
  expect(fake.comments).toEqual([]);
});

test('GitHub’s secondary rate limit is waited for: one comment all the same', async () => {
  leave(regressed);
  fake.refuse(/^POST .*comments$/, 1, {
    status: 403,
    message: 'You have exceeded a secondary rate limit.',
    headers: { 'retry-after': '1' },
  });
  const { code, log } = await publish();
  expect(code, log).toBe(0);
  expect(log).toContain("GitHub's rate limit: trying again in 1 s.");
  expect(fake.comments).toHaveLength(1);
});

test('a rate limit that outlasts the job fails it, as a rate limit, with every report in the summary', async () => {
  leave(regressed);
  leave(regressed, { key: 'arm64' }, 'godyno-result-arm64');
  fake.refuse(/^POST .*comments$/, 100, {
    status: 403,
    message: 'You have exceeded a secondary rate limit.',
    headers: { 'retry-after': '3600' },
  });
  const { code, log, summary } = await publish();
  expect(code).toBe(2);
  expect(log).toContain('not a missing permission');
  expect(log).not.toContain('pull-requests: write');
  expect(log).not.toMatch(/comment (?:created|updated)/);
  expect(summary.match(/Regressed/g)?.length).toBeGreaterThanOrEqual(2);
});

test('a locked conversation is a notice that says so', async () => {
  leave(regressed);
  fake.refuse(/^POST .*comments$/, 100, {
    status: 403,
    message: 'Unable to create comment because issue is locked.',
  });
  const { code, log } = await publish();
  expect(code).toBe(0);
  expect(log).toMatch(/::notice[^\n]*The comment was refused[^\n]*The conversation is locked/);
  expect(log).not.toContain('permissions:');
});

test('a summary that cannot be written costs no comment', async () => {
  leave(regressed);
  const { code, log } = await action.run({
    inputs: { command: 'publish', token: PUBLISHER },
    env: { GITHUB_API_URL: fake.url, GITHUB_STEP_SUMMARY: cwd },
    event: workflowRunEvent(RUN, HEAD),
    cwd,
  });
  expect(code).toBe(0);
  expect(log).toMatch(/summary cannot be written: it is a folder/);
  expect(fake.comments).toHaveLength(1);
});

test('a measuring run that left nothing is a notice, not a failure', async () => {
  const { code, log } = await publish();
  expect(code).toBe(0);
  expect(log).toContain('left no result');
});

describe('refused with exit code 2 and nothing published:', () => {
  const nothing = (ended: StepEnded, says: RegExp): void => {
    expect(ended.code).toBe(2);
    expect(ended.log).toMatch(says);
    expect(ended.log).not.toMatch(/^\s+at /m);
    expect(fake.comments).toEqual([]);
    expect(fake.checks).toEqual([]);
  };

  test('figures of another commit than GitHub says was measured', async () => {
    leave(regressed, { headSha: BASE });
    nothing(await publish(), /claims commit/);
  });

  test('figures that claim another repository', async () => {
    leave(regressed, { repository: 'acme/bank' });
    nothing(await publish(), /claims repository acme\/bank/);
  });

  test('a zip bomb', async () => {
    const bomb = writeZip([{ name: 'comparison.json', content: Buffer.alloc(300_000_000, 32) }]);
    fake.addArtifact(RUN, 'godyno-result', bomb);
    nothing(await publish(), /300000000 bytes, at most/);
  });

  test('an artifact over the cap, without downloading it', async () => {
    fake.addArtifact(RUN, 'godyno-result', Buffer.alloc(5_000_001));
    nothing(await publish(), /5000001 bytes/);
    expect(fake.journal.filter((line) => line.includes('/zip'))).toEqual([]);
  });

  test('values that are no figures', async () => {
    leave({ ...regressed, seed: '<script>' });
    nothing(await publish(), /seed/);
  });

  test('an artifact exchanged after its upload', async () => {
    leave(regressed);
    fake.artifacts[0]!.digest = `sha256:${'0'.repeat(64)}`;
    nothing(await publish(), /digest/);
  });
});

test('somebody else’s pull request is never written to, whatever number the artifact names', async () => {
  fake.pulls.set(3, {
    ...pullOf(BASE),
    number: 3,
    head: { ref: 'release', sha: BASE, repo: { full_name: 'acme/shop', fork: false } },
  });
  leave(regressed, { pullRequest: 3 });
  await publish();
  expect(fake.comments.map(({ issue }) => issue)).toEqual([7]);
});

test.each(['check-run', 'upload', 'base-required'])(
  'a word that is neither yes nor no is refused: %s',
  async (input) => {
    leave(regressed);
    const { code, log } = await publish({ [input]: 'yes please' });
    expect(code).toBe(2);
    expect(log).toContain(`The input "${input}" is "yes please"; it can be true or false.`);
    expect(fake.journal).toEqual([]);
  },
);

test('an unknown command is named, with those that exist', async () => {
  const { code, log } = await publish({ command: 'measure' });
  expect(code).toBe(2);
  expect(log).toContain('it can be run, record, publish');
});
