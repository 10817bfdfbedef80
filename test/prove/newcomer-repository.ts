/**
 * A service as its team has it, a clone with history, brought to godyno as a new user does it: `npm i` of the packed
 * tarball, `init --yes`, the edited lines, a commit; then commits of pull requests.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseDurationSeconds } from '../../harness/units/index.ts';
import { provenance, root } from './campaign.ts';
import { applyEdits, type Edit, plantFencedBurn } from './demo-variant.ts';
import type { Change, Leak, Newcomer, Origin } from './newcomer-services.ts';

export interface Tarball {
  readonly file: string;
  readonly commit: string;
}

export interface Workplace {
  /** Outside of every repository, and never in one. */
  readonly folder: string;
  /** Packed when the first service is set up. */
  readonly tarball: () => Tarball;
  /** Folders to clone from in place of an address, by service. */
  readonly clones: Readonly<Record<string, string>>;
}

/** What a command took and said; `at` is the second of each line. */
export interface Told {
  readonly code: number | null;
  readonly seconds: number;
  readonly lines: readonly { readonly at: number; readonly text: string }[];
  readonly out: string;
}

export interface Setup {
  /** Of godyno, as it was packed. */
  readonly packed: string;
  readonly base: string;
  readonly installSeconds: number;
  readonly initSeconds: number;
  /** Of them, in which the service was compiled. */
  readonly initBuildSeconds: number;
  readonly doctorSeconds: number;
  readonly doctorBuildSeconds: number;
  readonly doctorCode: number | null;
  readonly editedLines: number;
}

/** Caches of its own, so that nothing is there that a new user does not have; Go's downloads are the service's. */
const environment = ({ folder }: Workplace): NodeJS.ProcessEnv => ({
  ...process.env,
  GOCACHE: path.join(folder, 'go-build'),
  XDG_CACHE_HOME: path.join(folder, 'cache'),
});

export const tell = async (
  place: Workplace,
  cwd: string,
  command: string,
  ...args: readonly string[]
): Promise<Told> => {
  const startedMs = performance.now();
  const since = (): number => (performance.now() - startedMs) / 1000;
  const child = spawn(command, args, { cwd, env: environment(place), stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: { at: number; text: string }[] = [];
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    for (const text of chunk.toString().split('\n').filter(Boolean)) lines.push({ at: since(), text });
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, seconds: since(), lines, out };
};

const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=New User', '-c', 'user.email=new@example.com', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();

const makeWritable = (folder: string): void => {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(at);
    else if (entry.isFile()) chmodSync(at, 0o644);
  }
};

const copied = (from: string, folder: string): void => {
  cpSync(from, folder, { recursive: true });
  makeWritable(folder);
  git(folder, 'init', '--quiet', '--initial-branch', 'main');
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--message', 'The service');
};

const clone = (name: string, origin: Origin, folder: string, clones: Workplace['clones']): void => {
  if (origin.kind === 'folder') return copied(origin.folder, folder);
  if (origin.kind === 'module') {
    const told = execFileSync('go', ['mod', 'download', '-json', origin.module], { cwd: tmpdir(), encoding: 'utf8' });
    return copied((JSON.parse(told) as { readonly Dir: string }).Dir, folder);
  }
  git(tmpdir(), 'clone', '--quiet', clones[name] ?? origin.url, folder);
  git(folder, 'switch', '--quiet', '--force-create', 'main', origin.tag);
};

/** What a team has in place of the files that come with a service, before godyno is there. */
const replaceFiles = (folder: string, files: Readonly<Record<string, string>>): void => {
  if (Object.keys(files).length === 0) return;
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
  git(folder, 'commit', '--quiet', '--all', '--message', 'Our own configuration');
};

/** `init` says when it compiles and when it starts what it compiled. */
const secondsCompiling = ({ lines }: Told): number =>
  lines.reduce((sum, { at, text }, index) => {
    if (!/^Building |building again/.test(text)) return sum;
    return sum + ((lines[index + 1]?.at ?? at) - at);
  }, 0);

const secondsLinked = ({ lines, out }: Told): number =>
  [...`${out}\n${lines.map(({ text }) => text).join('\n')}`.matchAll(/built and linked in ([\dmsh. µ]+)/g)].reduce(
    (sum, [, text = '']) => sum + (parseDurationSeconds(text.replaceAll(' ', '')) ?? 0),
    0,
  );

