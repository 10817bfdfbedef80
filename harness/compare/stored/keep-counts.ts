/**
 * Counted launches as a baseline keeps them, and back: functions charged as reports charge them, launch by launch, so
 * that what is judged later is judged as if its profiles were there. Lines and callers are in the merged profile alone.
 */
import {
  COUNTS_SCHEMA_VERSION,
  type CountedStack,
  type ExactRun,
  type PerLaunch,
  type Side,
  type StoredCounts,
  type StoredFunction,
  type WorkGroup,
} from '../../model/index.ts';
import { isAgent, type Profile, valueColumn } from '../../profile/index.ts';
import { instructionsProfile } from '../counts/profile.ts';
import { chargedLine, groupOfSample, type ProfiledLaunch } from '../counts/work.ts';

interface Charged {
  readonly name: string;
  readonly file: string;
  readonly first: number;
  last: number;
  readonly group: WorkGroup;
  readonly instructions: number[];
  readonly calls: number[];
  readonly idle: number[];
}

const namesOf = ({ functions, strings }: Profile): readonly string[] =>
  Array.from({ length: functions.count }, (_, index) => strings[functions.name[index] ?? 0] ?? '');

/** Adds one launch's samples to the functions they are charged to; those of the agent to nobody. */
const charge = (profile: Profile, launch: number, launches: number, found: Map<string, Charged>): void => {
  const { samples, locations, functions, strings } = profile;
  const names = namesOf(profile);
  const columns = ['instructions', 'calls', 'idle_instructions'].map((type) => valueColumn(profile, type));
  const zeros = (): number[] => Array.from({ length: launches }, () => 0);
  for (let i = 0; i < samples.count; i++) {
    const line = chargedLine(profile, names, samples.stack[samples.stackStart[i] ?? 0] ?? 0);
    const index = locations.lineFunction[line] ?? 0;
    const name = names[index] ?? '';
    if (isAgent(name)) continue;
    const file = strings[functions.file[index] ?? 0] ?? '';
    const first = functions.startLine[index] ?? 0;
    const group = groupOfSample(profile, i);
    const key = `${name}\0${file}\0${first}\0${group}`;
    const own = found.get(key) ?? {
      name,
      file,
      first,
      last: first,
      group,
      instructions: zeros(),
      calls: zeros(),
      idle: zeros(),
    };
    found.set(key, own);
    own.last = Math.max(own.last, locations.lineNumber[line] ?? 0);
    [own.instructions, own.calls, own.idle].forEach((values, column) => {
      values[launch] = (values[launch] ?? 0) + (columns[column]?.[i] ?? 0);
    });
  }
};

const perLaunch = (values: readonly number[]): PerLaunch => {
  const [first = 0] = values;
  return values.every((value) => value === first) ? first : values;
};

/** null: there is nothing to keep, or nobody knows under which conditions it was counted. */
export const keepCounts = (
  scenario: string,
  { conditions, unsteadyReason }: ExactRun,
  launches: readonly ProfiledLaunch[],
): StoredCounts | null => {
  if (conditions === undefined || launches.length === 0) return null;
  const found = new Map<string, Charged>();
  launches.forEach(({ profile }, launch) => charge(profile, launch, launches.length, found));
  const files = [...new Set([...found.values()].map(({ file }) => file))];
  const places = new Map(files.map((file, place) => [file, place]));
  return {
    schemaVersion: COUNTS_SCHEMA_VERSION,
    scenario,
    conditions,
    unsteadyReason,
    launches: launches.map(({ launch: { side: _side, profile: _profile, ...launch } }) => launch),
    files,
    functions: [...found.values()].map(
      ({ name, file, first, last, group, instructions, calls, idle }): StoredFunction => ({
        name,
        file: places.get(file) ?? 0,
        lines: [first, last],
        group,
        instructions: perLaunch(instructions),
        calls: perLaunch(calls),
        idle: perLaunch(idle),
      }),
    ),
  };
};

const ofLaunch = (values: PerLaunch, launch: number): number =>
  typeof values === 'number' ? values : (values[launch] ?? 0);

const stacksOf = (
  { functions, files }: StoredCounts,
  launch: number,
  what: 'instructions' | 'idle',
): readonly CountedStack[] =>
  functions.flatMap(({ name, file, lines: [startLine, line], group, calls, ...values }) => {
    const instructions = ofLaunch(values[what], launch);
    const entries = what === 'idle' ? 0 : ofLaunch(calls, launch);
    if (instructions === 0 && entries === 0) return [];
    return [
      { frames: [{ function: name, file: files[file] ?? '', line, startLine }], group, instructions, calls: entries },
    ];
  });

/** The launches as those of `side`. */
export const launchesOfCounts = (counts: StoredCounts, side: Side): readonly ProfiledLaunch[] =>
  counts.launches.map((launch, number) => ({
    launch: { ...launch, side, profile: '' },
    profile: instructionsProfile(stacksOf(counts, number, 'instructions'), stacksOf(counts, number, 'idle')),
  }));
