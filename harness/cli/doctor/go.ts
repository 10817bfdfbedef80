/** What `godyno doctor` says about the Go that builds the user's own target. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { GodynoError } from '../../errors.ts';
import type { Scenario } from '../../model/index.ts';
import { inspectTarget, type PreparedBuild, type TargetFacts, whyGoIsFixed } from '../../service/index.ts';
import { METRICS, UNSTEADY_CHANGED_RATIO } from '../../metrics/index.ts';
import { formatPercent } from '../../units/index.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** As the user knows it: a fetched Go is built with by another name. */
const placeOf = ({ goEnv }: TargetFacts): string => {
  const goroot = goEnv['GOROOT'] ?? '';
  try {
    return realpathSync(goroot);
  } catch {
    return goroot;
  }
};

const describe = (facts: TargetFacts): string => `${facts.goVersion} in ${placeOf(facts)}`;

/** Where the target's Go lies, and whether exact mode can replace what is random in it. */
export const checkGoOf = async (build: PreparedBuild, scenario: Scenario, signal: AbortSignal): Promise<Check> => {
  const name = `target ${scenario.name}: go`;
  const why = await whyGoIsFixed(build, join(build.binFolder, 'probe'), signal);
  return why === null
    ? ok(name, `${describe(build.facts)}, whose files exact mode can replace`)
    : warn(
        name,
        `${describe(build.facts)}; ${why}`,
        `Exact mode counts with Go as it is: it calls changes from ${formatPercent(UNSTEADY_CHANGED_RATIO)} on, not from ${formatPercent(METRICS.instructionsPerRequest.changedRatio)}.`,
      );
};

/** The base's Go where `target.go` chooses another one for it. */
export const checkGoOfBase = async (
  { target: spec, name }: Scenario,
  moduleDir: string,
  signal: AbortSignal,
): Promise<readonly Check[]> => {
  if (spec.go?.base === spec.go?.head) return [];
  const title = `target ${name}: go of base`;
  try {
    return [ok(title, describe(await inspectTarget({ moduleDir, spec, side: 'base', signal })))];
  } catch (error) {
    if (!(error instanceof GodynoError)) throw error;
    return [fail(title, error.message.split('\n')[0] ?? '', error.hint)];
  }
};
