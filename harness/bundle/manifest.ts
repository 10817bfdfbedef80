/** What a bundle holds: everything that is needed to start a revision's service again, by the digests of its files. */
import { UsageError } from '../errors.ts';
import type { Revision } from '../model/index.ts';
import type { CompiledBuild } from '../service/index.ts';

export const BUNDLE_SCHEMA_VERSION = 1;

/** A file of the store. */
export interface StoredFile {
  /** sha256 (hex) of its bytes. */
  readonly digest: string;
  readonly bytes: number;
}

export interface SourceFile extends StoredFile {
  /** Below the root, `/`-separated. */
  readonly path: string;
  readonly isProgram: boolean;
}

export interface SourceLink {
  readonly path: string;
  /** Relative, and below the root. */
  readonly to: string;
}

/** As {@link CompiledBuild}, its archives in the store. */
export type BundledBuild = Omit<CompiledBuild, 'link'> & {
  readonly link: Omit<CompiledBuild['link'], 'main' | 'archives'> & {
    readonly main: StoredFile;
    readonly archives: readonly (StoredFile & { readonly importPath: string })[];
  };
};

export interface BundleManifest {
  readonly schemaVersion: typeof BUNDLE_SCHEMA_VERSION;
  readonly godynoVersion: string;
  /** Of the agent that is built in: another godyno may have another one, whose protocol it speaks. */
  readonly agentDigest: string;
  readonly scenario: string;
  readonly revision: Revision;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** The module's folder below the root; '' the root itself. */
  readonly module: string;
  readonly files: readonly SourceFile[];
  readonly links: readonly SourceLink[];
  readonly judged: BundledBuild;
  /** null: exact mode's build could not be kept, for `countedReason`. */
  readonly counted: { readonly build: BundledBuild; readonly unsteadyReason: string | null } | null;
  readonly countedReason: string | null;
}

/** Far above what a service of some hundred packages and a repository of ten thousand files take. */
export const MOST_MANIFEST_BYTES = 64 * 2 ** 20;
const MOST_FILES = 200_000;
const MOST_FILE_BYTES = 2 ** 30;
export const MOST_BUNDLE_BYTES = 4 * 2 ** 30;

export const refuseBundle = (where: string, what: string, cause?: unknown): UsageError =>
  new UsageError(
    'BUNDLE_BROKEN',
    `The bundle ${where} is not used: ${what}`,
    'Fetch it again from where it was stored, or make it anew: godyno baseline record. Without it, stored figures are compared: remove the file.',
    { cause },
  );

type Fields = Readonly<Record<string, unknown>>;

/** Reads a manifest whose digest has matched: a maker's mistake and a file of something else get one clear message. */
class ManifestReader {
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  refuse(what: string): never {
    throw refuseBundle(this.#where, what);
  }

  fields(value: unknown, at: string): Fields {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : this.refuse(`${at}: expected an object`);
  }

  text(value: unknown, at: string): string {
    return typeof value === 'string' && !value.includes('\0') ? value : this.refuse(`${at}: expected a text`);
  }

  orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
    return value === null ? null : read(value);
  }

  flag(value: unknown, at: string): boolean {
    return typeof value === 'boolean' ? value : this.refuse(`${at}: expected true or false`);
  }

  count(value: unknown, most: number, at: string): number {
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most
      ? value
      : this.refuse(`${at}: expected a whole number up to ${most}`);
  }

  list<T>(value: unknown, at: string, read: (value: unknown, at: string) => T): readonly T[] {
    if (!Array.isArray(value) || value.length > MOST_FILES) this.refuse(`${at}: expected a list`);
    return (value as readonly unknown[]).map((item, index) => read(item, `${at}[${index}]`));
  }

  texts(value: unknown, at: string): readonly string[] {
    return this.list(value, at, (item, place) => this.text(item, place));
  }

  digest(value: unknown, at: string): string {
    const text = this.text(value, at);
    return /^[0-9a-f]{64}$/.test(text) ? text : this.refuse(`${at}: expected a sha256`);
  }

