import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Claim,
  type CommentMode,
  conclusionOf,
  downloadArtifact,
  findPullRequest,
  ForbiddenError,
  type GitHub,
  listArtifacts,
  openGitHub,
  RateLimitError,
  writeCheckRun,
  writeComment,
} from '../../harness/publish/index.ts';
import { marker } from '../../harness/report/index.ts';
import { type FakeGitHub, startFakeGitHub } from '../rehearsal/fake-github.ts';

const HEAD = 'b81e07d2c9aa55443322110099887766f5e4d3c2';
const OTHER = '3f2a9c51d04be87766554433221100ffeeddccbb';
const BOT = 'github-actions[bot]';
const MARK = marker('default');

let fake: FakeGitHub;
beforeEach(async () => {
  fake = await startFakeGitHub();
});
afterEach(async () => fake.stop());

const connect = (token = 'ghs_x:pull_requests=write,checks=write,actions=read', repository = 'acme/shop'): GitHub =>
  openGitHub({ token, repository, apiUrl: fake.url, signal: AbortSignal.timeout(20_000) });

const addPull = (number: number, sha = HEAD, home = 'mallory/shop', ref = 'feat/x'): void => {
  fake.pulls.set(number, {
    number,
    state: 'open',
    head: { sha, ref, repo: { full_name: home, fork: home !== 'acme/shop' } },
    base: { ref: 'main', sha: OTHER, repo: { full_name: 'acme/shop' } },
  });
};

const claimOf = (pullRequest: number): Claim => ({
  schemaVersion: 1,
  repository: 'acme/shop',
  pullRequest,
  headSha: HEAD,
  key: 'default',
  shard: '',
  args: [],
  flags: [],
});

const ORIGIN = { headSha: HEAD, headRepository: 'mallory/shop', headBranch: 'feat/x' };

describe('the comment', () => {
  const write = async (body: string, mode: CommentMode = 'always', changed: 'changed' | 'unchanged' = 'changed') =>
    writeComment(connect(), {
      pullRequest: 7,
      body: `${body}\n\n${MARK}\n`,
      marker: MARK,
      mode,
      changed,
      author: null,
    });
  beforeEach(() => addPull(7));

  test('is made once and changed in place afterwards', async () => {
    expect((await write('one')).kind).toBe('created');
    expect((await write('two')).kind).toBe('updated');
    expect(fake.comments.map(({ body }) => body)).toEqual([`two\n\n${MARK}\n`]);
  });

  test('is found on the third page, among 250 of other people', async () => {
    for (let index = 0; index < 250; index++) fake.addComment(7, `remark ${index}`, 'octocat');
    fake.addComment(7, `old\n\n${MARK}`, BOT);
    expect((await write('new')).kind).toBe('updated');
    expect(fake.comments).toHaveLength(251);
  });

  test('is not posted again where GitHub refuses the list of comments', async () => {
    fake.addComment(7, `old\n\n${MARK}`, BOT);
    fake.refuse(/^GET .*comments$/, 1, { status: 409, message: 'Conflict' });
    await expect(write('new')).rejects.toThrow(/409: Conflict/);
    expect(fake.comments.map(({ body }) => body)).toEqual([`old\n\n${MARK}`]);
  });

  test('is never one that somebody else wrote with our marker', async () => {
    fake.addComment(7, `hijack\n\n${MARK}`, 'mallory');
    expect((await write('ours')).kind).toBe('created');
    expect(fake.comments[0]?.body).toContain('hijack');
  });

  test('is never one of ours that only quotes the marker', async () => {
    fake.addComment(7, `> ${MARK}\n\nas quoted above`, BOT);
    expect((await write('ours')).kind).toBe('created');
  });

  test('of another key stays as it is', async () => {
    fake.addComment(7, `arm\n\n${marker('arm64')}`, BOT);
    expect((await write('ours')).kind).toBe('created');
    expect(fake.comments[0]?.body).toContain('arm');
  });

  test('on-change: nothing new is said of "unchanged", but what was said is brought up to date', async () => {
    expect((await write('=', 'on-change', 'unchanged')).kind).toBe('silent');
    expect(fake.comments).toEqual([]);
    expect((await write('slower', 'on-change')).kind).toBe('created');
    expect((await write('resolved', 'on-change', 'unchanged')).kind).toBe('updated');
    expect(fake.comments[0]?.body).toContain('resolved');
  });

  test('never: GitHub is not even asked', async () => {
    expect((await write('x', 'never')).kind).toBe('silent');
    expect(fake.journal).toEqual([]);
  });

  test('without the right to write is a ForbiddenError that names the permission', async () => {
    const github = connect('ghs_fork:contents=read,pull_requests=read');
    const attempt = writeComment(github, {
      pullRequest: 7,
      body: MARK,
      marker: MARK,
      mode: 'always',
      changed: 'changed',
      author: null,
    });
    await expect(attempt).rejects.toBeInstanceOf(ForbiddenError);
    await expect(attempt).rejects.toMatchObject({ hint: expect.stringContaining('pull-requests: write') });
  });

  test('too long for GitHub is an error that says so', async () => {
    await expect(write('x'.repeat(70_000))).rejects.toThrow(/too long/);
  });

  test('survives two answers of 502 while reading, and does not post twice', async () => {
    fake.fail(502, 2);
    expect((await write('one')).kind).toBe('created');
    expect(fake.comments).toHaveLength(1);
  });
});

