/**
 * What `godyno doctor` says of the user's own target: both sides built and started as `run` builds and starts them, in
 * folders of ours, prepared, and asked each request once.
 */
import { dirname, join, relative, resolve } from 'node:path';
import { GodynoError } from '../../errors.ts';
import { type BySide, readyText, type Scenario, targetOf } from '../../model/index.ts';
import {
  type Rehearsal,
  rehearse,
  type RunPlan,
  type RunProgress,
  type SideTree,
  UNKNOWN_TO_BASE,
  wayOfSides,
} from '../../run/index.ts';
import { type SourceTree, withSides } from '../../source/index.ts';
import { formatDuration, formatNumberOf } from '../../units/index.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { checkExactTarget } from './exact.ts';
import { checkGoOf, checkGoOfBase } from './go.ts';
import { wayChecks } from './both-sides.ts';
import { isOfPrepare, preparedChecks, requestChecks, type Sent, withoutLogs } from './requests.ts';
import { waitingFor } from '../terminal/aside.ts';
import { internalErrorText } from '../terminal/failure.ts';
import {
  type ScenarioAttempt,
  isBasesStart,
  keepVariables,
  orAsBefore,
  ownScenarioNote,
  ownWayOf,
  provisioned,
  type MeasureSetting,
  type Say,
  sideTrees,
  whyNewOnHead,
} from '../../measure/index.ts';
import { ONE_LAYOUT_TEXT } from '../../metrics/index.ts';

/** Of a later run nothing depends on it. */
const SEED = 1;

export interface Examined {
  readonly scenarios: readonly Scenario[];
  readonly base: string | undefined;
  readonly head: string | undefined;
  readonly workDir: string;
  readonly add: (...checks: readonly Check[]) => void;
  /** What is waited for between them. */
  readonly say: Say;
  readonly signal: AbortSignal;
}

const failureOf = (name: string, error: unknown): Check =>
  error instanceof GodynoError
    ? fail(name, error.message, withoutLogs(error.hint))
    : fail(name, String(error), `${internalErrorText()}.`);

/** Has a line of its own already. */
class Told extends Error {
  constructor(cause: GodynoError) {
    super(cause.message, { cause });
    this.name = 'Told';
  }
}

type Ready = Extract<RunProgress, { kind: 'ready' }>;

type FoundSides = {
  readonly head: SourceTree;
  readonly base: SourceTree | null;
  readonly whyNoBase: GodynoError | null;
};

/** Both sides as `run` would take them; where it would refuse for want of a base, the working folder alone. */
const withFound = async (examined: Examined, use: (found: FoundSides) => Promise<void>): Promise<void> => {
  const { base, head, workDir, say, signal } = examined;
  const onStage = (text: string): void => say(waitingFor(text));
  const request = { cwd: process.cwd(), job: null, workDir, onStage, signal };
  let begun = false;
  try {
    await withSides({ ...request, base, head }, async (sides) => {
      begun = true;
      await use({ ...sides, whyNoBase: null });
    });
  } catch (error) {
    if (begun || !(error instanceof GodynoError)) throw error;
    const here = head ?? '.';
    await withSides({ ...request, base: here, head: here }, async (sides) =>
      use({ head: sides.head, base: null, whyNoBase: error }),
    );
  }
};

/** The folder as the scenario would name it, in the copy of the source. */
const placeOf = (tree: SideTree, cwd: string): string => {
  const module = relative(tree.runRoot, tree.runDir);
  const folder = cwd === '.' ? 'the module folder' : cwd;
  return `${folder}${module === '' ? '' : ` of ${module}`}, in a copy of the source`;
};

const builtCheck = (name: string, { build, bytes, seconds }: Rehearsal['binary']): Check =>
  ok(
    `${name}: build`,
    `${build.facts.importPath}, ${(bytes / 1e6).toFixed(1)} MB, built and linked in ${formatDuration(seconds)}`,
  );

