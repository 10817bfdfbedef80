/** A build that fails for want of files that git ignores: said as such, with the two keys that bring them. */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative } from 'node:path';
import { BuildError } from '../errors.ts';
import type { BySide } from '../model/index.ts';
import type { SideTree } from '../run/index.ts';
import { ignoredFiles, isIgnored } from '../source/index.ts';
import { MissingFilesError } from '../service/index.ts';

type WantedFiles = MissingFilesError['wanted'];

/** What git ignores of what is wanted. */
interface Ignored {
  /** For people. */
  readonly files: string;
  /** For `target.include`. */
  readonly glob: string;
}

/** Where files of this kind would lie, relative to the module folder. */
interface FilesPlace {
  readonly glob: string;
  /** One that may not exist yet; null: do not ask. */
  readonly example: string | null;
}

const isPattern = (path: string): boolean => /[*?[]/.test(path);

const placeOfEmbed = (folder: string, pattern: string): FilesPlace => {
  const path = normalize(join(folder, pattern.replace(/^all:/, '')));
  if (!isPattern(path)) return { glob: path, example: path };
  const fixed = path.replace(/\/?[^/]*[*?[].*$/, '');
  return fixed === '' ? { glob: path, example: null } : { glob: `${fixed}/**`, example: `${fixed}/x.js` };
};

/** The folder of a package of this module; null for another module's. */
const placeOfPackage = async (moduleDir: string, importPath: string): Promise<FilesPlace | null> => {
  const goMod = await readFile(join(moduleDir, 'go.mod'), 'utf8').catch(() => '');
  const module = /^\s*module\s+"?([^\s"]+)/m.exec(goMod)?.[1];
  if (module === undefined || !importPath.startsWith(`${module}/`)) return null;
  const folder = importPath.slice(module.length + 1);
  return { glob: `${folder}/*.go`, example: `${folder}/x.go` };
};

const placesOf = async (wanted: WantedFiles, moduleDir: string, folder: string): Promise<readonly FilesPlace[]> => {
  switch (wanted.kind) {
    case 'embed':
      return [placeOfEmbed(folder, wanted.text)];
    case 'package':
      return [await placeOfPackage(moduleDir, wanted.text)].filter((place) => place !== null);
    case 'name':
      return [join(folder, '*.go'), '**/*.go'].map((glob) => ({ glob, example: null }));
  }
};

const ignoredAt = async (moduleDir: string, place: FilesPlace, signal: AbortSignal): Promise<Ignored | null> => {
  const { glob, example } = place;
  const [first, ...more] = await ignoredFiles(moduleDir, [glob], signal);
  if (first !== undefined) return { files: more.length === 0 ? first : `${first} and ${more.length} more`, glob };
  return example !== null && (await isIgnored(moduleDir, example, signal)) ? { files: glob, glob } : null;
};

const WHY: Readonly<Record<WantedFiles['kind'], string>> = {
  embed: 'and git ignores those files',
  package: 'whose files git ignores',
  name: 'and there are Go files that git ignores, which may hold it',
};

const explained = (error: MissingFilesError, { files, glob }: Ignored): BuildError => {
  const [first = '', ...said] = error.message.split('\n');
  const what =
    error.wanted.kind === 'name'
      ? `${error.side}: ${error.wanted.text} is undefined`
      : first.replace(/, which .*$/, '');
  return new BuildError(
    'FILES_IGNORED',
    [
      `${what}, ${WHY[error.wanted.kind]} (${files}): a side is built from what is in git`,
      ...(error.wanted.kind === 'name' ? [first] : []),
      ...said,
    ].join('\n'),
    `Make them on each side before its build, target.generate: ["go generate ./..."] or whatever makes them; or carry those of the working tree to both sides, target.include: ["${glob}"].`,
  );
};

const explain = async (
  error: MissingFilesError,
  tree: SideTree,
  userModuleDir: string,
  signal: AbortSignal,
): Promise<Error> => {
  if (tree.revision.kind === 'folder') return error;
  const { file } = error.wanted;
  const folder = dirname(isAbsolute(file) ? relative(tree.moduleDir, file) : file);
  for (const place of await placesOf(error.wanted, userModuleDir, folder)) {
    const found = await ignoredAt(userModuleDir, place, signal);
    if (found !== null) return explained(error, found);
  }
  return error;
};

/** Runs `build`; where it fails for want of files that git ignores in the user's module folder, the error says so. */
export const withIgnoredExplained = async <T>(
  trees: BySide<SideTree>,
  userModuleDir: string,
  signal: AbortSignal,
  build: () => Promise<T>,
): Promise<T> => {
  try {
    return await build();
  } catch (error) {
    if (!(error instanceof MissingFilesError)) throw error;
    throw await explain(error, trees[error.side], userModuleDir, signal);
  }
};
