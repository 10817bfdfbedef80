/** Binding ourselves, so that the harness and what it starts keep off the services' CPUs. */
import { runCommand } from './command.ts';

/** Binds this process with all its threads; what it starts from now on inherits it. Does nothing where it cannot. */
export const bindSelf = async (cpus: readonly number[], signal: AbortSignal): Promise<void> => {
  if (cpus.length === 0) return;
  const args = ['-a', '-c', '-p', cpus.join(','), String(process.pid)];
  await runCommand({ file: 'taskset', args, cwd: '/', timeoutSeconds: 10 }, signal);
};