describe('the pull request', () => {
  test('is the claimed one when GitHub knows it with that commit, from that repository', async () => {
    addPull(7);
    expect(await findPullRequest(connect(), claimOf(7), ORIGIN)).toEqual({ kind: 'found', number: 7, headSha: HEAD });
  });

  test('is not somebody else’s that the artifact names: the branch decides then', async () => {
    addPull(3, OTHER, 'acme/shop', 'release');
    addPull(7);
    expect(await findPullRequest(connect(), claimOf(3), ORIGIN)).toMatchObject({ kind: 'found', number: 7 });
    expect(await findPullRequest(connect(), claimOf(99), ORIGIN)).toMatchObject({ kind: 'found', number: 7 });
  });

  test('is found without a claim', async () => {
    addPull(7);
    expect(await findPullRequest(connect(), null, ORIGIN)).toMatchObject({ kind: 'found', number: 7 });
  });

  test('that has moved on is left alone', async () => {
    addPull(7, OTHER);
    expect(await findPullRequest(connect(), claimOf(7), ORIGIN)).toMatchObject({
      kind: 'none',
      reason: expect.stringContaining('moved on'),
    });
  });

  test('with the same commit in another fork is not ours', async () => {
    addPull(7, HEAD, 'eve/shop', 'feat/y');
    expect(await findPullRequest(connect(), claimOf(7), ORIGIN)).toMatchObject({ kind: 'none' });
  });

  test('that is closed is left alone', async () => {
    addPull(7);
    fake.pulls.get(7)!.state = 'closed';
    expect(await findPullRequest(connect(), claimOf(7), ORIGIN)).toMatchObject({ kind: 'none' });
  });
});

describe('artifacts of a run', () => {
  test('are the newest of each name', async () => {
    fake.addArtifact(5001, 'godyno-result', Buffer.from('first attempt'));
    const newer = fake.addArtifact(5001, 'godyno-result', Buffer.from('second attempt'));
    fake.addArtifact(6000, 'godyno-result', Buffer.from('of another run'));
    const found = await listArtifacts(connect(), 5001);
    expect(found.map(({ id }) => id)).toEqual([newer.id]);
    expect(String(await downloadArtifact(connect(), found[0]!))).toBe('second attempt');
  });

  test('are all listed, page by page', async () => {
    for (let index = 0; index < 130; index++) fake.addArtifact(5001, `a${index}`, Buffer.from(''));
    expect(await listArtifacts(connect(), 5001)).toHaveLength(130);
  });

  test('over 5 MB are refused before they are downloaded', async () => {
    fake.addArtifact(5001, 'godyno-result', Buffer.alloc(5_000_001));
    const [artifact] = await listArtifacts(connect(), 5001);
    await expect(downloadArtifact(connect(), artifact!)).rejects.toThrow(/5000001 bytes/);
    expect(fake.journal.filter((line) => line.includes('/zip'))).toEqual([]);
  });

  test('that are bigger than was said are refused while they are downloaded', async () => {
    fake.addArtifact(5001, 'godyno-result', Buffer.alloc(6_000_000));
    const [artifact] = await listArtifacts(connect(), 5001);
    await expect(downloadArtifact(connect(), { ...artifact!, bytes: 10 })).rejects.toThrow(/over 5000000 bytes/);
  });

  test('exchanged after the upload are refused by their digest', async () => {
    const stored = fake.addArtifact(5001, 'godyno-result', Buffer.from('honest'));
    stored.content = Buffer.from('hostile');
    const [artifact] = await listArtifacts(connect(), 5001);
    await expect(downloadArtifact(connect(), artifact!)).rejects.toThrow(/digest/);
  });

  test('that have expired are refused', async () => {
    fake.addArtifact(5001, 'godyno-result', Buffer.from('x')).expired = true;
    const [artifact] = await listArtifacts(connect(), 5001);
    await expect(downloadArtifact(connect(), artifact!)).rejects.toThrow(/expired/);
  });
});

