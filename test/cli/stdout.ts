/** Runs the command line in this process and keeps what it prints. */
import { vi } from 'vitest';
import { main } from '../../harness/cli/main.ts';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const runMain = async (...argv: readonly string[]): Promise<Said> => {
  const said = { stdout: '', stderr: '' };
  const hear = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
  const spies = [hear('stdout'), hear('stderr')];
  try {
    const code = await main(argv);
    return { code, ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
};
