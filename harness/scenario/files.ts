/** The files a scenario names, and what is read out of them. */
import { type DocumentPath, isMapping, pathText, type ScenarioDocument, valueAt } from './document.ts';
import { type CsvTable, parseCsv } from './csv.ts';
import { parseEnvFile } from './env-file.ts';
import type { Problem } from './problem.ts';

export interface FileUse {
  readonly path: DocumentPath;
  readonly file: string;
  readonly use: 'data' | 'env' | 'body';
}

const textAt = (value: unknown, path: DocumentPath, use: FileUse['use']): readonly FileUse[] => {
  const file = valueAt(value, path);
  return typeof file === 'string' && file !== '' ? [{ path, file, use }] : [];
};

/** Paths of the items of a list, none when it is not one. */
export const itemPaths = (value: unknown, path: DocumentPath): readonly DocumentPath[] => {
  const list = valueAt(value, path);
  return Array.isArray(list) ? list.map((_, index) => [...path, index]) : [];
};

/** Paths of the values of a mapping, none when it is not one. */
export const valuePaths = (value: unknown, path: DocumentPath): readonly DocumentPath[] => {
  const found = valueAt(value, path);
  return isMapping(found) ? Object.keys(found).map((key) => [...path, key]) : [];
};

/** Every file that the plain values name, whether or not the rest of them is valid. */
export const findFiles = (value: unknown): readonly FileUse[] => [
  ...textAt(value, ['load', 'data'], 'data'),
  ...textAt(value, ['target', 'envFile'], 'env'),
  ...itemPaths(value, ['target', 'envFile']).flatMap((path) => textAt(value, path, 'env')),
  ...['prepare', 'requests'].flatMap((list) =>
    itemPaths(value, ['load', list]).flatMap((path) => [
      ...textAt(value, [...path, 'bodyFile'], 'body'),
      ...textAt(value, [...path, 'bodyFile', 'file'], 'body'),
      ...valuePaths(value, [...path, 'multipart']).flatMap((field) => textAt(value, [...field, 'file'], 'body')),
    ]),
  ),
];

/** File as written in the scenario → its content; a text stands for its UTF-8 bytes. */
export type FileContents = ReadonlyMap<string, string | Uint8Array>;

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** undefined: not UTF-8, or with a NUL, so not a text. */
export const textOf = (content: string | Uint8Array): string | undefined => {
  if (typeof content === 'string') return content;
  if (content.includes(0)) return undefined;
  try {
    return UTF_8.decode(content);
  } catch {
    return undefined;
  }
};

export interface ReadFiles {
  readonly data: CsvTable | undefined;
  /** All `envFile`s together, later over earlier. */
  readonly env: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

/** Reads what `contents` holds for each named file. */
export const readFiles = (document: ScenarioDocument, contents: FileContents): ReadFiles => {
  const problems: Problem[] = [];
  let data: CsvTable | undefined;
  let env: Readonly<Record<string, string>> = {};
  for (const { path, file, use } of findFiles(document.value)) {
    const content = contents.get(file);
    if (content === undefined) {
      problems.push(problemAt(document, path, missing(file)));
      continue;
    }
    const text = textOf(content);
    if (text === undefined) {
      if (use !== 'body') problems.push(problemAt(document, path, `${file} is not UTF-8 text; save it as UTF-8`));
      continue;
    }
    const place = (line: number) => ({ source: { file, text }, place: { line, column: 1 }, path: pathText(path) });
    if (use === 'data') {
      const table = parseCsv(text);
      if ('message' in table) problems.push({ ...place(table.line), message: table.message });
      else data = table;
    }
    if (use === 'env') {
      const values = parseEnvFile(text);
      if (Array.isArray(values)) problems.push(...values.map(({ line, message }) => ({ ...place(line), message })));
      else env = { ...env, ...values };
    }
  }
  return { data, env, problems };
};

const missing = (file: string): string =>
  `there is no readable file ${file} beside the scenario (paths are relative to the scenario's folder)`;

const problemAt = (document: ScenarioDocument, path: DocumentPath, message: string): Problem => ({
  source: document.source,
  place: document.placeOf(path),
  path: pathText(path),
  message,
});
