/** What an emulated program sees of its CPU: it chooses its code by that, so counts of two CPUs are not of the same code. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EMULATED_CPU, findCompiler, lastLine, type ProbeRequest, type QemuEngine, tryRun } from './qemu.ts';

const SOURCE = fileURLToPath(new URL('./plugin/cpu.c', import.meta.url));

/** What it takes to ask; without a compiler there would be no engine. */
const asker = async (request: ProbeRequest): Promise<string | null> => {
  const key = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const file = join(request.cacheDir, `cpu-${process.arch}-${key}`);
  if (existsSync(file)) return file;
  const compiler = await findCompiler(request);
  const fresh = `${file}.${process.pid}`;
  const built = compiler === undefined ? undefined : await tryRun(request, compiler, ['-O1', '-o', fresh, SOURCE]);
  if (built?.exitCode !== 0) return null;
  renameSync(fresh, file);
  return file;
};

/** One line of features; null where it could not be asked. */
export const emulatedCpu = async ({ program }: QemuEngine, request: ProbeRequest): Promise<string | null> => {
  const file = await asker(request);
  const said = file === null ? undefined : await tryRun(request, program, ['-cpu', EMULATED_CPU, file]);
  return said?.exitCode === 0 ? lastLine(said.stdout) : null;
};
