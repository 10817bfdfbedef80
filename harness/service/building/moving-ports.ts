/**
 * Lets a service that insists on its ports live twice on one machine: package net of the measured binaries gets one more
 * statement, by which the ports it listens on (and calls on this machine) are others, told by an environment variable.
 * It needs no privileges and costs nothing where requests are answered; a network namespace would need root or sudo, and
 * would cut the service off from what it calls on this machine.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A port that the service asks for, and the free one it gets. */
export interface MovedPort {
  readonly from: number;
  readonly to: number;
}

/** For the service's environment; empty when nothing moves. */
export const movedPortsEnv = (moved: readonly MovedPort[]): Readonly<Record<string, string>> =>
  moved.length === 0 ? {} : { GODYNO_PORTS: moved.map(({ from, to }) => `${from}:${to}`).join(',') };

/** Every socket with a port is made here; the same line in Go 1.22 to 1.27. */
const SIGNATURE =
  /^func internetSocket\(ctx context\.Context, net string, laddr, raddr sockaddr, sotype, proto int, mode string, .*\{$/gm;

/** GOROOT's file → the file to compile instead, for `go build -overlay`. */
export type Replacements = Readonly<Record<string, string>>;

/** Writes into `folder`; a string says why this Go's package net cannot be patched. */
export const movingPorts = (goroot: string, folder: string): Replacements | string => {
  const packageDir = join(goroot, 'src', 'net');
  const file = join(packageDir, 'ipsock_posix.go');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return `there is no ${file}`;
  }
  const lines = text.match(SIGNATURE) ?? [];
  if (lines.length !== 1) return 'its package net opens sockets in a way that godyno does not know';
  mkdirSync(folder, { recursive: true });
  const patched = join(folder, 'ipsock_posix.go');
  writeFileSync(
    patched,
    text.replace(SIGNATURE, (line) => `${line}\n\tladdr, raddr = godynoMove(mode, laddr, raddr)`),
  );
  return {
    [file]: patched,
    [join(packageDir, 'zz_godyno_ports.go')]: fileURLToPath(new URL('./moving-net.go.txt', import.meta.url)),
  };
};
