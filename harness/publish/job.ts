/** The job we run in: its event, its summary, remarks in its log. Sole owner of @actions/core beside the Action itself. */
import { appendFile, readFile } from 'node:fs/promises';
import { notice, warning } from '@actions/core';
import { reasonOf, UsageError } from '../errors.ts';

/** GitHub drops a step's summary over 1 MiB. */
const MOST_SUMMARY_BYTES = 1024 * 1024;

/** The payload of the event that started this job; null outside of GitHub Actions. */
export const readEvent = async (env: Readonly<Record<string, string | undefined>>): Promise<unknown> => {
  const file = env['GITHUB_EVENT_PATH'];
  if (file === undefined || file === '') return null;
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new UsageError(
      'EVENT_UNREADABLE',
      `GITHUB_EVENT_PATH names ${file}, which cannot be read: ${reasonOf(cause)}`,
      'GitHub Actions sets it; outside of a workflow leave it unset.',
      { cause },
    );
  }
};

/** Adds markdown to the job's summary page. Resolves to false where there is none, or no room, or it cannot be written. */
export const writeSummary = async (
  markdown: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> => {
  const file = env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '' || Buffer.byteLength(markdown) > MOST_SUMMARY_BYTES) return false;
  try {
    await appendFile(file, `${markdown.trimEnd()}\n\n`);
    return true;
  } catch (error) {
    sayNotice(`The job's summary cannot be written: ${reasonOf(error)}`, env);
    return false;
  }
};

/** A line in the log that GitHub also shows on the run's page; plain text elsewhere. */
export const sayNotice = (text: string, env: Readonly<Record<string, string | undefined>>): void => {
  if (env['GITHUB_ACTIONS'] === 'true') notice(text, { title: 'godyno' });
  else process.stderr.write(`${text}\n`);
};

/** A remark at a line of a file; `title` and `text` are escaped. */
export const sayAtLine = (
  place: { readonly file: string; readonly line: number },
  title: string,
  text: string,
): void => {
  warning(text, { title, file: place.file, startLine: place.line });
};