const readyChecks = (name: string, plan: RunPlan, { hello, processes, seconds, side }: Ready): readonly Check[] => {
  const { cwd, ready } = targetOf(plan.scenario.target, side);
  return [
    ok(
      `${name}: handshake`,
      `${hello.goVersion}, GOMAXPROCS ${hello.gomaxprocs}, ${readyText(ready)} answered, ready in ${formatDuration(seconds)}${processes === 1 ? '' : `; ${processes} processes take the requests`}`,
    ),
    ok(`${name}: working folder`, placeOf(plan.trees[side], cwd)),
  ];
};

const noteChecks = (name: string, { build }: Rehearsal['binary']): readonly Check[] => [
  ...build.notes.map((note) => warn(`${name}: note`, note, '')),
  ...(build.facts.unseededReason === null
    ? []
    : [warn(`${name}: layouts`, build.facts.unseededReason, `CPU limits are ${ONE_LAYOUT_TEXT} on one layout.`)]),
];

interface Patient {
  readonly setting: MeasureSetting;
  readonly as: ScenarioAttempt;
  readonly name: string;
  readonly add: Examined['add'];
}

/** Says what happens as it happens, so that a side that fails has said how far it came. */
const rehearsed = async (plan: RunPlan, name: string, add: Examined['add']): Promise<Rehearsal> => {
  const sent: Sent[] = [];
  const onProgress = (event: RunProgress): void => {
    plan.onProgress(event);
    if (event.kind === 'linked') add(builtCheck(name, event.binary));
    if (event.kind === 'ready') add(...readyChecks(name, plan, event));
    if (event.kind === 'prepared') sent.push(event.sent);
  };
  try {
    const rehearsal = await rehearse({ ...plan, onProgress }, 'head');
    add(...preparedChecks(name, sent), ...requestChecks(name, rehearsal), ...noteChecks(name, rehearsal.binary));
    return rehearsal;
  } catch (error) {
    const ofPrepare = isOfPrepare(sent) && error instanceof GodynoError;
    add(...preparedChecks(name, sent, ofPrepare ? error.hint : ''));
    throw ofPrepare ? new Told(error) : error;
  }
};

const examineHead = async ({ setting, as, name, add }: Patient): Promise<Rehearsal> =>
  provisioned(setting, as, async ({ plan, notes }) => {
    const rehearsal = await rehearsed(plan, `${name}: head`, add);
    const { build, path } = rehearsal.binary;
    const { signal } = setting;
    add(...notes.map((note) => warn(`${name}: note`, note, '')));
    add(await checkGoOf(build, plan.scenario, signal));
    add(...(await checkGoOfBase(plan.scenario, build.facts.moduleDir, signal)));
    const answer = await checkExactTarget({ build, path, folder: join(plan.workDir, 'runtime'), signal });
    if (answer !== null) add({ name: `${name}: exact mode`, ...answer });
    return rehearsal;
  });

/** What base answers otherwise: a request that is new on head is left out of a run, another one spoils it. */
const besideHead = (name: string, base: Rehearsal, head: Rehearsal | null): readonly Check[] => {
  const odd = base.tried.filter(({ isOk }) => !isOk);
  if (odd.length === 0)
    return [ok(`${name}: requests`, `${formatNumberOf(base.tried.length, 'request')} answered as expected`)];
  return odd.map(({ request, status }) => {
    const onHead = head?.tried.find((tried) => tried.request.name === request.name);
    const found = status === null ? 'no answer' : `status ${status}`;
    return onHead?.isOk === true && UNKNOWN_TO_BASE.has(status)
      ? warn(`${name}: ${request.name}`, `${found}: new on head`, 'A run leaves it out on both sides, and says so.')
      : fail(`${name}: ${request.name}`, found, 'A base that fails cannot be compared with.');
  });
};

const howBuilt = ({ binary }: Rehearsal, head: Rehearsal | null): string =>
  binary.path === head?.binary.path
    ? 'the same program as head’s'
    : `built and linked in ${formatDuration(binary.seconds)}`;

/** A side that was seen to work, and how it was built and started. */
interface Examination {
  readonly as: ScenarioAttempt;
  readonly rehearsal: Rehearsal;
}

