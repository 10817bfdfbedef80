/**
 * `godyno publish`: figures of a measuring job → one comment per pull request, the job's summary, and a check run when
 * asked. Everything shown is rendered here from checked values; the pull request is the one GitHub confirms.
 */
import { EXIT, type ExitCode, UsageError } from '../../errors.ts';
import type { Comparison } from '../../model/index.ts';
import {
  type Caller,
  type Claim,
  type CommentMode,
  conclusionOf,
  emptyClaim,
  findPullRequest,
  ForbiddenError,
  type FoundPullRequest,
  type Gathered,
  gatherFromRun,
  type GitHub,
  invocationOfClaim,
  mergeClaims,
  mergeReceived,
  openGitHub,
  originOf,
  publishingCallerOf,
  readEvent,
  readReceivedFolder,
  type Received,
  requireConfirmed,
  sayNotice,
  writeCheckRun,
  writeComment,
  writeSummary,
} from '../../publish/index.ts';
import {
  buildReport,
  marker,
  renderComment,
  renderMarkdown,
  type Report,
  verdictSentence,
} from '../../report/index.ts';
import { withInterrupt } from '../terminal/interrupt.ts';

export interface PublishOptions {
  readonly repository?: string | undefined;
  readonly pullRequest?: number | undefined;
  readonly runId?: number | undefined;
  readonly artifact: string;
  readonly comment: CommentMode;
  readonly commentAuthor?: string | undefined;
  readonly checkRun?: true | undefined;
  readonly reportUrl?: string | undefined;
  readonly dryRun?: true | undefined;
  readonly failOn: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

const openFrom = (options: PublishOptions, env: Env, signal: AbortSignal): GitHub => {
  const token = env['GITHUB_TOKEN'] ?? env['GH_TOKEN'] ?? '';
  if (token === '') {
    throw new UsageError(
      'NO_TOKEN',
      'GITHUB_TOKEN is not set, so nothing can be published',
      'In a workflow: env: { GITHUB_TOKEN: ${{ github.token }} }. To only see the comment: --dry-run.',
    );
  }
  const repository = options.repository ?? env['GITHUB_REPOSITORY'];
  if (repository === undefined || repository === '') {
    throw new UsageError(
      'NO_REPOSITORY',
      'Which repository? GITHUB_REPOSITORY is not set',
      'Name it: --repository owner/name.',
    );
  }
  return openGitHub({
    token,
    repository,
    apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
    signal,
    say: (line) => process.stderr.write(`${line}\n`),
  });
};

const gather = async (
  github: () => GitHub,
  options: PublishOptions,
  caller: Caller,
  dir: string | undefined,
  env: Env,
): Promise<Gathered> => {
  if (dir !== undefined) {
    const pages = options.reportUrl === undefined ? [] : [options.reportUrl];
    return { received: await readReceivedFolder(dir), pages };
  }
  const runId = options.runId ?? caller.runId;
  if (runId !== null)
    return gatherFromRun(
      github(),
      { runId, prefix: options.artifact },
      env['GITHUB_SERVER_URL'] ?? 'https://github.com',
    );
  throw new UsageError(
    'NOTHING_TO_PUBLISH',
    'Nothing to publish: no folder is given, and this job was not started by another workflow’s run',
    'Give the output folder of a run (.godyno/latest is the last one), or a workflow run: --run-id.',
  );
};

/** One comment per key, whatever number of jobs measured for it. */
const byKey = (received: readonly Received[]): readonly (readonly Received[])[] => [
  ...Map.groupBy(received, ({ claim }) => claim?.key ?? 'default').values(),
];

/** The links go before the marker, which is always the last line. */
const withLinks = (body: string, key: string, pages: readonly string[]): string => {
  if (pages.length === 0) return body;
  const end = body.lastIndexOf(marker(key));
  const names = pages.map((url, index) => `[${pages.length === 1 ? 'full report' : `report ${index + 1}`}](${url})`);
  return `${body.slice(0, end)}<sub>Flame graphs and everything measured: ${names.join(', ')}</sub>\n\n${body.slice(end)}`;
};

interface Post {
  readonly comparison: Comparison;
  readonly claim: Claim | null;
  readonly report: Report;
  readonly body: string;
}

const composePost = (parts: readonly Received[], pages: readonly string[]): Post => {
  const comparison = mergeReceived(parts);
  const claim = mergeClaims(parts);
  const report = buildReport({ comparison, invocation: invocationOfClaim(claim) });
  return { comparison, claim, report, body: withLinks(renderComment(report), report.key, pages) };
};

/** Runs one step that GitHub may forbid; says so then instead of failing. null: it was refused. */
const asCourtesy = async <T>(what: string, env: Env, step: () => Promise<T>): Promise<T | null> => {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ForbiddenError)) throw error;
    sayNotice(`${what} was refused, so the report is only in this job's summary. ${error.message}. ${error.hint}`, env);
    return null;
  }
};