describe('the check run', () => {
  test('is red for what fails, neutral for what nobody knows, green otherwise', () => {
    const failOn = ['regressed', 'invalid'];
    expect(conclusionOf('regressed', failOn)).toBe('failure');
    expect(conclusionOf('invalid', failOn)).toBe('failure');
    expect(conclusionOf('inconclusive', failOn)).toBe('neutral');
    expect(conclusionOf('inconclusive', ['inconclusive'])).toBe('failure');
    expect(conclusionOf('invalid', [])).toBe('neutral');
    expect(conclusionOf('improved', failOn)).toBe('success');
    expect(conclusionOf('unchanged', failOn)).toBe('success');
  });

  test('stands on the head commit', async () => {
    const request = { name: 'godyno', headSha: HEAD, conclusion: 'neutral', title: 't', summary: 's' } as const;
    await writeCheckRun(connect(), { ...request, detailsUrl: null });
    expect(fake.checks).toMatchObject([{ name: 'godyno', head_sha: HEAD, conclusion: 'neutral' }]);
    await expect(
      writeCheckRun(connect('ghs_x:contents=read'), { ...request, detailsUrl: null }),
    ).rejects.toBeInstanceOf(ForbiddenError);
  });

  test('ends a long title after a whole word', async () => {
    const title = `${'word '.repeat(49)}${'x'.repeat(20)} rest`;
    const request = { name: 'godyno', headSha: HEAD, conclusion: 'success', summary: 's' } as const;
    await writeCheckRun(connect(), { ...request, title, detailsUrl: null });
    expect(fake.checks).toMatchObject([{ output: { title: `${'word '.repeat(48)}word…` } }]);
  });
});

const SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
const IN_AN_HOUR = String(Math.ceil(Date.now() / 1000) + 3600);