  /** Of a file below a folder of ours; no way leads out of it. */
  path(value: unknown, at: string): string {
    const text = this.text(value, at);
    const isInside = text !== '' && text.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    return isInside && !text.includes('\\') ? text : this.refuse(`${at}: ${JSON.stringify(text)} is no place in it`);
  }

  stored(value: unknown, at: string): StoredFile {
    const fields = this.fields(value, at);
    return {
      digest: this.digest(fields['digest'], `${at}.digest`),
      bytes: this.count(fields['bytes'], MOST_FILE_BYTES, `${at}.bytes`),
    };
  }

  environment(value: unknown, at: string): Readonly<Record<string, string>> {
    const entries = Object.entries(this.fields(value, at));
    return Object.fromEntries(entries.map(([name, text]) => [name, this.text(text, `${at}.${name}`)]));
  }

  build(value: unknown, at: string): BundledBuild {
    const fields = this.fields(value, at);
    const link = this.fields(fields['link'], `${at}.link`);
    const text = (name: string): string => this.text(fields[name], `${at}.${name}`);
    const words = (name: string): readonly string[] => this.texts(fields[name], `${at}.${name}`);
    const maybe = (name: string): string | null => this.orNull(fields[name], () => text(name));
    return {
      importPath: text('importPath'),
      modulePath: text('modulePath'),
      agentImportPath: text('agentImportPath'),
      goVersion: text('goVersion'),
      platform: text('platform'),
      linkerDigest: this.digest(fields['linkerDigest'], `${at}.linkerDigest`),
      givenFlags: words('givenFlags'),
      ldflags: text('ldflags'),
      packages: words('packages'),
      unseededReason: maybe('unseededReason'),
      unmovable: maybe('unmovable'),
      movesPorts: this.flag(fields['movesPorts'], `${at}.movesPorts`),
      link: {
        flags: this.list(link['flags'], `${at}.link.flags`, (flag, place) => this.linkerFlag(flag, place)),
        linkSeed: this.orNull(link['linkSeed'], (seed) =>
          this.count(seed, Number.MAX_SAFE_INTEGER, `${at}.link.linkSeed`),
        ),
        modinfo: this.modinfo(link['modinfo'], `${at}.link.modinfo`),
        env: this.environment(link['env'], `${at}.link.env`),
        main: this.stored(link['main'], `${at}.link.main`),
        archives: this.list(link['archives'], `${at}.link.archives`, (archive, place) => ({
          ...this.stored(archive, place),
          importPath: this.importPath(this.fields(archive, place)['importPath'], `${place}.importPath`),
        })),
      },
    };
  }

  /** None of those that write elsewhere than to the output. */
  linkerFlag(value: unknown, at: string): string {
    const text = this.text(value, at);
    return /^--?(?:o|importcfg|tmpdir|outbuf\w*|capturehostobjs|cpuprofile|memprofile|benchmark\w*)(?:=|$)/.test(text)
      ? this.refuse(`${at}: ${text} is no flag that godyno keeps`)
      : text;
  }

  /** They become lines of a file. */
  importPath(value: unknown, at: string): string {
    const text = this.text(value, at);
    return /[\n\r=]/.test(text) ? this.refuse(`${at}: expected an import path`) : text;
  }

  modinfo(value: unknown, at: string): string {
    const text = this.text(value, at);
    return text === '' || /^modinfo [^\n\r]*$/.test(text) ? text : this.refuse(`${at}: expected a line`);
  }

  revision(value: unknown, at: string): Revision {
    const fields = this.fields(value, at);
    return {
      revision: this.text(fields['revision'], `${at}.revision`),
      label: this.text(fields['label'], `${at}.label`),
      kind: 'baseline',
    };
  }
}

const parseJson = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuseBundle(where, 'its manifest is not complete JSON', cause);
  }
};