const verdictFor = (comparison: Comparison) => comparison.waivers?.verdictWithout ?? comparison.verdict;

type Target = Extract<FoundPullRequest, { readonly kind: 'found' }>;

const comment = async (github: GitHub, options: PublishOptions, post: Post, { number }: Target): Promise<string> => {
  const outcome = await writeComment(github, {
    pullRequest: number,
    body: post.body,
    marker: marker(post.report.key),
    mode: options.comment,
    changed: post.comparison.verdict === 'unchanged' ? 'unchanged' : 'changed',
    author: options.commentAuthor ?? null,
  });
  return outcome.kind === 'silent'
    ? `Pull request ${number}: no comment, as asked.`
    : `Pull request ${number}: comment ${outcome.kind}, ${outcome.url}`;
};

const checkRun = async (github: GitHub, options: PublishOptions, post: Post, { headSha }: Target): Promise<string> => {
  const conclusion = conclusionOf(verdictFor(post.comparison), options.failOn);
  const name = post.report.key === 'default' ? 'godyno' : `godyno (${post.report.key})`;
  const title = verdictSentence(post.comparison);
  await writeCheckRun(github, {
    name,
    headSha,
    conclusion,
    title,
    summary: renderMarkdown(post.report),
    detailsUrl: null,
  });
  return `Check run: ${conclusion}.`;
};

const publishOne = async (
  github: GitHub,
  options: PublishOptions,
  caller: Caller,
  post: Post,
  env: Env,
): Promise<void> => {
  const known = options.pullRequest ?? caller.pullRequest;
  const origin = originOf(caller, post.claim, post.comparison);
  requireConfirmed(post.claim, github, origin);
  const claim =
    known === null || known === undefined ? post.claim : { ...emptyClaim(github, origin), pullRequest: known };
  const found = await asCourtesy('Reading the pull request', env, async () => findPullRequest(github, claim, origin));
  if (found === null) return;
  if (found.kind === 'none') return sayNotice(found.reason, env);
  const report = async (what: string, step: () => Promise<string>): Promise<void> => {
    const line = await asCourtesy(what, env, step);
    if (line !== null) sayNotice(line, env);
  };
  await report('The comment', async () => comment(github, options, post, found));
  if (options.checkRun === true) await report('The check run', async () => checkRun(github, options, post, found));
};

export const publishFrom = async (
  options: PublishOptions,
  dir: string | undefined,
  env: Env,
  signal: AbortSignal,
): Promise<ExitCode> => {
  const caller = publishingCallerOf(await readEvent(env));
  const github = (): GitHub => openFrom(options, env, signal);
  const { received, pages } = await gather(github, options, caller, dir, env);
  if (received.length === 0) {
    sayNotice('The measuring run left no result to publish; its own log says why.', env);
    return EXIT.ok;
  }
  const posts = byKey(received).map((parts) => composePost(parts, pages));
  if (options.dryRun === true) {
    process.stdout.write(posts.map(({ body }) => body).join('\n'));
    return EXIT.ok;
  }
  const connection = github();
  // All of it before GitHub is asked for anything: a refusal must not cost the report.
  for (const { report } of posts) await writeSummary(renderMarkdown(report), env);
  for (const post of posts) await publishOne(connection, options, caller, post, env);
  return EXIT.ok;
};

export const publishCommandLine = async (options: PublishOptions, dir?: string): Promise<ExitCode> =>
  withInterrupt(async (signal) => publishFrom(options, dir, process.env, signal));
