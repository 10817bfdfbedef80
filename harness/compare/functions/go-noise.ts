/** Go's own functions between two versions of Go: most of what seems to happen to them is how Go was cut anew. */
import type { FunctionComparison, FunctionKind, ScenarioRun, ToolchainChange } from '../../model/index.ts';
import { isStandard } from '../../profile/index.ts';
import { isBuiltByTwo } from '../verdict/gates.ts';

/** What says nothing of Go's own functions between two versions; `only`: where nothing else can have called them anew. */
const GO_NOISE: Readonly<Record<'always' | 'only', ReadonlySet<FunctionKind>>> = {
  always: new Set(['moved']),
  only: new Set(['moved', 'new', 'gone']),
};

/**
 * Two versions of Go cut their own functions otherwise, each hundreds of them: that one is new and another one gone, or that
 * one's work is another's now, is no news, and what a package costs is told instead.
 */
export const withoutGoNoise = (
  functions: readonly FunctionComparison[],
  { builds }: ScenarioRun,
  toolchain: ToolchainChange | undefined,
): readonly FunctionComparison[] => {
  if (toolchain === undefined || !isBuiltByTwo(builds)) return functions;
  const modulePath = builds.head.modulePath || null;
  const noise = GO_NOISE[toolchain.isOnly ? 'only' : 'always'];
  return functions.map((row) =>
    noise.has(row.kind) && isStandard(row.package, modulePath)
      ? { ...row, kind: 'unclear' as const, movedTo: null }
      : row,
  );
};
