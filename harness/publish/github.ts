/** GitHub's REST API: one repository, one token, deadlines and few retries. Sole owner of @octokit/core. */
import { Octokit } from '@octokit/core';
import { UsageError } from '../errors.ts';
import { GitHubError, refusalOf } from './refusals.ts';
import { repeatedly } from './waiting.ts';

export interface GitHubAccess {
  readonly token: string;
  /** `owner/name`. */
  readonly repository: string;
  /** `https://api.github.com`, or an enterprise server's. */
  readonly apiUrl: string;
  readonly signal: AbortSignal;
  /** Hears why nothing happens for a while. */
  readonly say?: (line: string) => void;
}

export type Parameters = Readonly<Record<string, unknown>>;

export interface ApiResponse {
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

export interface GitHub {
  readonly access: GitHubAccess;
  /** `route` as in GitHub's documentation, e.g. `GET /repos/{owner}/{repo}/pulls/{number}`; owner and repo are filled in. */
  readonly call: (route: string, parameters?: Parameters) => Promise<ApiResponse>;
}

const REQUEST_TIMEOUT_MS = 30_000;
const splitRepository = (repository: string): readonly [owner: string, repo: string] => {
  const [owner = '', repo = '', ...rest] = repository.split('/');
  if (owner !== '' && repo !== '' && rest.length === 0) return [owner, repo];
  throw new UsageError('REPOSITORY', `"${repository}" is no repository`, 'Write it as owner/name.');
};

/** Of a repository that was renamed or transferred; an artifact's download lies elsewhere by design. */
const hasMoved = ({ status }: ApiResponse, route: string): boolean =>
  status >= 300 && status < 400 && !route.endsWith('/zip');

const movedError = ({ status, headers }: ApiResponse, where: string): GitHubError =>
  new GitHubError(
    status,
    `${where} was answered with ${status}: it has moved to ${String(headers['location'] ?? 'another place')}`,
    'The repository was renamed or transferred: give its present name with --repository owner/name.',
  );

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Opens nothing yet. Throws UsageError for a repository that is not `owner/name`. */
export const openGitHub = (access: GitHubAccess): GitHub => {
  const [owner, repo] = splitRepository(access.repository);
  const { signal } = access;
  const octokit = new Octokit({ auth: access.token, baseUrl: access.apiUrl, userAgent: 'godyno', log: silent });
  const once = async (route: string, parameters: Parameters): Promise<ApiResponse> => {
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
  const call = async (route: string, parameters: Parameters = {}): Promise<ApiResponse> => {
    const where = `${access.repository}: ${route}`;
    try {
      // A repeated POST could post twice; everything else says the same again.
      const repeat = route.startsWith('POST ') ? 'when refused' : 'always';
      const answer = await repeatedly(async () => once(route, parameters), repeat, access);
      if (hasMoved(answer, route)) throw movedError(answer, where);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof GitHubError ? error : refusalOf(error, where);
    }
  };
  return { access, call };
};

const PAGE_SIZE = 100;
/** 5,000 comments; a marker further down is not found again. */
const MOST_PAGES = 50;

/**
 * All items of a list, page by page. `itemsOf` takes them out of one answer. Octokit's plugin for pages (16.0) would ask
 * without the deadline, and takes a 409 for the end of the list, which would mean a second comment.
 */
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
