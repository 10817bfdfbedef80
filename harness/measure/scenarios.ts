/** Scenario files from the command line's words: found, read with the files they name, parsed. */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf, UsageError } from '../errors.ts';
import type { Scenario } from '../model/index.ts';
import { withGoBeside } from './go-choice.ts';
import { DEFAULT_SCENARIO_GLOB, parseScenario, referencedFiles } from '../scenario/index.ts';

const filesMatching = async (pattern: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const file of glob(pattern)) found.push(file);
  return found.toSorted();
};

const readScenarioText = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      'SCENARIO_UNREADABLE',
      missing ? `There is no scenario ${file}` : `Cannot read the scenario ${file}: ${reasonOf(cause)}`,
      missing
        ? 'Name a scenario file, or leave it out to take scenarios/*.yml.'
        : 'Check the path and its permissions.',
      { cause },
    );
  }
};

/** What a scenario names but cannot be read is left out; the parser says so at the line that names it. */
const readReferenced = async (text: string, file: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const contents = new Map<string, Uint8Array>();
  for (const name of referencedFiles(text, file)) {
    const content = await readFile(join(dirname(file), name)).catch(() => undefined);
    if (content !== undefined) contents.set(name, content);
  }
  return contents;
};

const requireDistinctNames = (scenarios: readonly Scenario[]): void => {
  const seen = new Map<string, string>();
  for (const { name, file } of scenarios) {
    const other = seen.get(name);
    if (other !== undefined) {
      throw new UsageError(
        'SCENARIO_NAME_TWICE',
        `${other} and ${file} are both named "${name}"`,
        'Rename one of them.',
      );
    }
    seen.set(name, file);
  }
};

/** Throws UsageError for what cannot be read, or is wrong in it. */
export const readScenario = async (file: string): Promise<Scenario> => {
  const text = await readScenarioText(file);
  return withGoBeside(parseScenario(text, file, await readReferenced(text, file)));
};

/** Reads `words` (paths or patterns), or the default scenarios. Throws UsageError for anything that is wrong. */
export const loadScenarios = async (words: readonly string[]): Promise<readonly Scenario[]> => {
  const named = words.length > 0;
  const patterns = named ? words : [DEFAULT_SCENARIO_GLOB];
  const files: string[] = [];
  for (const pattern of patterns) {
    const found = /[*?{[]/.test(pattern) ? await filesMatching(pattern) : [pattern];
    files.push(...found.filter((file) => !files.includes(file)));
  }
  if (files.length === 0) {
    throw new UsageError(
      'NO_SCENARIO',
      named ? `No scenario matches ${words.join(' ')}` : 'There is no scenario here (scenarios/*.yml)',
      'Let `npx godyno init` write one from your main packages, or name its path.',
    );
  }
  const scenarios: Scenario[] = [];
  for (const file of files) scenarios.push(await readScenario(file));
  requireDistinctNames(scenarios);
  return scenarios;
};
