/** Requirements of a go.mod file, what it says about Go itself, and what changed between two of them. */
import type { GoLines, ModuleChange } from '../model/index.ts';

const uncommented = (line: string): string => line.replace(/\/\/.*$/, '').trim();

const unquoted = (word: string): string => word.replace(/^["`](.*)["`]$/, '$1');

/** Lines of go.mod as verb and words, blocks in parentheses opened (go.dev/ref/mod#go-mod-file). */
const directives = (text: string): readonly (readonly string[])[] => {
  let block: string | null = null;
  const found: string[][] = [];
  for (const line of text.split('\n').map(uncommented)) {
    if (line === '') continue;
    if (line === ')') block = null;
    else if (block !== null) found.push([block, ...line.split(/\s+/).map(unquoted)]);
    else if (/^\w+\s*\($/.test(line)) block = line.replace(/\s*\($/, '');
    else found.push(line.split(/\s+/).map(unquoted));
  }
  return found;
};

/** module → version, or `version => replacement` where it is replaced. */
export const requirementsOf = (goMod: string): ReadonlyMap<string, string> => {
  const lines = directives(goMod);
  const required = new Map(
    lines.flatMap(([verb, module, version]) =>
      verb === 'require' && module !== undefined && version !== undefined ? [[module, version] as const] : [],
    ),
  );
  for (const [verb, ...words] of lines) {
    const arrow = words.indexOf('=>');
    const [module] = words;
    const version = module === undefined ? undefined : required.get(module);
    if (verb !== 'replace' || arrow < 0 || module === undefined || version === undefined) continue;
    // A replace with a version on its left side applies to that version only.
    if (arrow === 2 && words[1] !== version) continue;
    required.set(module, `${version} => ${words.slice(arrow + 1).join(' ')}`);
  }
  return required;
};

/** Modules whose requirement differs, by name. */
export const moduleChanges = (baseGoMod: string, headGoMod: string): readonly ModuleChange[] => {
  const base = requirementsOf(baseGoMod);
  const head = requirementsOf(headGoMod);
  return [...new Set([...base.keys(), ...head.keys()])]
    .filter((module) => base.get(module) !== head.get(module))
    .toSorted()
    .map((module) => ({ module, base: base.get(module) ?? null, head: head.get(module) ?? null }));
};

/** What it says about Go itself. */
export const goLinesOf = (goMod: string): GoLines => {
  const lines = directives(goMod);
  const wordOf = (verb: string): string | null => lines.find(([first]) => first === verb)?.[1] ?? null;
  return {
    go: wordOf('go'),
    toolchain: wordOf('toolchain'),
    godebug: lines.filter(([verb]) => verb === 'godebug').map(([, ...words]) => words.join(' ')),
  };
};
