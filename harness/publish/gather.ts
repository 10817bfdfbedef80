/** The results that a measuring run left as artifacts, and the pages among them. */
import { type Artifact, downloadArtifact, listArtifacts } from './artifacts.ts';
import type { GitHub } from './github.ts';
import { type Received, readReceivedZip } from './untrusted-result.ts';

const isResult = (name: string, prefix: string): boolean =>
  name === `${prefix}-result` || name.startsWith(`${prefix}-result-`);

export interface MeasuringRun {
  readonly runId: number;
  /** How the names of its artifacts begin. */
  readonly prefix: string;
}

export interface Gathered {
  readonly received: readonly Received[];
  /** Pages that open in the browser, by address. */
  readonly pages: readonly string[];
}

const pagesOf = (
  artifacts: readonly Artifact[],
  { runId, prefix }: MeasuringRun,
  repository: string,
  serverUrl: string,
): readonly string[] =>
  artifacts
    .filter(({ name, expired }) => !expired && name.startsWith(prefix) && name.endsWith('.html'))
    .slice(0, 20)
    .map(({ id }) => `${serverUrl}/${repository}/actions/runs/${runId}/artifacts/${id}`);

/** What the artifacts of one measuring run hold. */
export const gatherFromRun = async (github: GitHub, run: MeasuringRun, serverUrl: string): Promise<Gathered> => {
  const artifacts = await listArtifacts(github, run.runId);
  const received: Received[] = [];
  for (const artifact of artifacts.filter(({ name }) => isResult(name, run.prefix)))
    received.push(readReceivedZip(await downloadArtifact(github, artifact), `artifact ${artifact.name}`));
  return { received, pages: pagesOf(artifacts, run, github.access.repository, serverUrl) };
};
