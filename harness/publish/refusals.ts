/** What GitHub's refusals mean: not allowed, locked, too many requests, or something else. */
import { EXIT, GodynoError, reasonOf, UsageError } from '../errors.ts';

/** The token may not do this. Publishing is a courtesy, so callers turn it into a notice. */
export class ForbiddenError extends GodynoError {
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super('GITHUB_FORBIDDEN', message, hint, EXIT.usage, options);
  }
}

/** GitHub answered otherwise than expected, or not at all. */
export class GitHubError extends GodynoError {
  readonly status: number;

  constructor(status: number, message: string, hint: string, options?: ErrorOptions) {
    super('GITHUB_FAILED', message, hint, EXIT.usage, options);
    this.status = status;
  }
}

/** Too many requests for now, and waiting as long as is sensible has not helped. */
export class RateLimitError extends GodynoError {
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super('GITHUB_RATE_LIMIT', message, hint, EXIT.usage, options);
  }
}

interface Refused {
  readonly status: number;
  readonly message: string;
  readonly headers: ReadonlyMap<string, string>;
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** 0: no answer came at all, or none that has a status. */
export const statusOf = (error: unknown): number => {
  const { status } = asObject(error);
  return typeof status === 'number' ? status : 0;
};

const headersOf = (value: unknown): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(asObject(value)).flatMap(([name, text]) =>
      typeof text === 'string' || typeof text === 'number' ? [[name, String(text)]] : [],
    ),
  );

const LONGEST_MESSAGE = 300;

const refusedBy = (error: unknown): Refused => ({
  status: statusOf(error),
  message: reasonOf(error).split('\n')[0]?.slice(0, LONGEST_MESSAGE) ?? '',
  headers: headersOf(asObject(asObject(error)['response'])['headers']),
});

const numberIn = ({ headers }: Refused, name: string): number | null => {
  const value = Number(headers.get(name) ?? Number.NaN);
  return Number.isFinite(value) ? value : null;
};

/** GitHub's advice where a refusal names no time. */
const SECONDARY_WAIT_SECONDS = 60;

/** `Retry-After`: seconds, or a date. */
const retryAfterSeconds = (refused: Refused, nowMs: number): number | null => {
  const seconds = numberIn(refused, 'retry-after');
  if (seconds !== null) return seconds;
  const date = Date.parse(refused.headers.get('retry-after') ?? '');
  return Number.isNaN(date) ? null : (date - nowMs) / 1000;
};

/**
 * Seconds that GitHub asks to wait; null: the refusal is no rate limit. The same status says "not allowed" and "too
 * fast": the headers and the words tell them apart (docs.github.com/rest, "Rate limits").
 */
export const askedWaitSeconds = (error: unknown, nowMs: number): number | null => {
  const refused = refusedBy(error);
  if (refused.status !== 403 && refused.status !== 429) return null;
  const after = retryAfterSeconds(refused, nowMs);
  if (after !== null) return Math.max(0, after);
  const reset = numberIn(refused, 'x-ratelimit-reset');
  if (numberIn(refused, 'x-ratelimit-remaining') === 0 && reset !== null) return Math.max(0, reset - nowMs / 1000);
  const limited = refused.status === 429 || /rate limit|abuse detection/i.test(refused.message);
  return limited ? SECONDARY_WAIT_SECONDS : null;
};

/** A 403 that no permission of the job would mend. */
const FORBIDDEN_HINTS: readonly (readonly [RegExp, string])[] = [
  [/locked/i, 'The conversation is locked: unlock it, or let a token of somebody with write access comment.'],
  [/archived|read-only/i, 'The repository is archived, so nobody can comment.'],
  [/blocked/i, 'The owner of the repository has blocked this account.'],
];

const PERMISSIONS_HINT =
  'The job needs `permissions: pull-requests: write` (and `checks: write` for a check run, `actions: read` for artifacts of another run).';

const forbiddenHint = (message: string): string =>
  FORBIDDEN_HINTS.find(([words]) => words.test(message))?.[1] ?? PERMISSIONS_HINT;

const hintFor = (status: number): string =>
  status === 0 || status >= 500
    ? 'Run the job again; https://www.githubstatus.com tells when GitHub itself is down.'
    : 'GitHub does not take what was sent: look whether repository and pull request are still there.';

/** The error for people. `where` is what was asked of which repository. */
export const refusalOf = (error: unknown, where: string, nowMs = Date.now()): GodynoError => {
  const { status, message: said } = refusedBy(error);
  const message = `${where} was answered with ${status === 0 ? 'nothing' : status}: ${said}`;
  const options = { cause: error };
  const wait = askedWaitSeconds(error, nowMs);
  if (wait !== null) {
    const at = new Date(nowMs + wait * 1000).toISOString().slice(11, 16);
    const hint = `This is GitHub's rate limit, not a missing permission: run the job again after ${at} UTC.`;
    return new RateLimitError(message, hint, options);
  }
  if (status === 403) return new ForbiddenError(message, forbiddenHint(said), options);
  if (status === 401) {
    const hint = 'The token is wrong or has expired; give the job’s own in GITHUB_TOKEN.';
    return new UsageError('GITHUB_TOKEN', message, hint, options);
  }
  return new GitHubError(status, message, hintFor(status), options);
};
