/** Rules that no single key can check: names used twice, limits that need tight mode, a Go chosen twice. */
import { METRIC_IDS, type Side, SIDES } from '../model/index.ts';
import { isMapping, type DocumentPath, pathText, type ScenarioDocument, valueAt } from './document.ts';
import { itemPaths, valuePaths } from './files.ts';
import { needsTightMode, parseGate } from './gates.ts';
import type { Problem } from './problem.ts';

/** All of them, whether or not the rest of the scenario is valid. */
export const checkRules = (document: ScenarioDocument): readonly Problem[] => [
  ...checkRequestNames(document),
  ...checkCaptures(document),
  ...checkLoadCaptures(document),
  ...checkHeadBodies(document),
  ...checkSocket(document),
  ...checkTightLimits(document),
  ...checkBodyNumbers(document),
  ...checkGoTwice(document),
];

const problem = (document: ScenarioDocument, path: DocumentPath, message: string): Problem => ({
  source: document.source,
  place: document.placeOf(path),
  path: pathText(path),
  message,
});

const nameOf = (request: unknown): unknown => (isMapping(request) ? (request['name'] ?? request['http']) : undefined);

const checkRequestNames = (document: ScenarioDocument): readonly Problem[] => {
  const seen = new Map<unknown, number>();
  return itemPaths(document.value, ['load', 'requests']).flatMap((path, index) => {
    const name = nameOf(valueAt(document.value, path));
    const first = seen.get(name);
    if (name === undefined || name === '') return [];
    if (first === undefined) {
      seen.set(name, index);
      return [];
    }
    return [
      problem(
        document,
        [...path, 'name'],
        `load.requests[${first}] is named ${JSON.stringify(name)} too; give each request a \`name\` of its own`,
      ),
    ];
  });
};

const checkCaptures = (document: ScenarioDocument): readonly Problem[] => {
  const seen = new Map<string, string>();
  return itemPaths(document.value, ['load', 'prepare']).flatMap((path) =>
    valuePaths(document.value, [...path, 'capture']).flatMap((capture) => {
      const name = String(capture.at(-1));
      const places = sidesOf(document, path).map((side) => `${side} ${name}`);
      const first = places.map((place) => seen.get(place)).find((other) => other !== undefined);
      if (first === undefined) {
        for (const place of places) seen.set(place, pathText(path));
        return [];
      }
      return [problem(document, capture, `${first} captures ${JSON.stringify(name)} already`)];
    }),
  );
};

/** The sides to which a request before the load is sent. */
const sidesOf = (document: ScenarioDocument, path: DocumentPath): readonly Side[] => {
  const side = valueAt(document.value, [...path, 'side']);
  return SIDES.filter((each) => side === undefined || side === each);
};

/** A request may be the first to use the value. */
const checkLoadCaptures = (document: ScenarioDocument): readonly Problem[] => {
  const namesAt = (paths: readonly DocumentPath[]) =>
    paths.flatMap((path) => valuePaths(document.value, [...path, 'capture']));
  const prepare = itemPaths(document.value, ['load', 'prepare']);
  const onHead = prepare.filter((path) => sidesOf(document, path).includes('head'));
  const before = new Set(namesAt(onHead).map((path) => path.at(-1)));
  return namesAt(itemPaths(document.value, ['load', 'requests']))
    .filter((path) => !before.has(path.at(-1)))
    .map((path) => {
      const name = String(path.at(-1));
      return problem(
        document,
        path,
        `capture ${name} in load.prepare, too: requests come in a random order, and the first that uses \${${name}} needs a value`,
      );
    });
};

const checkHeadBodies = (document: ScenarioDocument): readonly Problem[] =>
  ['prepare', 'requests']
    .flatMap((list) => itemPaths(document.value, ['load', list]))
    .filter((path) => /^\s*head\s/i.test(String(valueAt(document.value, [...path, 'http']))))
    .map((path) => [...path, 'expect', 'body'])
    .filter((path) => valueAt(document.value, path) !== undefined)
    .map((path) => problem(document, path, 'the answer to HEAD has no body; ask with GET, or expect a status only'));

/** Both sides are alive at once, and the second would take the first one's socket away. */
const checkSocket = (document: ScenarioDocument): readonly Problem[] => {
  const places = [['target'], ['target', 'ready'], ['target', 'base', 'ready'], ['target', 'head', 'ready']];
  const isShared = (path: DocumentPath): boolean => {
    const socket = valueAt(document.value, path);
    return typeof socket === 'string' && !/\$\{(?:tmp|port(?:\.\w+)?)\}/.test(socket);
  };
  if (valueAt(document.value, ['target', 'sides']) === 'alternate') return [];
  const message =
    'base and head would share this socket; put it below ${tmp}, such as ${tmp}/api.sock, or set `target.sides: alternate`';
  return places
    .map((place) => [...place, 'socket'])
    .filter(isShared)
    .map((path) => problem(document, path, message));
};

const checkTightLimits = (document: ScenarioDocument): readonly Problem[] => {
  if (valueAt(document.value, ['measure', 'tight']) === true) return [];
  const limits = METRIC_IDS.flatMap((metric) => [[metric, 'fail'] as const, [metric, 'toolchain'] as const]);
  return limits.flatMap(([metric, key]) => {
    const path = ['gates', metric, key];
    const fail = valueAt(document.value, path);
    const gate = typeof fail === 'string' || typeof fail === 'number' ? parseGate(metric, fail) : 'not given';
    const message = typeof gate === 'string' ? undefined : needsTightMode(metric, gate);
    return message === undefined ? [] : [problem(document, path, message)];
  });
};

const checkGoTwice = (document: ScenarioDocument): readonly Problem[] =>
  valueAt(document.value, ['target', 'go']) === undefined
    ? []
    : ['GOTOOLCHAIN', 'GOROOT'].flatMap((name) => {
        const path = ['target', 'buildEnv', name];
        if (valueAt(document.value, path) === undefined) return [];
        return [problem(document, path, 'leave it out: `target.go` chooses the Go')];
      });

const numbersWithin = (value: unknown, path: DocumentPath): readonly (readonly [DocumentPath, number])[] => {
  if (typeof value === 'number') return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, index) => numbersWithin(item, [...path, index]));
  return isMapping(value) ? Object.entries(value).flatMap(([key, inner]) => numbersWithin(inner, [...path, key])) : [];
};

/** JSON has no infinity, and a whole number beyond 2^53 would be sent as another one. */
const checkBodyNumbers = (document: ScenarioDocument): readonly Problem[] =>
  ['prepare', 'requests']
    .flatMap((list) => itemPaths(document.value, ['load', list]))
    .flatMap((path) => [
      ...numbersWithin(valueAt(document.value, [...path, 'body']), [...path, 'body']),
      ...numbersWithin(valueAt(document.value, [...path, 'expect', 'body', 'json']), [
        ...path,
        'expect',
        'body',
        'json',
      ]),
    ])
    .filter(([, number]) => !Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number)))
    .map(([path]) => problem(document, path, 'JSON would not carry this number as it stands; write the body as text'));
