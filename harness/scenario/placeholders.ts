/** Which `${…}` may stand where; every other one is a mistake that would otherwise reach the service as text. */
import { placeholdersOf, requestPlaceholder, type Side, SIDES } from '../model/index.ts';
import { isMapping, type DocumentPath, pathText, type ScenarioDocument, valueAt } from './document.ts';
import { type FileContents, itemPaths, type ReadFiles, textOf, valuePaths } from './files.ts';
import { suggestion } from './nearest.ts';
import type { Problem } from './problem.ts';

const SIDE = ['port', 'tmp'] as const;
const TARGET = [...SIDE, 'scenarioDir'] as const;
const SETUP = ['binary', ...TARGET] as const;
const REQUEST = ['n', 'user', ...SIDE] as const;

/** What is wrong with one text, as the placeholder and a sentence. */
type Complaint = readonly [part: string, message: string];

const explainUnknown = (name: string, known: readonly string[]): string => {
  const whole = `\${${name}}`;
  if (name.startsWith('env.')) {
    return `${whole}: environment variables are not filled in, so that a scenario means the same on every machine; set the value in \`target.env\` or \`target.envFile\``;
  }
  if (name.startsWith('port.')) {
    return `${whole}: the name of a further port is letters, digits and _, such as \${port.admin}, and is known where \${port} is`;
  }
  if (name === 'binary') return `${whole} is known in \`target.setup\` and \`target.seed\` only`;
  if (name.startsWith('data.') && !known.some((other) => other.startsWith('data.'))) {
    return `${whole}: no data here; \`load.data\` names a CSV file whose columns requests may use`;
  }
  const near = suggestion(name, known);
  const list = known.length === 0 ? 'none is known here' : `known here: ${known.join(', ')}`;
  return `unknown placeholder ${whole}${near.startsWith(',') ? near : ''} (${list}; \`$\${…}\` stands for a literal \`\${…}\`)`;
};

/** `${n}` is known in requests only, and only there an encoding may stand before a name. */
const nameIn = (written: string, known: readonly string[]): string =>
  known.includes('n') ? requestPlaceholder(written).name : written;

/** Further ports have names of the user's choice. */
const isKnown = (name: string, known: readonly string[]): boolean =>
  known.includes(name) || (known.includes('port') && /^port\.[A-Za-z_]\w*$/.test(name));

const complaints = (text: string, known: readonly string[]): readonly Complaint[] => {
  const unknown = placeholdersOf(text)
    .filter((written) => !isKnown(nameIn(written, known), known))
    .map((written): Complaint => [`\${${written}}`, explainUnknown(nameIn(written, known), known)]);
  const open = text.replaceAll(/\$?\$\{[^}]*\}/g, (whole) => ' '.repeat(whole.length)).indexOf('${');
  if (open < 0) return unknown;
  const tail = text.slice(open).split(/["\\\n]/)[0] ?? '';
  return [...unknown, [tail, 'a placeholder is never closed: write ${name}, or $${…} for a literal ${…}']];
};

/** Every text within a value, keys of mappings included. */
const textsWithin = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsWithin);
  return isMapping(value) ? Object.entries(value).flatMap(([key, inner]) => [key, ...textsWithin(inner)]) : [];
};

const checkPath = (document: ScenarioDocument, path: DocumentPath, known: readonly string[]): readonly Problem[] =>
  textsWithin(valueAt(document.value, path)).flatMap((text) =>
    complaints(text, known).map(([part, message]) => ({
      source: document.source,
      place: document.placeOfPart(path, part),
      path: pathText(path),
      message,
    })),
  );

const requestTexts = (value: unknown, path: DocumentPath): readonly DocumentPath[] => [
  [...path, 'http'],
  ...valuePaths(value, [...path, 'headers']),
  [...path, 'body'],
  ...valuePaths(value, [...path, 'form']),
  ...valuePaths(value, [...path, 'multipart']).filter((field) => typeof valueAt(value, field) === 'string'),
];

const checkBodyFile = (
  document: ScenarioDocument,
  path: DocumentPath,
  known: readonly string[],
  contents: FileContents,
): readonly Problem[] => {
  const bodyFile = valueAt(document.value, [...path, 'bodyFile']);
  const isFilled = !isMapping(bodyFile) || bodyFile['placeholders'] !== false;
  const file = isMapping(bodyFile) ? bodyFile['file'] : bodyFile;
  if (!isFilled) return [];
  const content = typeof file === 'string' ? contents.get(file) : undefined;
  const text = content === undefined ? undefined : textOf(content);
  if (typeof file !== 'string' || text === undefined) return [];
  return complaints(text, known).map(([part, message]) => {
    const before = text.slice(0, text.indexOf(part)).split('\n');
    return {
      source: { file, text },
      place: { line: before.length, column: (before.at(-1) ?? '').length + 1 },
      path: pathText([...path, 'bodyFile']),
      message: `${message}; \`bodyFile: { file: ${file}, placeholders: false }\` sends the file as it is`,
    };
  });
};

/** What is expected is the same for all requests. */
const checkFixed = (document: ScenarioDocument, path: DocumentPath): readonly Problem[] => {
  const written = textsWithin(valueAt(document.value, path)).flatMap(placeholdersOf);
  return written.map((name) => ({
    source: document.source,
    place: document.placeOfPart(path, `\${${name}}`),
    path: pathText(path),
    message: `\${${name}}: placeholders are not filled in here, since what is expected is the same for all requests`,
  }));
};