/** null: there is none to compare with. */
const examineBase = async (
  { setting, as, name, add }: Patient,
  head: Rehearsal | null,
): Promise<Examination | null> => {
  const title = `${name}: base (${as.trees.base.revision.label})`;
  const examineAs = async (one: ScenarioAttempt): Promise<Examination> =>
    provisioned(setting, one, async ({ plan }) => {
      let readySeconds = 0;
      let sent = 0;
      const onProgress = (event: RunProgress): void => {
        plan.onProgress(event);
        if (event.kind === 'ready') readySeconds = event.seconds;
        if (event.kind === 'prepared') sent += 1;
      };
      const rehearsal = await rehearse({ ...plan, onProgress }, 'base', head?.binary);
      add(
        ok(title, `${howBuilt(rehearsal, head)}, ready in ${formatDuration(readySeconds)}`),
        ...(sent === 0 ? [] : [ok(`${title}: prepare`, `${formatNumberOf(sent, 'request')} answered as expected`)]),
        ...besideHead(title, rehearsal, head),
      );
      return { as: one, rehearsal };
    });
  const missing = whyNewOnHead(await sideTrees(as, setting.signal), as.scenario);
  if (missing !== null) {
    add(warn(title, `${missing}: new on head`, 'There is nothing to compare with yet; a run says so and ends with 0.'));
    return null;
  }
  try {
    const { kept, notes } = await keepVariables(as, setting.signal);
    const examination = await examineAs(kept);
    add(...notes.map((note) => warn(title, note, '')));
    return examination;
  } catch (error) {
    const own = isBasesStart(error) ? await ownWayOf(as, setting.signal) : null;
    if (own === null || !isBasesStart(error)) throw error;
    const ownWay = { ...as, scenario: own.scenario, folders: { ...as.folders, base: own.folder } };
    const examination = await orAsBefore(error, async () => examineAs(ownWay));
    add(warn(title, ownScenarioNote(own, as.trees.base, error), ''));
    return examination;
  }
};

/** How both sides are alive in a run of this target on this machine. */
const examineBoth = async ({ setting, name, add }: Patient, base: Examination, head: Rehearsal): Promise<void> =>
  provisioned(setting, base.as, async ({ plan }) => {
    const way = await wayOfSides(plan, { base: base.rehearsal.binary, head: head.binary });
    add(...wayChecks(`${name}: both sides`, way));
  });

const examineTarget = async (
  examined: Examined,
  found: FoundSides,
  scenario: Scenario,
  number: number,
): Promise<void> => {
  const { scenarios, workDir, add, say, signal } = examined;
  const folder = resolve(dirname(scenario.file));
  const trees: BySide<SourceTree> = { base: found.base ?? found.head, head: found.head };
  const patientIn = (place: string, sides: BySide<SourceTree>): Patient => ({
    setting: { scenarios, outDir: join(workDir, 'out'), purpose: 'compare', signal },
    as: {
      scenario,
      folders: { base: folder, head: folder },
      trees: sides,
      given: { seed: SEED, workDir: join(workDir, `${place}${number}`), budgetSeconds: scenario.measure.budgetSeconds },
      say,
    },
    name: `target ${scenario.name}`,
    add,
  });
  let head: Rehearsal | null = null;
  try {
    head = await examineHead(patientIn('h', { base: found.head, head: found.head }));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Told)) add(failureOf(`target ${scenario.name}: head`, error));
  }
  let base: Examination | null = null;
  try {
    if (found.base !== null) base = await examineBase(patientIn('b', trees), head);
  } catch (error) {
    signal.throwIfAborted();
    add(failureOf(`target ${scenario.name}: base (${trees.base.revision.label})`, error));
  }
  try {
    if (base !== null && head !== null) await examineBoth(patientIn('t', trees), base, head);
  } catch (error) {
    signal.throwIfAborted();
    add(failureOf(`target ${scenario.name}: both sides`, error));
  }
};

/** Every scenario's target; a check each for what is there, and for what is missing on which side. */
export const examineTargets = async (examined: Examined): Promise<void> => {
  if (examined.scenarios.length === 0) return;
  await withFound(examined, async (found) => {
    const { whyNoBase } = found;
    if (whyNoBase !== null)
      examined.add((examined.base === undefined ? warn : fail)('base', whyNoBase.message, whyNoBase.hint));
    for (const [number, scenario] of examined.scenarios.entries()) {
      await examineTarget(examined, found, scenario, number);
    }
  });
};