/** Throws {@link UsageError} `BUNDLE_BROKEN`, `BUNDLE_NEWER` or `BUNDLE_OLDER`, which name `where`. */
export const parseManifest = (text: string, where: string): BundleManifest => {
  const read = new ManifestReader(where);
  const fields = read.fields(parseJson(text, where), 'its manifest');
  const version = fields['schemaVersion'];
  if (typeof version === 'number' && version > BUNDLE_SCHEMA_VERSION) {
    throw new UsageError(
      'BUNDLE_NEWER',
      `The bundle ${where} has schema version ${version}; this godyno reads ${BUNDLE_SCHEMA_VERSION}`,
      'Update godyno, or record the baseline again with this version.',
    );
  }
  if (typeof version === 'number' && version < BUNDLE_SCHEMA_VERSION) {
    throw new UsageError(
      'BUNDLE_OLDER',
      `The bundle ${where} has schema version ${version}, of an older godyno; this one reads ${BUNDLE_SCHEMA_VERSION}`,
      'Record the baseline again: godyno baseline record.',
    );
  }
  if (version !== BUNDLE_SCHEMA_VERSION) read.refuse('its manifest has no schemaVersion that godyno ever wrote');
  const manifest: BundleManifest = {
    schemaVersion: BUNDLE_SCHEMA_VERSION,
    godynoVersion: read.text(fields['godynoVersion'], 'godynoVersion'),
    agentDigest: read.digest(fields['agentDigest'], 'agentDigest'),
    scenario: read.text(fields['scenario'], 'scenario'),
    revision: read.revision(fields['revision'], 'revision'),
    createdAt: read.text(fields['createdAt'], 'createdAt'),
    module: fields['module'] === '' ? '' : read.path(fields['module'], 'module'),
    files: read.list(fields['files'], 'files', (file, at) => ({
      ...read.stored(file, at),
      path: read.path(read.fields(file, at)['path'], `${at}.path`),
      isProgram: read.flag(read.fields(file, at)['isProgram'], `${at}.isProgram`),
    })),
    links: read.list(fields['links'], 'links', (link, at) => ({
      path: read.path(read.fields(link, at)['path'], `${at}.path`),
      to: read.text(read.fields(link, at)['to'], `${at}.to`),
    })),
    judged: read.build(fields['judged'], 'judged'),
    counted: read.orNull(fields['counted'], (value) => {
      const counted = read.fields(value, 'counted');
      return {
        build: read.build(counted['build'], 'counted.build'),
        unsteadyReason: read.orNull(counted['unsteadyReason'], (reason) => read.text(reason, 'counted.unsteadyReason')),
      };
    }),
    countedReason: read.orNull(fields['countedReason'], (reason) => read.text(reason, 'countedReason')),
  };
  const isBelow = isBelowAnother(manifest.links);
  const link = manifest.links.find((one) => !staysInside(one.path, one.to) || isBelow(one));
  if (link !== undefined) read.refuse(`the link ${link.path} leads out of it`);
  if (bytesOf(manifest) > MOST_BUNDLE_BYTES) read.refuse(`it holds more than ${MOST_BUNDLE_BYTES / 2 ** 30} GB`);
  return manifest;
};

/** By its text alone, which says enough: `..` stands at its beginning only, before any other link it may lead through. */
export const staysInside = (path: string, to: string): boolean => {
  const up = /^(?:\.\.\/)*(?:\.\.$)?/.exec(to)?.[0] ?? '';
  const levels = up.split('/').filter((part) => part === '..').length;
  const rest = to.slice(up.length).split('/');
  return to !== '' && !to.startsWith('/') && !rest.includes('..') && levels <= path.split('/').length - 1;
};

/** Where a link lies is then what its path says. */
const isBelowAnother = (links: readonly SourceLink[]): ((link: SourceLink) => boolean) => {
  const all = new Set(links.map(({ path }) => path));
  return ({ path }) => path.split('/').some((_, index, parts) => index > 0 && all.has(parts.slice(0, index).join('/')));
};

const storedIn = ({ link }: BundledBuild): readonly StoredFile[] => [link.main, ...link.archives];

/** Everything of the store that a bundle refers to, each once. */
export const filesOf = ({ files, judged, counted }: BundleManifest): readonly StoredFile[] => {
  const all = [...files, ...storedIn(judged), ...(counted === null ? [] : storedIn(counted.build))];
  return [...new Map(all.map(({ digest, bytes }) => [digest, { digest, bytes }])).values()];
};

export const bytesOf = (manifest: BundleManifest): number =>
  filesOf(manifest).reduce((total, { bytes }) => total + bytes, 0);
