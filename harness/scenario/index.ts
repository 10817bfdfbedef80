/**
 * A scenario file (YAML, and so JSON) → the Scenario that the rest of godyno works with, every default filled in.
 *
 * Owns the file format: one zod schema gives the types, the checks, the JSON schema and the reference in docs/. In: the
 * text of the file and of the files it names (the caller reads them). Out: a Scenario, or one UsageError that shows
 * every mistake at its line and column. Placeholders are checked here and filled where they are used.
 */
import type { Scenario } from '../model/index.ts';
import { checkRules } from './checks.ts';
import { readDocument, type ScenarioDocument } from './document.ts';
import { explainIssues } from './explain.ts';
import { type FileContents, findFiles, readFiles } from './files.ts';
import { fillScenario } from './fill.ts';
import { withoutEmptyKeys } from './json-schema.ts';
import { checkPlaceholders } from './placeholders.ts';
import { problemsError } from './problem.ts';
import { scenarioSchema } from './schema.ts';
import { asWritten } from './keep-scalars-as-text.ts';

export { GO_CHOICE_EXPECTED, parseGoChoice } from './go-choice.ts';
export { scenarioJsonSchema } from './json-schema.ts';
export { suggestion } from './nearest.ts';
export { scenarioReference } from './reference.ts';

/** Where scenarios are looked for when none is named, relative to the working directory. */
export const DEFAULT_SCENARIO_GLOB = 'scenarios/*.{yml,yaml,json}';

const read = (text: string, file: string): ScenarioDocument => {
  const document = readDocument(text.replace(/^\uFEFF/, ''), file);
  return { ...document, value: withoutEmptyKeys(asWritten(document)) };
};

/**
 * The files that the scenario names (`load.data`, `target.envFile`, `bodyFile`), as written there: relative to the
 * folder of `file`. Empty when the text cannot be read; {@link parseScenario} says why.
 */
export const referencedFiles = (text: string, file: string): readonly string[] => [
  ...new Set(findFiles(read(text, file).value).map((use) => use.file)),
];

/**
 * Reads one scenario. `contents` maps each path of {@link referencedFiles} to its content; leave out what cannot be read.
 * Throws a UsageError (SCENARIO_INVALID) that shows up to ten mistakes with place, source line and caret.
 */
export const parseScenario = (text: string, file: string, contents: FileContents): Scenario => {
  const document = read(text, file);
  if (document.problems.length > 0) throw problemsError(document.problems, document.source);
  const result = scenarioSchema.safeParse(document.value);
  const files = readFiles(document, contents);
  const problems = [
    ...(result.success ? [] : explainIssues(result.error.issues, document.value, document)),
    ...files.problems,
    ...checkPlaceholders(document, files, contents),
    ...checkRules(document),
  ];
  if (!result.success || problems.length > 0) throw problemsError(problems, document.source);
  return fillScenario(result.data, file, files, contents);
};
