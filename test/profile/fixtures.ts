/** The profiles that real Go programs wrote, one folder per version of Go (test/fixtures/profiles/README.md). */
import { readdirSync } from 'node:fs';

export const FIXTURES = new URL('../fixtures/profiles/', import.meta.url);

/** `go1.22`, `go1.23`, … */
export const GO_VERSIONS: readonly string[] = readdirSync(FIXTURES)
  .filter((name) => name.startsWith('go1.'))
  .toSorted();