/** All placeholder mistakes of a scenario, whether or not the rest of it is valid. */
export const checkPlaceholders = (
  document: ScenarioDocument,
  files: ReadFiles,
  contents: FileContents,
): readonly Problem[] => [...checkTarget(document), ...checkLoad(document, files, contents)];

const checkPaths = (
  document: ScenarioDocument,
  paths: readonly DocumentPath[],
  known: readonly string[],
): readonly Problem[] => paths.flatMap((path) => checkPath(document, path, known));

/** Where no placeholder has a value yet. */
const BARE_PLACES: readonly DocumentPath[] = [
  ['target', 'package'],
  ['target', 'module'],
  ['target', 'buildFlags'],
  ['target', 'base', 'package'],
  ['target', 'head', 'package'],
];

const checkTarget = (document: ScenarioDocument): readonly Problem[] => {
  const { value } = document;
  const bare = [
    ...BARE_PLACES,
    ...valuePaths(value, ['target', 'buildEnv']),
    ...itemPaths(value, ['target', 'include']),
  ];
  return [
    ...checkPaths(document, bare, []),
    ...checkPaths(document, [['target', 'socket']], SIDE),
    ...[['target'], ['target', 'base'], ['target', 'head']].flatMap((at) => checkSide(document, at)),
  ];
};

/** `at`: the target, or what one side has of its own. */
const checkSide = (document: ScenarioDocument, at: DocumentPath): readonly Problem[] => {
  const { value } = document;
  const start = [...itemPaths(value, [...at, 'args']), ...valuePaths(value, [...at, 'env']), [...at, 'cwd']];
  return [
    ...checkPaths(document, start, TARGET),
    ...['setup', 'seed'].flatMap((key) => checkPaths(document, commandTexts(value, [...at, key]), SETUP)),
    ...checkPaths(document, commandTexts(value, [...at, 'generate']), ['scenarioDir']),
    ...checkReady(document, [...at, 'ready']),
  ];
};

const checkReady = (document: ScenarioDocument, at: DocumentPath): readonly Problem[] => {
  if (!isMapping(valueAt(document.value, at))) return checkPaths(document, [at], []);
  const own = [
    [...at, 'port'],
    [...at, 'socket'],
  ];
  return [...checkPaths(document, [[...at, 'http']], []), ...checkPaths(document, own, SIDE)];
};

type CapturedNames = Readonly<Record<Side, readonly string[]>>;

/** A name that one side captures is unknown to a request that both get: said as such. */
const onOneSide = (message: string, captured: CapturedNames): string => {
  const [, name = ''] = /^unknown placeholder \$\{(\w+)\}/.exec(message) ?? [];
  const side = SIDES.find((each) => captured[each].includes(name));
  return side === undefined
    ? message
    : `\${${name}} is captured on ${side} only; let a request of load.prepare that the other side gets capture it, too`;
};

const checkLoad = (document: ScenarioDocument, files: ReadFiles, contents: FileContents): readonly Problem[] => {
  const { value } = document;
  // A data file that could not be read has its own problem; its columns are unknown then, not wrong.
  const unreadable = files.data === undefined && typeof valueAt(value, ['load', 'data']) === 'string';
  const columns = files.data?.columns.map((column) => `data.${column}`) ?? [];
  const captured: Record<Side, string[]> = { base: [], head: [] };
  const checkRequest = (path: DocumentPath, names: readonly string[]): readonly Problem[] => {
    const known = [...REQUEST, ...columns, ...new Set(names)];
    return [
      ...checkPaths(document, requestTexts(value, path), known),
      ...checkFixed(document, [...path, 'expect', 'body']),
      ...checkBodyFile(document, path, known, contents),
    ]
      .filter(({ message }) => !(unreadable && message.startsWith('${data.')))
      .map((problem) => ({ ...problem, message: onOneSide(problem.message, captured) }));
  };
  const found: Problem[] = [];
  for (const path of itemPaths(value, ['load', 'prepare'])) {
    const sides = sidesOf(value, path);
    const [one = 'head', other = one] = sides;
    found.push(
      ...checkRequest(
        path,
        captured[one].filter((name) => captured[other].includes(name)),
      ),
    );
    const names = valuePaths(value, [...path, 'capture']).map((name) => String(name.at(-1)));
    for (const each of sides) captured[each].push(...names);
  }
  // What only head has captured is new on head; a run leaves the request out.
  for (const path of itemPaths(value, ['load', 'requests'])) found.push(...checkRequest(path, captured.head));
  return found;
};

/** The sides that get this request. */
const sidesOf = (value: unknown, path: DocumentPath): readonly Side[] => {
  const side = valueAt(value, [...path, 'side']);
  return SIDES.filter((each) => side === undefined || side === each);
};

const commandTexts = (value: unknown, at: DocumentPath): readonly DocumentPath[] =>
  itemPaths(value, at).flatMap((path) => [
    ...(typeof valueAt(value, path) === 'string' ? [path] : itemPaths(value, path)),
    [...path, 'command'],
    ...itemPaths(value, [...path, 'args']),
    ...valuePaths(value, [...path, 'env']),
  ]);
