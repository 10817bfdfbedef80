/**
 * Folders of fixed names that each side has for itself: a service that keeps its data in /var/lib/name, whatever it is told,
 * is started in a mount namespace in which that folder is another one. Root may make one; others may where the system lets
 * them have a user namespace, in which the service still has its own user and no more rights than before.
 */
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf, TargetStartError } from '../../errors.ts';
import type { Side } from '../../model/index.ts';
import { runCommand } from '../../process/index.ts';

/** Words in front of a command. */
type Prefix = readonly string[];

/** Pairs of folders, what lies over what, up to `--`; then the command, in the same process. */
const MOUNT = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 125; shift 2; done; shift; exec "$@"';

const mounting = (pairs: readonly string[]): Prefix => ['sh', '-c', MOUNT, 'sh', ...pairs, '--'];

const ROOT = ['unshare', '--mount', '--propagation', 'private'] as const;

/** As root of a namespace it mounts; in a second one below that it is who it was again. */
const USER = ['unshare', '--user', '--map-root-user', '--mount'] as const;
const asBefore = (uid: number, gid: number): Prefix => [
  'unshare',
  '--user',
  `--map-user=${uid}`,
  `--map-group=${gid}`,
  '--',
];

const prefixFor = (pairs: readonly string[]): Prefix => {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  return uid === 0 ? [...ROOT, ...mounting(pairs)] : [...USER, ...mounting(pairs), ...asBefore(uid, gid)];
};

const HOW =
  'It takes Linux, util-linux, and root (in a container CAP_SYS_ADMIN) or unprivileged user namespaces (on Ubuntu 24.04: sysctl kernel.apparmor_restrict_unprivileged_userns=0). Without: leave target.private out and set target.sides: alternate.';

/** Over what is there: an empty folder with its owner and rights. */
const makeOver = (folder: string, own: string, side: Side): readonly [string, string] => {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there?.isDirectory() !== true) {
    throw new TargetStartError(
      'PRIVATE_FOLDER_MISSING',
      `${side}: there is no folder ${folder} that this side could have one of its own in place of`,
      `Make it (mkdir -p ${folder}), or take it out of target.private; nothing is written into it.`,
    );
  }
  mkdirSync(own, { recursive: true });
  chmodSync(own, there.mode);
  if (process.geteuid?.() === 0) chownSync(own, there.uid, there.gid);
  return [own, folder];
};

/** Whether it works is only known by trying it; the folders stay. */
const requireWorks = async (prefix: Prefix, side: Side, signal: AbortSignal): Promise<void> => {
  const [file, ...args] = [...prefix, 'true'];
  const tried = await runCommand({ file, args, cwd: '/', timeoutSeconds: 20 }, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return { exitCode: null, stderr: reasonOf(error) };
  });
  if (tried.exitCode === 0) return;
  throw new TargetStartError(
    'PRIVATE_FOLDER_REFUSED',
    `${side}: this system does not let a side have a folder of its own in place of one of target.private: ${tried.stderr.trim().split('\n').at(-1) ?? ''}`,
    HOW,
  );
};

/**
 * What starts the service, and its commands, with the folders in place; nothing for none. The same at every call for one
 * `tmp`. Throws PRIVATE_FOLDER_MISSING or PRIVATE_FOLDER_REFUSED (exit 5).
 */
export const ownFoldersPrefix = async (
  folders: readonly string[],
  { tmp, side, signal }: { readonly tmp: string; readonly side: Side; readonly signal: AbortSignal },
): Promise<Prefix> => {
  if (folders.length === 0) return [];
  const pairs = folders.flatMap((folder, index) => makeOver(folder, join(`${tmp}-private`, String(index)), side));
  const prefix = prefixFor(pairs);
  await requireWorks(prefix, side, signal);
  return prefix;
};
