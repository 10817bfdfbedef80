/** Writes the generated pages of docs/. Run `node test/helpers/generate-docs.ts` after a change of their source. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { scenarioJsonSchema, scenarioReference } from '../../harness/scenario/index.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Path below the repository root → what it must hold. */
export const generatedDocs = (): Readonly<Record<string, string>> => ({
  'docs/scenario.md': scenarioReference(),
  'docs/scenario.schema.json': `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`,
});

if (import.meta.main) {
  for (const [file, text] of Object.entries(generatedDocs())) {
    writeFileSync(path.join(root, file), text);
    console.log(`wrote ${file}`);
  }
}
