import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SERVICE = realpathSync(join(import.meta.dirname, 'service'));
const AGENT = realpathSync(join(import.meta.dirname, '../../harness/service/agent'));

export const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'gdc-'));

/** Builds test/capture/service with the agent put in by overlay, as the target module does. */
export const buildService = (folder: string): string => {
  const sources = readdirSync(AGENT).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  const door = join(folder, 'zz_godyno.go');
  writeFileSync(door, 'package main\n\nimport _ "godyno.invalid/capture-service/internal/zzgodyno"\n');
  const replace = {
    [join(SERVICE, 'zz_godyno.go')]: door,
    ...Object.fromEntries(sources.map((name) => [join(SERVICE, 'internal/zzgodyno', name), join(AGENT, name)])),
  };
  const overlay = join(folder, 'overlay.json');
  writeFileSync(overlay, JSON.stringify({ Replace: replace }));
  const binary = join(folder, 'service');
  execFileSync('go', ['build', '-trimpath', '-buildvcs=false', '-overlay', overlay, '-o', binary, '.'], {
    cwd: SERVICE,
    env: { ...process.env, GOWORK: 'off' },
  });
  return binary;
};

/** A running service; `tell` resolves when it has done what it was told. */
export interface Service {
  readonly pid: number;
  readonly socketDir: string;
  /** Its first line: the agent's two variables as the service sees them. */
  readonly firstLine: string;
  readonly exited: Promise<unknown>;
  tell(line: string): Promise<void>;
  /** Sends a line whose answer nobody waits for. */
  send(line: string): void;
  stop(): Promise<void>;
}

export const startService = async (
  binary: string,
  socketDir: string,
  env: Readonly<Record<string, string>> = { GODYNO_AGENT: socketDir },
): Promise<Service> => {
  mkdirSync(socketDir, { recursive: true });
  const child: ChildProcessWithoutNullStreams = spawn(binary, {
    env: { PATH: process.env['PATH'] ?? '', GOMAXPROCS: '1', ...env },
  });
  child.stderr.pipe(process.stderr);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => String((await lines.next()).value);
  const firstLine = await nextLine();
  return {
    pid: child.pid ?? -1,
    socketDir,
    firstLine,
    exited,
    tell: async (line) => {
      child.stdin.write(`${line}\n`);
      const answer = await nextLine();
      if (answer !== 'done') throw new Error(`the service answered ${answer} to ${line}`);
    },
    send: (line) => void child.stdin.write(`${line}\n`),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
};
