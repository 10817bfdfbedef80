/** A check of our own beside the job's, whose conclusion can say "neutral". */
import { z } from 'zod';
import type { RunVerdict } from '../model/index.ts';
import type { GitHub } from './github.ts';

export interface CheckRequest {
  readonly name: string;
  readonly headSha: string;
  readonly conclusion: 'success' | 'failure' | 'neutral';
  /** One plain sentence. */
  readonly title: string;
  /** Markdown, at most 65,535 characters. */
  readonly summary: string;
  readonly detailsUrl: string | null;
}

/** GitHub cuts no title; its own stay below this. */
const LONGEST_TITLE = 250;

/** Ends after a whole word. */
const titleOf = (text: string): string =>
  text.length <= LONGEST_TITLE ? text : `${text.slice(0, LONGEST_TITLE - 1).replace(/\s+\S*$/, '')}…`;

/** What fails is red; what could not be decided is neither green nor red. */
export const conclusionOf = (verdict: RunVerdict, failOn: readonly string[]): CheckRequest['conclusion'] => {
  if (failOn.includes(verdict)) return 'failure';
  return verdict === 'inconclusive' || verdict === 'invalid' || verdict === 'regressed' ? 'neutral' : 'success';
};

/** Resolves to its address. GitHub shows the newest of a name, so a later run replaces it. */
export const writeCheckRun = async (github: GitHub, request: CheckRequest): Promise<string> => {
  const { data } = await github.call('POST /repos/{owner}/{repo}/check-runs', {
    name: request.name,
    head_sha: request.headSha,
    status: 'completed',
    conclusion: request.conclusion,
    output: { title: titleOf(request.title), summary: request.summary },
    ...(request.detailsUrl === null ? {} : { details_url: request.detailsUrl }),
  });
  return z.object({ html_url: z.string().nullish() }).parse(data).html_url ?? '';
};
