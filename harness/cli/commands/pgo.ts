/** `godyno pgo`: the CPU profiles of a run as one `default.pgo`, from which `go build` optimises the service. */
import { writeFile } from 'node:fs/promises';
import { EXIT, type ExitCode, UsageError } from '../../errors.ts';
import type { ScenarioRun } from '../../model/index.ts';
import { encodeProfile, mergeProfiles, type Profile, withoutAgent } from '../../profile/index.ts';
import { folderReader, openProfile, openRun, type ReadFile } from '../../results/index.ts';
import { formatNumberOf } from '../../units/index.ts';

interface PgoOptions {
  readonly scenario?: string | undefined;
  readonly out: string;
}

const packagesOf = (runs: readonly ScenarioRun[]): readonly string[] => [
  ...new Set(runs.map(({ builds }) => builds.head.importPath)),
];

/** One service's runs: a profile of two programs would optimise neither. */
const chooseRuns = (runs: readonly ScenarioRun[], wanted: string | undefined): readonly ScenarioRun[] => {
  const chosen = wanted === undefined ? runs : runs.filter(({ scenario }) => scenario.name === wanted);
  const names = runs.map(({ scenario }) => scenario.name).join(', ');
  if (chosen.length === 0)
    throw new UsageError('NO_SUCH_SCENARIO', `The run has no scenario ${wanted ?? ''}`, `It has ${names}.`);
  const packages = packagesOf(chosen);
  if (packages.length === 1) return chosen;
  throw new UsageError(
    'PGO_PACKAGES',
    `The run measured ${packages.length} programs: ${packages.join(', ')}`,
    `Choose the scenarios of one: --scenario, one of ${names}.`,
  );
};

const headProfiles = async (runs: readonly ScenarioRun[], read: ReadFile): Promise<readonly Profile[]> => {
  const profiles: Profile[] = [];
  for (const launch of runs.flatMap(({ launches }) => launches)) {
    const ref = launch.sides.head.profiles.cpu;
    const profile = ref === undefined ? null : await openProfile(ref, 'cpu', read);
    if (profile !== null) profiles.push(withoutAgent(profile));
  }
  return profiles;
};

export const writePgo = async (options: PgoOptions, word: string): Promise<ExitCode> => {
  const { run, dir } = await openRun(word);
  const runs = chooseRuns(run.runs, options.scenario);
  const read = folderReader(dir);
  const profiles = await headProfiles(runs, read);
  if (profiles.length === 0) {
    throw new UsageError(
      'NO_CPU_PROFILE',
      `${word} holds no CPU profile of the head`,
      'Measure with CPU profiles (not --exact only), and keep profiles/ beside run.json.',
    );
  }
  for (const what of read.problems) process.stderr.write(`Left out: ${what}\n`);
  const merged = mergeProfiles(profiles);
  await writeFile(options.out, encodeProfile(merged));
  const [program = ''] = packagesOf(runs);
  process.stderr.write(
    `${options.out}: ${formatNumberOf(profiles.length, 'CPU profile')} of ${program}, ${formatNumberOf(merged.samples.count, 'stack')}.\n` +
      `Put it as default.pgo into the folder of that main package; go build takes it from there. Measure a change with the same file on both sides.\n`,
  );
  process.stdout.write(`${options.out}\n`);
  return EXIT.ok;
};
