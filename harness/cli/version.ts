import { readFileSync } from 'node:fs';

/** Version of the installed package, from the package.json above this file (in the source tree and in dist alike). */
export const godynoVersion = (): string => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
};
