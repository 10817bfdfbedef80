/** What one round of the burning loop takes on this machine. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildError } from '../errors.ts';
import { type GoProgram, runCommand } from '../process/index.ts';

/** The loop of planter/fault.go, timed. Its rounds depend on each other, so neither alignment nor width matter. */
const PROGRAM = `package main

import (
	"fmt"
	"time"
)

func burn(x, rounds uint64) uint64 {
	for i := rounds; i > 0; i-- {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func main() {
	const rounds = 1_000_000
	x, least := uint64(1), time.Duration(1<<62)
	for try := 0; try < 40; try++ {
		start := time.Now()
		x = burn(x, rounds)
		if took := time.Since(start); took < least {
			least = took
		}
	}
	if x != 0 {
		fmt.Println(float64(least.Nanoseconds()) / rounds)
	}
}
`;

const BUILD_SECONDS = 300;
const BURN_SECONDS = 60;

/**
 * Nanoseconds per round: the least of 40 tries, since a disturbed try only ever takes longer. Pass the Go that compiles
 * the loop where it is planted, and the CPUs of the services. Throws {@link BuildError} `BURN_UNKNOWN`.
 */
export const burnRoundNs = async (
  folder: string,
  go: GoProgram,
  cpus: readonly number[] | null,
  signal: AbortSignal,
): Promise<number> => {
  const source = join(folder, 'burn');
  await mkdir(source, { recursive: true });
  await writeFile(join(source, 'go.mod'), 'module zzgodynoburn\n\ngo 1.22\n');
  await writeFile(join(source, 'main.go'), PROGRAM);
  const env = { GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0', ...go.env, PWD: source };
  const program = join(source, 'zzgodynoburn');
  const built = await runCommand(
    { file: go.file, args: ['build', '-o', program, '.'], cwd: source, env, timeoutSeconds: BUILD_SECONDS },
    signal,
  );
  const said =
    built.exitCode === 0
      ? await runCommand({ file: program, args: [], cwd: source, timeoutSeconds: BURN_SECONDS, cpus }, signal)
      : built;
  const roundNs = Number(said.stdout);
  if (said.exitCode === 0 && roundNs > 0) return roundNs;
  throw new BuildError(
    'BURN_UNKNOWN',
    `How long this machine computes could not be measured:\n${said.stderr.trim()}`,
    'Check that `go build` works on this machine.',
  );
};
