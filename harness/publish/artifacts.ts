/** Artifacts of another workflow run: listed, and downloaded with a cap and a checked digest. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GodynoError } from '../errors.ts';
import { everyPage, type GitHub } from './github.ts';
import { MOST_ZIP_BYTES } from './untrusted-result.ts';
import { GitHubError, refusalOf } from './refusals.ts';
import { repeatedly } from './waiting.ts';
import { refuseArtifact } from './zip.ts';

const artifactSchema = z.object({
  id: z.number().int(),
  name: z.string(),
  size_in_bytes: z.number(),
  expired: z.boolean(),
  created_at: z.string().nullable(),
  digest: z.string().nullish(),
});

const listSchema = z.object({ artifacts: z.array(artifactSchema) });

export interface Artifact {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly expired: boolean;
  readonly createdAt: string;
  /** `sha256:…`; null where the server tells none. */
  readonly digest: string | null;
}

/** Of every name the newest: a run that was repeated has two of a name. In the order of names. */
export const listArtifacts = async (github: GitHub, runId: number): Promise<readonly Artifact[]> => {
  const all = await everyPage(
    github,
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
    { run_id: runId },
    (data) => listSchema.parse(data).artifacts,
  );
  const newest = new Map<string, Artifact>();
  for (const { id, name, size_in_bytes: bytes, expired, created_at: createdAt, digest } of all) {
    const known = newest.get(name);
    if (known !== undefined && known.createdAt > (createdAt ?? '')) continue;
    newest.set(name, { id, name, bytes, expired, createdAt: createdAt ?? '', digest: digest ?? null });
  }
  return [...newest.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
};

const DOWNLOAD_TIMEOUT_MS = 60_000;

/** In the form of the client's errors, so that it is told apart, and waited for, like them. */
const refusedDownload = ({ status, headers }: Response): Error =>
  Object.assign(new Error('the download was refused'), { status, response: { headers: Object.fromEntries(headers) } });

/** The blob store has its own signed address and must not see our token. */
const fetchCapped = async (url: string, where: string, signal: AbortSignal): Promise<Buffer> => {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]);
  const response = await fetch(url, { signal: deadline });
  if (!response.ok || response.body === null) throw refusedDownload(response);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > MOST_ZIP_BYTES) return refuseArtifact(where, `over ${MOST_ZIP_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
};

const fetchFrom = async (url: string, where: string, { access }: GitHub): Promise<Buffer> => {
  try {
    return await repeatedly(async () => fetchCapped(url, where, access.signal), 'always', access);
  } catch (error) {
    access.signal.throwIfAborted();
    throw error instanceof GodynoError ? error : refusalOf(error, where);
  }
};

/** The artifact's zip. Throws UsageError `ARTIFACT_REFUSED` when it is too big, or not what was uploaded. */
export const downloadArtifact = async (github: GitHub, artifact: Artifact): Promise<Buffer> => {
  const where = `artifact ${artifact.name}`;
  if (artifact.expired) refuseArtifact(where, 'it has expired');
  if (artifact.bytes > MOST_ZIP_BYTES)
    refuseArtifact(where, `${artifact.bytes} bytes, at most ${MOST_ZIP_BYTES} are read`);
  const { headers } = await github.call('GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/zip', {
    artifact_id: artifact.id,
  });
  const { location } = headers;
  if (typeof location !== 'string') {
    const hint = 'Run the job again; if it stays so, give the folder instead: godyno publish <folder>.';
    throw new GitHubError(0, `${where}: GitHub names no address to download it from`, hint);
  }
  const zip = await fetchFrom(location, where, github);
  const digest = `sha256:${createHash('sha256').update(zip).digest('hex')}`;
  if (artifact.digest !== null && artifact.digest.replace(/^(?!sha256:)/, 'sha256:') !== digest)
    refuseArtifact(where, `its content has digest ${digest}, not ${artifact.digest}`);
  return zip;
};
