/** GitHub's REST API: one repository, one token, deadlines and few retries. Sole owner of @octokit/core. */
import { Octokit } from '@octokit/core';
import { EXIT, GodynoError, UsageError } from '../errors.ts';

export interface GitHubAccess {
  readonly token: string;
  /** `owner/name`. */
  readonly repository: string;
  /** `https://api.github.com`, or an enterprise server's. */
  readonly apiUrl: string;
  readonly signal: AbortSignal;
}

export type Parameters = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

export interface GitHub {
  readonly access: GitHubAccess;
  /** `route` as in GitHub's documentation, e.g. `GET /repos/{owner}/{repo}/pulls/{number}`; owner and repo are filled in. */
  readonly call: (route: string, parameters?: Parameters) => Promise<Answer>;
}

/** The token may not do this. Publishing is a courtesy, so callers turn it into a notice. */
export class ForbiddenError extends GodynoError {
  constructor(message: string, options?: ErrorOptions) {
    super(
      'GITHUB_FORBIDDEN',
      message,
      'The job needs `permissions: pull-requests: write` (and `checks: write` for a check run, `actions: read` for artifacts of another run).',
      EXIT.usage,
      options,
    );
  }
}

/** GitHub answered otherwise than expected, or not at all. */
export class GitHubError extends GodynoError {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(
      'GITHUB_FAILED',
      message,
      'Run the job again; https://www.githubstatus.com tells when GitHub itself is down.',
      EXIT.usage,
      options,
    );
    this.status = status;
  }
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Of answers that may go away by themselves: no connection, 5xx. */
const RETRY_PAUSES_MS = [500, 3_000];

const statusOf = (error: unknown): number => {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : 0;
};

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 300) ?? '';

/** 500 is what the client says when no answer came at all. */
const mayPass = (status: number): boolean => status === 0 || status >= 500;

const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', stop, { once: true });
  });

const translated = (error: unknown, route: string, repository: string): GodynoError => {
  const status = statusOf(error);
  const message = `${repository}: ${route} was answered with ${status === 0 ? 'nothing' : status}: ${messageOf(error)}`;
  if (status === 403 || status === 429) return new ForbiddenError(message, { cause: error });
  if (status === 401) {
    return new UsageError(
      'GITHUB_TOKEN',
      message,
      'The token is wrong or has expired; give the job’s own in GITHUB_TOKEN.',
      {
        cause: error,
      },
    );
  }
  return new GitHubError(status, message, { cause: error });
};

const splitRepository = (repository: string): readonly [owner: string, repo: string] => {
  const [owner = '', repo = '', ...rest] = repository.split('/');
  if (owner !== '' && repo !== '' && rest.length === 0) return [owner, repo];
  throw new UsageError('REPOSITORY', `"${repository}" is no repository`, 'Write it as owner/name.');
};

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Opens nothing yet. Throws UsageError for a repository that is not `owner/name`. */
export const openGitHub = (access: GitHubAccess): GitHub => {
  const [owner, repo] = splitRepository(access.repository);
  const { signal } = access;
  const octokit = new Octokit({ auth: access.token, baseUrl: access.apiUrl, userAgent: 'godyno', log: silent });
  const once = async (route: string, parameters: Parameters): Promise<Answer> => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    const answer = await octokit.request(route, {
      owner,
      repo,
      headers: { 'x-github-api-version': '2022-11-28' },
      ...parameters,
      request: { signal: deadline, redirect: 'manual' },
    });
    return { status: answer.status, data: answer.data as unknown, headers: answer.headers };
  };
  const call = async (route: string, parameters: Parameters = {}): Promise<Answer> => {
    // A repeated POST could post twice; everything else says the same again.
    const pauses = route.startsWith('POST ') ? [] : RETRY_PAUSES_MS;
    for (const milliseconds of pauses) {
      try {
        return await once(route, parameters);
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(statusOf(error))) throw translated(error, route, access.repository);
        await pause(milliseconds, signal);
      }
    }
    try {
      return await once(route, parameters);
    } catch (error) {
      signal.throwIfAborted();
      throw translated(error, route, access.repository);
    }
  };
  return { access, call };
};

const PAGE_SIZE = 100;
/** 5,000 comments; a marker further down is not found again. */
const MOST_PAGES = 50;

/** All items of a list, page by page. `itemsOf` takes them out of one answer. */
export const everyPage = async <T>(
  github: GitHub,
  route: string,
  parameters: Parameters,
  itemsOf: (data: unknown) => readonly T[],
): Promise<readonly T[]> => {
  const items: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const { data, headers } = await github.call(route, { ...parameters, per_page: PAGE_SIZE, page });
    items.push(...itemsOf(data));
    if (!String(headers['link'] ?? '').includes('rel="next"')) break;
  }
  return items;
};
