/**
 * How fast profiles are read, against google/pprof's own Go package: CPU time of both in one run, side by side, the
 * best of several rounds, gunzip included. Usage: node test/bench/profile-bench.ts [FILE.pb.gz …]; without files the
 * synthetic profile (100,000 samples of 30 frames), the Go compiler's own CPU profile and a fixture.
 * Ends 1 when the synthetic profile falls short of the bars.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeProfile, functionCosts, mergeProfiles } from '../../harness/profile/index.ts';

/** What issue 7 asks for: times Go's speed. */
const LEAST_DECODE_RATIO = 4;
const LEAST_FLAT_CUM_RATIO = 6;
/** Go and we take turns this often, so that a noisy moment hits both. */
const TURNS = 3;

interface Times {
  readonly parse: number;
  readonly flatCum: number;
}

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'profile-bench-'));
const goTool = join(folder, 'profile-go');

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 300_000 });

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

const timeOurs = (bytes: Uint8Array, rounds: number): Times => {
  let parse = Infinity;
  let flatCum = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    const profile = decodeProfile(bytes, 'bench');
    parse = Math.min(parse, cpuMs(start));
    functionCosts(profile, { names: 'pprof' });
    flatCum = Math.min(flatCum, cpuMs(start));
  }
  return { parse, flatCum };
};

const timeGo = (file: string, rounds: number): Times =>
  JSON.parse(run(goTool, ['time', file, `${rounds}`], here)) as Times;

const least = (times: readonly Times[]): Times => ({
  parse: Math.min(...times.map(({ parse }) => parse)),
  flatCum: Math.min(...times.map(({ flatCum }) => flatCum)),
});

/** Ratios of one file, printed as a row. */
const compare = (file: string): Times => {
  const bytes = readFileSync(file);
  const rounds = bytes.length > 1_000_000 ? 12 : 400;
  const turns = Array.from({ length: TURNS }, () => ({ ours: timeOurs(bytes, rounds), go: timeGo(file, rounds) }));
  const ours = least(turns.map((turn) => turn.ours));
  const go = least(turns.map((turn) => turn.go));
  const ratio = { parse: go.parse / ours.parse, flatCum: go.flatCum / ours.flatCum };
  const cells = [go.parse, ours.parse, ratio.parse, go.flatCum, ours.flatCum, ratio.flatCum].map((n) => n.toFixed(2));
  console.log(`| ${basename(file)} ${Math.ceil(bytes.length / 1024)} KB | ${cells.join(' | ')} |`);
  return ratio;
};

const makeFiles = (): readonly string[] => {
  const synthetic = join(folder, 'synthetic.pb.gz');
  run(goTool, ['make', synthetic], here);
  const compiler = join(folder, 'compiler.pb.gz');
  const root = run('go', ['env', 'GOROOT'], here).trim();
  run(
    'go',
    ['build', `-gcflags=-cpuprofile=${compiler}`, '-o', join(folder, 'types.a'), '.'],
    join(root, 'src/go/types'),
  );
  return [synthetic, compiler, join(here, '../fixtures/profiles/go1.26/cpu.pb.gz')];
};

const timeMerge = (): void => {
  const names = ['cpu', 'heap', 'mutex', 'block', 'goroutine'];
  const files = names.map((name) => readFileSync(join(here, `../fixtures/profiles/go1.26/${name}.pb.gz`)));
  const start = process.cpuUsage();
  for (const bytes of files) mergeProfiles(Array.from({ length: 10 }, () => decodeProfile(bytes, 'bench')));
  console.log(`\n10 profiles of each of 5 kinds decoded and merged: ${cpuMs(start).toFixed(0)} ms CPU`);
};

try {
  run('go', ['build', '-o', goTool, '.'], join(here, 'profile-go'));
  const given = process.argv.slice(2);
  console.log(
    '| Profile | Go parse ms | ours | times | Go parse + flat/cum ms | ours | times |\n|---|---|---|---|---|---|---|',
  );
  const ratios = (given.length > 0 ? given : makeFiles()).map(compare);
  if (given.length === 0) timeMerge();
  const [first] = ratios;
  if (given.length === 0 && first && (first.parse < LEAST_DECODE_RATIO || first.flatCum < LEAST_FLAT_CUM_RATIO)) {
    console.log(
      `\nShort of the bars: ${LEAST_DECODE_RATIO} and ${LEAST_FLAT_CUM_RATIO} times on the synthetic profile.`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
