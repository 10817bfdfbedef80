/** Which agent this godyno builds in: what was built with another one speaks another protocol. */
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { shippedAgentDir } from '../service/index.ts';
import { listFolder } from '../source/index.ts';
import { sha256 } from './store.ts';

export const agentDigest = async (): Promise<string> => {
  const dir = shippedAgentDir();
  const files = (await listFolder(dir)).filter((path) => path.endsWith('.go'));
  const parts = await Promise.all(files.map(async (path) => `${path}\0${sha256(await readFile(join(dir, path)))}`));
  return sha256(parts.join('\n'));
};
