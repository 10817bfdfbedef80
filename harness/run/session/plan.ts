/** What a run is given, and what it says while it works. */
import type { AgentHello } from '../../capture/index.ts';
import type { PreparedRequest } from '../../load/index.ts';
import type { ExactReading, MergedCounts } from '../../compare/index.ts';
import type {
  BySide,
  CountConditions,
  FileDiff,
  MetricId,
  ModuleChange,
  Profiler,
  Revision,
  Scenario,
  ScenarioRun,
  Side,
  Stage,
} from '../../model/index.ts';
import type { Binary, BuildStage, CompiledBuild } from '../../service/index.ts';
import type { CpuLayout } from './cpus.ts';

export interface RunPlan {
  readonly scenario: Scenario;
  readonly trees: BySide<SideTree>;
  readonly seed: number;
  /** Results folder; profile and log files go below it. */
  readonly outDir: string;
  /** Scratch folder for binaries, sockets and the services' own files; removed by its maker. */
  readonly workDir: string;
  readonly cpus: CpuLayout;
  /** Wall clock after the builds. */
  readonly budgetSeconds: number;
  /** Gates × scenarios judged in the whole invocation; the level is divided among them. */
  readonly family: { readonly gates: number };
  /** `calibrate`: goes on to the last look, whatever the looks before it said. */
  readonly purpose: 'compare' | 'record' | 'calibrate';
  /** `record`: counted so, to be compared with counts of a stored baseline; left out: as this run is. */
  readonly countAs?: CountConditions;
  /** Runs on head alone, and nothing else on either side, to see what it costs; left out: judged launches as they are. */
  readonly profiler?: Profiler;
  /** Overlay files laid over a side's build beside the user's own (planted faults); left out: none. */
  readonly overlays?: BySide<string | null>;
  /** What differs between the sources; left out: nobody knows. */
  readonly change?: SourceChange;
  /** Takes head's packages as they were compiled, before anything is started; left out: nobody keeps them. */
  readonly keepBuilds?: (kept: KeptBuilds) => Promise<void>;
  readonly onProgress: (event: RunProgress) => void;
  /** Something is waited for and nothing is measured: about a tenth of a second may be used for what comes at the end. */
  readonly onIdle?: (soFar: ScenarioRun, change: SourceChange) => Promise<void>;
  /** Whether CPU samples so far name who made CPU fail, whatever more of them would say; left out: nobody looks. */
  readonly isNamed?: (soFar: ScenarioRun, change: SourceChange) => Promise<boolean>;
  /** Takes what the last look at counted launches has read, so that nobody needs to read them again. */
  readonly onCounted?: (counts: CountsRead) => void;
  readonly signal: AbortSignal;
}

export interface SourceChange {
  readonly diff: readonly FileDiff[];
  readonly moduleChanges: readonly ModuleChange[];
}

export const UNKNOWN_CHANGE: SourceChange = { diff: [], moduleChanges: [] };

/** Of all counted launches: what they say, and their sum. */
export interface CountsRead {
  readonly reading: ExactReading;
  readonly merged: MergedCounts;
}

/** A side's packages, compiled; their files are there until the run's work folder goes. */
export interface KeptBuilds {
  readonly judged: CompiledBuild;
  /** As exact mode builds them; null for `countedReason`. */
  readonly counted: { readonly build: CompiledBuild; readonly unsteadyReason: string | null } | null;
  readonly countedReason: string | null;
}

export interface SideTree {
  /** Root of the side's sources. */
  readonly rootDir: string;
  /** The Go module's folder in it. */
  readonly moduleDir: string;
  /** Root of the files among which the service is started: never the user's own folder. */
  readonly runRoot: string;
  /** The module's folder in it. */
  readonly runDir: string;
  /** A copy of the scenario's folder, of this side's own; left out where the scenario does not ask for it. */
  readonly scenarioDir?: string;
  /** What was added to the revision's files, as a text that identifies it; '' nothing, null: nobody knows. */
  readonly added: string | null;
  readonly revision: Revision;
  /** Where it is linked from what was compiled before, with a name for it; left out: it is built from its source. */
  readonly compiled?: Omit<KeptBuilds, 'countedReason'> & { readonly key: string };
}

export type RunProgress =
  | { readonly kind: 'building'; readonly side: 'base' | 'head' }
  /** Of any build of a side; `seconds`: since what is listed, compiled or linked was begun. */
  | { readonly kind: 'build stage'; readonly side: Side; readonly stage: BuildStage; readonly seconds: number }
  | { readonly kind: 'built'; readonly seconds: number }
  /** Nothing goes on until the next binaries are there. */
  | { readonly kind: 'links'; readonly secondsToGo: number }
  | {
      readonly kind: 'launch';
      readonly stage: Stage;
      readonly number: number;
      /** Of the budget. */
      readonly secondsLeft: number;
      readonly outlook: Outlook;
    }
  | {
      readonly kind: 'look';
      readonly launches: number;
      readonly gates: readonly GateProgress[];
      readonly seconds: number;
    }
  | { readonly kind: 'note'; readonly text: string }
  /** Of one side that is looked at alone. */
  | { readonly kind: 'linked'; readonly binary: Binary }
  /** `seconds`: from its setup commands to the end of its seed commands and the agent's first answer. */
  | {
      readonly kind: 'ready';
      readonly side: Side;
      readonly hello: AgentHello;
      /** That take the requests. */
      readonly processes: number;
      readonly seconds: number;
    }
  | { readonly kind: 'prepared'; readonly side: Side; readonly sent: PreparedRequest };

/** What is known of the way that is left, when a launch begins. */
export interface Outlook {
  /** Until the end, if that decides and nothing new turns up; null: nobody can tell. */
  readonly aboutSeconds: number | null;
  /** After so many judged launches a gate may be decided, CPU's among them for the first time; null: not by launches. */
  readonly decision: { readonly launches: number; readonly isFirstOfCpu: boolean } | null;
  /** Which launch of its kind this is, and of how many; null where that depends. */
  readonly part: readonly [number, number] | null;
}

export interface GateProgress {
  readonly metric: MetricId;
  readonly verdict: string;
  readonly estimateRatio: number | null;
  readonly ciRatio: readonly [number, number] | null;
}
