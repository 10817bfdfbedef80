import { readFileSync } from 'node:fs';

interface PackageFacts {
  readonly version: string;
  readonly bugs?: string | { readonly url?: string };
}

/** Of the package.json above this file, in the source tree and in dist alike. */
const packageFacts = (): PackageFacts => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return JSON.parse(text) as PackageFacts;
};

/** Version of the installed package. */
export const godynoVersion = (): string => packageFacts().version;

/** Where mistakes in godyno are reported: `bugs` of its package.json. */
export const issuesAddress = ({ bugs } = packageFacts()): string =>
  (typeof bugs === 'string' ? bugs : bugs?.url) ?? 'the issues of godyno’s repository';
