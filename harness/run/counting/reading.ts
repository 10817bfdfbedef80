/** What is kept of a launch: its work by function where the tables of the program are understood, else in total. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { instructionsProfile } from '../../compare/index.ts';
import { countsBetween, type GoTables, groupsBetween, totalBetween } from '../../exact/index.ts';
import type { BySide, ExactLaunch, TotalsLaunch } from '../../model/index.ts';
import { encodeProfile, type Profile } from '../../profile/index.ts';
import type { CountedWindow, RoutesToCount } from './launch.ts';
import { folderOf } from '../../folders.ts';

const common = ({ counting, side, number, windowSeconds, wallSeconds }: CountedWindow) => ({
  index: number,
  side,
  linkSeed: null,
  requests: counting.requests,
  windowSeconds,
  idleSeconds: counting.pace.idleMs / 1000,
  wallSeconds,
});

/** The groups that the verdict is about. */
const judgedSum = ({ user, runtime, allocator }: ExactLaunch['groups']): number => user + runtime + allocator;

/** Makes of the counters what is kept of a launch. */
type CountedReader<T> = (window: CountedWindow) => Promise<T>;

/** Instructions that the verdict is about, between two snapshots of one side. */
export const workBetween =
  (tables: BySide<GoTables>): RoutesToCount['workBetween'] =>
  (side, before, after) =>
    judgedSum(groupsBetween(before, after, { tables: tables[side], arch: process.arch }));

/** Throws `GO_TABLES_UNREADABLE` where an address that was executed meets what we do not understand. */
export const byFunction =
  (tables: BySide<GoTables>): CountedReader<ExactLaunch> =>
  async (window) => {
    const { counting, side, snapshots, peakBytes, replies } = window;
    const { resting, rested, before, after } = snapshots;
    const program = { tables: tables[side], arch: process.arch };
    const counts = countsBetween(before, after, program);
    const profile = instructionsProfile(counts.stacks, countsBetween(resting, rested, program).stacks);
    const { moreWarmUp } = counting.pace;
    const { routes } = window;
    return {
      groups: counts.groups,
      syscalls: counts.syscalls,
      threads: counts.threads,
      ...(counts.lostCalls > 0 && { lostCalls: counts.lostCalls }),
      ...(moreWarmUp > 0 && { moreWarmUp }),
      ...(routes.length > 0 && { routes }),
      ...(peakBytes !== undefined && { peakRssBytes: peakBytes }),
      ...(replies === null ? {} : { replies }),
      profile: await saveProfile(window, profile),
      ...common(window),
    };
  };

export const inTotal: CountedReader<TotalsLaunch> = async (window) => {
  const { resting, rested, before, after } = window.snapshots;
  return {
    instructions: totalBetween(before, after),
    idleInstructions: totalBetween(resting, rested),
    ...common(window),
  };
};

const saveProfile = async ({ counting, side, number }: CountedWindow, profile: Profile): Promise<string> => {
  const { plan } = counting.session;
  const file = join('profiles', folderOf(plan.scenario.name), side, `exact-${number}`, 'instructions.pb.gz');
  await mkdir(dirname(join(plan.outDir, file)), { recursive: true });
  await writeFile(join(plan.outDir, file), encodeProfile(profile));
  return file;
};