const requireGood = (what: string, told: Told): Told => {
  if (told.code === 0) return told;
  throw new Error(`${what} ended with ${told.code}:\n${told.out}\n${told.lines.map(({ text }) => text).join('\n')}`);
};

const editedLinesOf = (edits: Newcomer['edits']): number =>
  edits.reduce((sum, { from, to }) => {
    const before = from.split('\n');
    return sum + to.split('\n').filter((line) => !before.includes(line)).length;
  }, 0);

export const repositoryOf = (place: Workplace, name: string): string => path.join(place.folder, name);

/** Once for each service; what it took is kept beside the repository, for the runs that follow. */
export const setUp = async (place: Workplace, name: string, service: Newcomer): Promise<Setup> => {
  const folder = repositoryOf(place, name);
  const kept = `${folder}.json`;
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as Setup;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(place.folder, { recursive: true });
  clone(name, service.origin, folder, place.clones);
  replaceFiles(folder, service.ownFiles ?? {});
  const tarball = place.tarball();
  const installed = requireGood('npm i', await tell(place, folder, 'npm', 'i', '--prefix', '.', '-D', tarball.file));
  const found = requireGood('init', await tell(place, folder, 'npx', 'godyno', 'init', '--yes'));
  const file = service.scenarioFile;
  const edits: readonly Edit[] = service.edits.map(({ from, to }) => ({ file, from, to }));
  applyEdits(folder, edits);
  appendFileSync(path.join(folder, '.gitignore'), '\nnode_modules/\n.godyno/\n');
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--message', 'godyno');
  const checked = await tell(place, folder, 'npx', 'godyno', 'doctor');
  writeFileSync(`${folder}.doctor.txt`, checked.out + checked.lines.map(({ text }) => text).join('\n'));
  const setup: Setup = {
    packed: tarball.commit,
    base: git(folder, 'rev-parse', 'HEAD'),
    installSeconds: installed.seconds,
    initSeconds: found.seconds,
    initBuildSeconds: secondsCompiling(found),
    doctorSeconds: checked.seconds,
    doctorBuildSeconds: secondsLinked(checked),
    doctorCode: checked.code,
    editedLines: editedLinesOf(service.edits),
  };
  writeFileSync(kept, JSON.stringify(setup, null, 1));
  return setup;
};

const packageOf = (text: string): string => /^package (\w+)$/m.exec(text)?.[1] ?? 'main';

const LEAKS: Readonly<Record<Leak, { readonly statement: string; readonly declaration: string }>> = {
  heap: {
    statement: '	zzKept.Lock()\n	zzKept.all = append(zzKept.all, make([]byte, 256))\n	zzKept.Unlock()\n',
    declaration: 'import "sync"\n\nvar zzKept struct {\n	sync.Mutex\n	all [][]byte\n}\n',
  },
  goroutine: {
    statement: '	go func() { <-zzNever }()\n',
    declaration: 'var zzNever = make(chan struct{})\n',
  },
};

const plantLeak = (folder: string, { site }: Newcomer, leak: Leak): void => {
  const { statement, declaration } = LEAKS[leak];
  applyEdits(folder, [{ file: site.file, from: site.after, to: site.after + statement }]);
  const file = path.join(folder, site.file);
  const text = `package ${packageOf(readFileSync(file, 'utf8'))}\n\n${declaration}`;
  writeFileSync(path.join(path.dirname(file), 'zzleak.go'), text);
};

/** A comment in the file that the other changes edit: what is compiled has other line numbers, and does the same. */
const addComment = (folder: string, { site }: Newcomer): void => {
  const file = path.join(folder, site.file);
  appendFileSync(file, '\n// What stands above is as it was.\n');
};

/** A pull request's branch with one commit, checked out. */
export const openPullRequest = (
  place: Workplace,
  name: string,
  service: Newcomer,
  base: string,
  change: Change,
): void => {
  const folder = repositoryOf(place, name);
  git(folder, 'switch', '--quiet', '--force-create', 'pull-request', '--discard-changes', base);
  git(folder, 'clean', '--quiet', '--force', '-d');
  if (change.kind === 'none') addComment(folder, service);
  else if (change.kind === 'slow') plantFencedBurn(folder, service.site, change.rounds, 'slow');
  else plantLeak(folder, service, change.leak);
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--message', 'A change');
};

/** `npm pack` of this repository, as it is. */
export const packed = (folder: string): Tarball => {
  mkdirSync(folder, { recursive: true });
  const told = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
  return { file: path.join(folder, told.trim().split('\n').at(-1) ?? ''), commit: provenance().commit };
};
