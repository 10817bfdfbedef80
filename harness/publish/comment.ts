/** The one comment of a pull request: made once, then changed in place. Found by hidden marker and author. */
import { z } from 'zod';
import { everyPage, type GitHub } from './github.ts';
import { ForbiddenError, GitHubError } from './refusals.ts';

/** `on-change`: no new comment for "unchanged", but an existing one is brought up to date. */
export type CommentMode = 'always' | 'on-change' | 'never';

export interface CommentRequest {
  readonly pullRequest: number;
  /** Ends with {@link CommentRequest.marker}. */
  readonly body: string;
  readonly marker: string;
  readonly mode: CommentMode;
  readonly changed: 'changed' | 'unchanged';
  /** Who we are; null: whoever the token belongs to. */
  readonly author: string | null;
}

export type CommentOutcome =
  | { readonly kind: 'created' | 'updated'; readonly url: string }
  | { readonly kind: 'silent' };

/** Whom the workflow's own token writes as. */
const WORKFLOW_AUTHOR = 'github-actions[bot]';

const commentSchema = z.object({
  id: z.number().int(),
  body: z.string().nullish(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullable(),
});
type Comment = z.infer<typeof commentSchema>;

/** People's tokens may ask who they are; the workflow's own may not. */
const ownLogin = async (github: GitHub): Promise<string> => {
  try {
    const { data } = await github.call('GET /user');
    return z.object({ login: z.string() }).parse(data).login;
  } catch (error) {
    const refused = error instanceof ForbiddenError || (error instanceof GitHubError && error.status === 404);
    if (refused) return WORKFLOW_AUTHOR;
    throw error;
  }
};

const findComment = async (github: GitHub, request: CommentRequest): Promise<Comment | undefined> => {
  const author = request.author ?? (await ownLogin(github));
  const comments = await everyPage(
    github,
    'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
    { issue_number: request.pullRequest },
    (data) => z.array(commentSchema).parse(data),
  );
  return comments.find(({ body, user }) => user?.login === author && body?.trimEnd().endsWith(request.marker));
};

const create = async (github: GitHub, { pullRequest, body }: CommentRequest): Promise<CommentOutcome> => {
  const { data } = await github.call('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    issue_number: pullRequest,
    body,
  });
  return { kind: 'created', url: commentSchema.parse(data).html_url };
};

/** null: it was deleted since we looked. */
const update = async (github: GitHub, id: number, body: string): Promise<CommentOutcome | null> => {
  try {
    const { data } = await github.call('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      comment_id: id,
      body,
    });
    return { kind: 'updated', url: commentSchema.parse(data).html_url };
  } catch (error) {
    if (error instanceof GitHubError && (error.status === 404 || error.status === 410)) return null;
    throw error;
  }
};

/** Throws ForbiddenError when the token may not comment, GitHubError for anything else. */
export const writeComment = async (github: GitHub, request: CommentRequest): Promise<CommentOutcome> => {
  if (request.mode === 'never') return { kind: 'silent' };
  const existing = await findComment(github, request);
  if (existing !== undefined) {
    const updated = await update(github, existing.id, request.body);
    if (updated !== null) return updated;
  }
  if (request.mode === 'on-change' && request.changed === 'unchanged') return { kind: 'silent' };
  return create(github, request);
};
