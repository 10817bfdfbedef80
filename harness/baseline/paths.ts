/** Where a baseline lies: `<dir>/<scenario>/<commit>-<fingerprint>/`. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Revision } from '../model/index.ts';

/** Folder below the baselines for noise profiles; no scenario may use the name. */
export const NOISE_FOLDER = 'noise';

const hashOf = (text: string, digits: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, digits);

/**
 * A name that is a folder on every system. Names that need changing, or that differ from another only in case, carry a
 * hash, so that two scenarios never share a folder.
 */
export const folderName = (name: string): string => {
  if (/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name) && name !== NOISE_FOLDER) return name;
  const readable = name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, 60);
  return `${readable}-${hashOf(name, 8)}`;
};

/** `<commit12>`, or for what has no commit of its own (a dirty tree, a plain folder) a name that says so. */
const revisionName = ({ revision }: Revision): string => {
  if (/^[0-9a-f]{40,64}$/.test(revision)) return revision.slice(0, 12);
  const [, commit, kind] = /^([0-9a-f]{12})[0-9a-f]*\+(dirty):/.exec(revision) ?? [];
  return commit === undefined ? `folder-${hashOf(revision, 12)}` : `${commit}-${kind}-${hashOf(revision, 8)}`;
};

/** Whether history can give this revision back, to measure it again. */
export const isCommit = ({ revision }: Revision): boolean => /^[0-9a-f]{40,64}$/.test(revision);

export const scenarioFolder = (dir: string, scenario: string): string => join(dir, folderName(scenario));

export const baselineName = (revision: Revision, fingerprint: string): string =>
  `${revisionName(revision)}-${folderName(fingerprint)}`;
