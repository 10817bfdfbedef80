/**
 * Another Go on each side: whether it is all that changed, and what is known of it. A pull request that only bumps Go has
 * no line of code to look at, so its report begins with this.
 */
import {
  type BuildInfo,
  type BySide,
  bothSides,
  type GoLines,
  type GroupCost,
  type RunFile,
  type ScenarioRun,
  type ToolchainChange,
} from '../../model/index.ts';
import { isBuiltByTwo, toolchainGates } from '../verdict/gates.ts';
import { changesBetween, changesOfGoLines } from './go-changes.ts';
import { compareToolchains } from './build-settings.ts';

/** What the sides' sources differ by. */
export type SourceChange = Pick<RunFile, 'base' | 'head' | 'diff' | 'moduleChanges' | 'goLines'>;

/** Files that say which Go to take or that no build of the service reads: tests, documents, workflows. */
const NO_CODE =
  /(?:^|\/)(?:go\.(?:mod|sum|work|work\.sum)|\.go-version|\.tool-versions|mise\.toml|[^/]*(?:Docker|Container)file[^/]*|Makefile|[^/]*_test\.go|[^/]*\.(?:md|dockerfile))$|(?:^|\/)\.(?:github|gitlab|circleci)(?:\/|-)/;

/** Whether nothing but Go's version differs in the sources; where no diff could be made, nobody knows. */
const isBumpOnly = ({ base, head, diff, moduleChanges, goLines }: SourceChange): boolean => {
  if (base.revision === head.revision) return true;
  if (diff.length === 0 || moduleChanges.length > 0) return false;
  const [before, after] = [goLines?.base.godebug ?? [], goLines?.head.godebug ?? []];
  return before.join() === after.join() && diff.every(({ file }) => NO_CODE.test(file));
};

const ONE_REVISION: GoLines = { go: null, toolchain: null, godebug: [] };

/** One revision has one go.mod, whatever it says. */
export const goLinesIn = ({ base, head, goLines }: SourceChange): BySide<GoLines> | undefined =>
  goLines ?? (base.revision === head.revision ? { base: ONE_REVISION, head: ONE_REVISION } : undefined);

/** What the two go.mod files say, where it differs. */
const changedGoLines = ({ goLines }: SourceChange): ToolchainChange['goLines'] => {
  if (goLines === undefined || goLines.base.go === null || goLines.head.go === null) return null;
  return goLines.base.go === goLines.head.go ? null : { base: goLines.base.go, head: goLines.head.go };
};

/** Settings that differ, other than those that Go's version decides. */
const isBuiltAlike = (builds: BySide<BuildInfo>): boolean =>
  compareToolchains(bothSides((side) => ({ ...builds[side], settings: withoutDefaults(builds[side]) }))).warnings
    .length === 0;

const withoutDefaults = ({ settings }: BuildInfo): BuildInfo['settings'] => ({ ...settings, DefaultGODEBUG: '' });

/** Undefined where both sides have one Go and one go line. */
export const toolchainChange = (
  { builds, scenario }: Pick<ScenarioRun, 'builds' | 'scenario'>,
  sources: SourceChange,
  costs: readonly GroupCost[],
): ToolchainChange | undefined => {
  const goLines = changedGoLines(sources);
  if (!isBuiltByTwo(builds) && goLines === null) return undefined;
  const versions = bothSides((side) => builds[side].goVersion);
  return {
    versions,
    goLines,
    isOnly: isBumpOnly(sources) && isBuiltAlike(builds),
    binaryBytes: bothSides((side) => builds[side].binaryBytes),
    gates: isBuiltByTwo(builds) ? toolchainGates(scenario) : [],
    known: [
      ...changesBetween(versions.base, versions.head),
      ...(goLines === null ? [] : changesOfGoLines(goLines.base, goLines.head)),
    ],
    costs,
  };
};

/**
 * go.mod asks for two toolchains and one has built both sides: GOTOOLCHAIN=local, as setup-go sets it, or a newer Go that
 * is installed. What was compared is then not what the change is about.
 */
export const toolchainNotTaken = ({ builds }: ScenarioRun, { goLines }: SourceChange): readonly string[] => {
  if (goLines === undefined || isBuiltByTwo(builds)) return [];
  const { base, head } = bothSides((side) => goLines[side].toolchain);
  if (base === null || head === null || base === head) return [];
  return [
    `go.mod asks for ${base} on base and ${head} on head, but ${builds.head.goVersion} has built both: set GOTOOLCHAIN=auto to compare the two.`,
  ];
};
