/** Says which generated pages of docs/ are behind their source. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { generatedDocs } from './generate-docs.ts';

const root = path.resolve(import.meta.dirname, '../..');
const behind = Object.entries(generatedDocs()).filter(
  ([file, text]) => readFileSync(path.join(root, file), 'utf8') !== text,
);
for (const [file] of behind) console.log(`${file} is behind its source; run: node test/helpers/generate-docs.ts`);
process.exitCode = behind.length === 0 ? 0 : 1;
