/**
 * Launches that would get into each other's way go one at a time, though there are CPUs for two. Each side has a folder,
 * ports and a home of its own in every launch; what a service keeps elsewhere, two launches would share.
 */
import { relative } from 'node:path';
import { peakRssBytes } from '../../capture/index.ts';
import { type Scenario, type SetupCommand, SIDES, targetOf } from '../../model/index.ts';
import { type RunningTarget, writtenFiles } from '../../service/index.ts';
import type { CpuRequest } from './cpus.ts';
import type { RunPlan } from './plan.ts';
import type { Session } from './session.ts';

/** A command that names the folder or a port of its launch prepares that launch; others prepare what all have in common. */
const OF_ITS_LAUNCH = /\$\$?\{?(?:tmp|port|TMPDIR|PORT|HOME)\b/;

const isOfItsLaunch = ({ command, args, env }: SetupCommand): boolean =>
  [command, ...args, ...Object.values(env)].some((word) => OF_ITS_LAUNCH.test(word));

/** How many launches at a time the scenario wants, or what of it speaks against two. */
export const lanesFor = (scenario: Scenario): Pick<CpuRequest, 'mostLanes' | 'againstTwo'> => {
  const { target, measure } = scenario;
  if (target.sides === 'alternate' || measure.exact === 'only') return { mostLanes: 1 };
  return measure.lanes === undefined ? { againstTwo: againstTwo(scenario) } : { mostLanes: measure.lanes };
};

const againstTwo = ({ target }: Scenario): string | null => {
  for (const side of SIDES) {
    const { setup, seed } = targetOf(target, side);
    const common = [...setup, ...seed].find((command) => !isOfItsLaunch(command));
    if (common !== undefined)
      return `the command "${[common.command, ...common.args].join(' ')}" names neither \${tmp} nor \${port}, so launches may share what it prepares`;
  }
  return null;
};

export const oneAtATimeNote = (reason: string): string =>
  `Launches went one at a time though there are CPUs for two: ${reason}.`;

/** From here on there is one lane. */
export const goOneAtATime = (session: Session, reason: string): void => {
  if (session.lanes.length === 1) return;
  session.lanes = [session.lanes[0]];
  session.notes.add(oneAtATimeNote(reason));
};

/** Before the services of the first launch are stopped: looks whether another one would share what they hold. */
export const settleLanes = async (session: Session, started: readonly RunningTarget[]): Promise<void> => {
  const { lanes, launches, plan } = session;
  if (lanes.length === 1 || launches.length > 0 || plan.scenario.measure.lanes !== undefined) return;
  const reason = (await commonFile(plan, started)) ?? tooLarge(started, process.availableMemory());
  if (reason !== null) goOneAtATime(session, reason);
};

const isBelow = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** A file that every launch of this side would have open for writing. */
const commonFile = async ({ scenario, trees }: RunPlan, started: readonly RunningTarget[]): Promise<string | null> => {
  for (const { pid, tmp, side } of started) {
    const own = [tmp, ...(targetOf(scenario.target, side).private ?? [])];
    const common = [...(await writtenFiles(pid)).values()].find((path) => !own.some((folder) => isBelow(path, folder)));
    if (common === undefined) continue;
    const { runRoot } = trees[side];
    // Below a copy of ours the user knows its place in the source.
    const named = isBelow(common, runRoot) ? relative(runRoot, common) : common;
    return `${side} has ${named} open for writing, which is not below \${tmp}`;
  }
  return null;
};

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Twice what a launch takes must be free beside the first one: services grow, and so do we. */
const tooLarge = (started: readonly RunningTarget[], freeBytes: number): string | null => {
  const pids = started.flatMap(({ servingPids }) => servingPids);
  const takenBytes = pids.reduce((sum, pid) => sum + (peakRssBytes(pid) ?? 0), 0);
  return 2 * takenBytes <= freeBytes
    ? null
    : `a launch takes ${megabytes(takenBytes)} of memory, and ${megabytes(freeBytes)} are free beside one`;
};
