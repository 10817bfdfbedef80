/** Whether files of Go itself can be replaced in a build: `go` refuses it in some places, and in others ignores it silently. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGo } from './go-command.ts';
import { goFailure } from './go-failure.ts';
import type { PreparedBuild } from './prepare.ts';

const PROBE = 'zz_godyno_probe.go';

/**
 * Lays one more file over Go's runtime and asks whether `go` sees it; compiles nothing. The answer is why not, one
 * sentence; null: it does. `folder` is ours to write into.
 */
export const whyGoIsFixed = async (
  { facts, spec, side }: PreparedBuild,
  folder: string,
  signal: AbortSignal,
): Promise<string | null> => {
  const goroot = facts.goEnv['GOROOT'] ?? '';
  mkdirSync(folder, { recursive: true });
  const overlay = join(folder, 'probe.json');
  writeFileSync(join(folder, PROBE), 'package runtime\n');
  const key = join(goroot, 'src/runtime', PROBE);
  writeFileSync(overlay, JSON.stringify({ Replace: { [key]: join(folder, PROBE) } }));
  const args = ['list', `-overlay=${overlay}`, '-f', '{{.GoFiles}}', 'runtime'];
  const listed = await callGo({ cwd: facts.moduleDir, go: facts.go, env: spec.buildEnv, args }, signal);
  if (listed.exitCode !== 0) {
    const { message } = goFailure('go list runtime', { side, repeat: 'go list runtime' }, listed);
    return (message.split('\n')[0] ?? message).replace(`${side}: `, '');
  }
  return listed.stdout.includes(PROBE) ? null : `\`go\` does not see files that are laid over its own in ${goroot}`;
};

/** What the compiler says first, without the folders of the file. */
export const firstFault = (said: string): string => {
  const lines = said.trim().split('\n');
  const fault = lines.find((line) => /\.go:\d+/.test(line)) ?? lines[0] ?? '';
  return fault.trim().replace(/^\S*\/(?=\w+\.go:)/, '');
};

/** Compiles Go's runtime with what an overlay lays over it: the first thing the compiler says against it, or null. */
export const whyRuntimeFails = async (
  { facts, spec }: PreparedBuild,
  overlayFile: string,
  signal: AbortSignal,
): Promise<string | null> => {
  const args = ['build', `-overlay=${overlayFile}`, 'runtime'];
  const built = await callGo({ cwd: facts.moduleDir, go: facts.go, env: spec.buildEnv, args }, signal);
  return built.exitCode === 0 ? null : firstFault(built.stderr);
};
