/** Which engine carries the requests; kept apart so that asking does not load it. */
import { createRequire } from 'node:module';

/** The installed autocannon's version. */
export const engineVersion = (): string => {
  const found: unknown = createRequire(import.meta.url)('autocannon/package.json');
  if (typeof found !== 'object' || found === null || !('version' in found)) return 'of unknown version';
  return String(found.version);
};

/** For the record of a run, e.g. `autocannon 9.0.0`. */
export const loaderEngine = (): string => `autocannon ${engineVersion()}`;
