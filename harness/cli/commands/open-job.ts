/** The job of GitHub Actions that we run in, for commands that mostly run in none. */
import type { JobEvent } from '../../model/index.ts';

export interface OpenJob {
  /** The payload of the event that started it. */
  readonly event: unknown;
  /** What that says of the base. */
  readonly job: JobEvent | null;
}

/** null outside of a job. What talks to GitHub is loaded in one alone: it takes longer than all else of a start. */
export const openJob = async (): Promise<OpenJob | null> => {
  if ((process.env['GITHUB_EVENT_PATH'] ?? '') === '') return null;
  const { jobEventOf, readEvent } = await import('../../publish/index.ts');
  const event = await readEvent(process.env);
  return { event, job: jobEventOf(event, process.env['GITHUB_SHA']) };
};