describe('a rate limit', () => {
  const POST = /^POST .*comments$/;
  const said: string[] = [];
  beforeEach(() => {
    said.length = 0;
    addPull(7);
  });
  const write = async (signal = AbortSignal.timeout(30_000)) => {
    const say = (line: string): number => said.push(line);
    const github = openGitHub({ token: 'ghs_x', repository: 'acme/shop', apiUrl: fake.url, signal, say });
    const wanted = {
      pullRequest: 7,
      body: MARK,
      marker: MARK,
      mode: 'always',
      changed: 'changed',
      author: null,
    } as const;
    return writeComment(github, wanted);
  };

  test.each([
    ['secondary, with a time', { status: 403, message: SECONDARY, headers: { 'retry-after': '1' } }],
    ['429 with a time', { status: 429, message: 'Too many requests', headers: { 'retry-after': '0' } }],
    [
      'primary, until a moment ago',
      {
        status: 403,
        message: 'API rate limit exceeded',
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' },
      },
    ],
  ])('%s: is waited for, and the comment is there once', async (_, refused) => {
    fake.refuse(POST, 1, refused);
    expect((await write()).kind).toBe('created');
    expect(fake.comments).toHaveLength(1);
    expect(said).toEqual(["GitHub's rate limit: trying again in 1 s."]);
  });

  test.each([
    ['secondary', { status: 403, message: SECONDARY, headers: { 'retry-after': '900' } }],
    ['429', { status: 429, message: 'Too many requests', headers: { 'retry-after': '900' } }],
    [
      'primary',
      {
        status: 403,
        message: 'API rate limit exceeded for installation',
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': IN_AN_HOUR },
      },
    ],
    ['a date', { status: 403, message: SECONDARY, headers: { 'retry-after': 'Fri, 31 Dec 2100 23:59:59 GMT' } }],
  ])('%s that lasts longer than is sensible is reported at once, as what it is', async (_, refused) => {
    fake.refuse(POST, 100, refused);
    await expect(write()).rejects.toBeInstanceOf(RateLimitError);
    await expect(write()).rejects.toMatchObject({
      message: expect.stringContaining(refused.message),
      hint: expect.stringMatching(/^This is GitHub's rate limit, not a missing permission: .* after \d\d:\d\d UTC/),
    });
    expect(fake.journal.filter((line) => POST.test(line.replace(/ \d+$/, '')))).toHaveLength(2);
    expect(said).toEqual([]);
  });

  test('without a time is taken for a minute, and a wait ends at once when it is interrupted', async () => {
    fake.refuse(POST, 100, { status: 403, message: SECONDARY });
    const controller = new AbortController();
    const written = write(controller.signal);
    await expect.poll(() => said).toEqual(["GitHub's rate limit: trying again in 60 s."]);
    controller.abort(new Error('stop'));
    await expect(written).rejects.toThrow('stop');
  });

  test('on asking who we are is no answer to it', async () => {
    fake.refuse(/^GET \/user$/, 100, { status: 403, message: SECONDARY, headers: { 'retry-after': '900' } });
    await expect(write()).rejects.toBeInstanceOf(RateLimitError);
    expect(fake.comments).toEqual([]);
  });

  test('of the store of artifacts is waited for, too', async () => {
    fake.addArtifact(5001, 'godyno-result', Buffer.from('zip'));
    const [artifact] = await listArtifacts(connect(), 5001);
    fake.refuse(/^GET \/_blob$/, 1, { status: 429, message: '', headers: { 'retry-after': '1' } });
    expect(String(await downloadArtifact(connect(), artifact!))).toBe('zip');
  });
});

describe('a refusal', () => {
  test.each([
    [403, 'Unable to create comment because issue is locked.', /locked/, ForbiddenError],
    [403, 'Repository was archived so is read-only.', /archived/, ForbiddenError],
    [403, 'Resource not accessible by integration', /pull-requests: write/, ForbiddenError],
  ])('%s %s: says what would help', async (status, message, hint, kind) => {
    addPull(7);
    fake.refuse(/^POST /, 100, { status, message });
    const wanted = {
      pullRequest: 7,
      body: MARK,
      marker: MARK,
      mode: 'always',
      changed: 'changed',
      author: null,
    } as const;
    const written = writeComment(connect(), wanted);
    await expect(written).rejects.toBeInstanceOf(kind);
    await expect(written).rejects.toMatchObject({ hint: expect.stringMatching(hint) });
  });

  test.each([301, 307, 308])('%s of a repository that has moved names the way', async (status) => {
    const location = `${fake.url}/repositories/12/pulls/7`;
    fake.refuse(/^GET .*pulls/, 100, { status, message: 'Moved Permanently', headers: { location } });
    await expect(findPullRequest(connect(), claimOf(7), ORIGIN)).rejects.toMatchObject({
      message: expect.stringContaining(location),
      hint: expect.stringContaining('--repository'),
    });
  });

  test('of an existing comment that is gone by now makes a new one', async () => {
    addPull(7);
    fake.addComment(7, `old\n\n${MARK}`, BOT);
    fake.refuse(/^PATCH /, 1, { status: 410, message: 'Gone' });
    const wanted = {
      pullRequest: 7,
      body: MARK,
      marker: MARK,
      mode: 'always',
      changed: 'changed',
      author: null,
    } as const;
    expect((await writeComment(connect(), wanted)).kind).toBe('created');
  });
});

describe('the connection', () => {
  test.each(['acme', 'acme/shop/x', '', '/shop'])('refuses %j as a repository', (repository) => {
    expect(() => connect('t', repository)).toThrow(/is no repository/);
  });

  test('that nobody answers ends in an error with what was asked', async () => {
    const { url } = fake;
    await fake.stop();
    const github = openGitHub({
      token: 't',
      repository: 'acme/shop',
      apiUrl: url,
      signal: AbortSignal.timeout(20_000),
    });
    await expect(github.call('GET /repos/{owner}/{repo}/pulls/{pull_number}', { pull_number: 7 })).rejects.toThrow(
      /acme\/shop: GET .*pulls/,
    );
    fake = await startFakeGitHub();
  });

  test('ends at once when it is interrupted', async () => {
    const controller = new AbortController();
    const github = openGitHub({ token: 't', repository: 'acme/shop', apiUrl: fake.url, signal: controller.signal });
    fake.fail(503, 10);
    const asked = github.call('GET /repos/{owner}/{repo}/pulls/{pull_number}', { pull_number: 7 });
    setTimeout(() => controller.abort(new Error('stop')), 50);
    await expect(asked).rejects.toThrow('stop');
  });
});
