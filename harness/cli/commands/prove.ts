/** `godyno prove`: known slowdowns planted into the user's own service, and whether the gate finds them. */
import { EXIT, type ExitCode, UsageError } from '../../errors.ts';
import type { Scenario } from '../../model/index.ts';
import { doseFor, type FaultKind, type Planted } from '../../plant/index.ts';
import { buildReport, renderMarkdown } from '../../report/index.ts';
import type { RunProgress } from '../../run/index.ts';
import { alignColumns, formatDuration, formatNumberOf } from '../../units/index.ts';
import { type DurationFlag } from './flags.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { loadScenarios, measure } from '../../measure/index.ts';
import { COMPARISON_FILE, openOutput, type OutputFolder, REPORT_FILE, storeAndExplain } from '../../results/index.ts';
import { stepsFor } from '../terminal/steps.ts';
import { describeEffect, type Proof, proofOf } from '../prove/proof.ts';
import { describeSize, faultsFrom, type Sizes, sizeOf, sizesFrom } from '../prove/sizes.ts';
import {
  type Base,
  choosePlantSite,
  type CostSurvey,
  type Demand,
  type FaultPlanting,
  type PlantSite,
  roundNsInPlace,
  type ShortRuns,
  survey,
  withFaultPlanting,
} from '../prove/survey.ts';

export interface ProveOptions {
  readonly faults: string;
  readonly size?: string | undefined;
  readonly function?: string | undefined;
  readonly head?: string | undefined;
  readonly out?: string | undefined;
  readonly budget?: DurationFlag | undefined;
  readonly seed?: number | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

const PROOF_FILE = 'proof.json';

/** Versions the shape of `proof.json`. */
const PROOF_SCHEMA_VERSION = 1;

interface Plan {
  readonly faults: readonly FaultKind[];
  readonly sizes: Sizes;
  readonly function: string | undefined;
  readonly base: Base;
  readonly planting: FaultPlanting;
  readonly out: OutputFolder;
  /** Shared by all faults; null: each its scenario's own. */
  left: number | null;
  /** Faults still to be proved, this one included. */
  toCome: number;
}

const below = (out: OutputFolder, folder: string): OutputFolder => ({
  dir: out.path(folder),
  write: async (name, content) => out.write(`${folder}/${name}`, content),
  path: (name) => out.path(`${folder}/${name}`),
});

/** Every run says what it is for. */
const saying = ({ base }: Plan, title: string): Base => ({
  ...base,
  step: async (name, work) => base.step(`${title}: ${name}`, work),
});

const shortRuns = (plan: Plan, title: string): ShortRuns => ({
  base: saying(plan, title),
  planting: plan.planting,
  dir: plan.out.path('survey'),
});

/** What costs is planted where it costs most already; what waits, where every request comes by. */
const burns = (fault: FaultKind): boolean => fault === 'cpu' || fault === 'alloc';

const demandFor = ({ function: named }: Plan, surveyed: CostSurvey, fault: FaultKind, size: number): Demand => {
  const ours = burns(fault) ? surveyed.hottest : surveyed.outermost;
  return {
    candidates: named === undefined ? ours : [{ name: named, names: [named] }],
    chosen: named === undefined ? 'by us' : 'by the user',
    for: burns(fault) ? 'burns' : 'waits',
    burnNsPerRequest: size * surveyed.costs.cpuNsPerRequest,
  };
};

type SiteFor = (fault: FaultKind, size: number) => Promise<PlantSite>;

/** A site is counted once for all faults that want the same. */
const sitesIn = (plan: Plan, surveyed: CostSurvey): SiteFor => {
  const known = new Map<string, PlantSite>();
  const runs = shortRuns(plan, 'how often it is called');
  return async (fault, size) => {
    const wanted = plan.function ?? (burns(fault) ? 'burns' : 'waits');
    const site = known.get(wanted) ?? (await choosePlantSite(runs, surveyed, demandFor(plan, surveyed, fault, size)));
    known.set(wanted, site);
    return site;
  };
};

const proveFault = async (plan: Plan, surveyed: CostSurvey, fault: FaultKind, siteFor: SiteFor): Promise<Proof> => {
  const { scenario, costs, serviceNs } = surveyed;
  const size = sizeOf(fault, plan.sizes, scenario, serviceNs);
  const place = await siteFor(fault, size);
  const burnRoundNs =
    fault === 'cpu' ? await roundNsInPlace(shortRuns(plan, 'what burning costs'), surveyed, place) : costs.burnRoundNs;
  const { callsPerRequest } = place;
  const dose = doseFor({ kind: fault, size, measured: { ...costs, burnRoundNs, callsPerRequest } });
  const looks: Extract<RunProgress, { kind: 'look' }>[] = [];
  const planted: Planted[] = [];
  const out = below(plan.out, `${scenario.name.replace(/[^A-Za-z0-9._-]+/g, '-')}/${fault}`);
  const title = `${describeSize(fault, size)} in ${place.function}`;
  const run = await measure({
    ...saying(plan, title),
    base: undefined,
    scenarios: [scenario],
    outDir: out.dir,
    budgetSeconds: plan.left === null ? null : plan.left / plan.toCome,
    purpose: 'compare',
    plant: plan.planting.plantInHead([place.candidate], dose, (one) => planted.push(one)),
    onProgress: (event) => {
      if (event.kind === 'look') looks.push(event);
    },
  });
  if (plan.left !== null) {
    plan.left = Math.max(0, plan.left - run.runs.reduce((sum, { timing }) => sum + timing.measureSeconds, 0));
  }
  plan.toCome -= 1;
  const { comparison } = await storeAndExplain(out, run);
  await out.write(COMPARISON_FILE, `${JSON.stringify(comparison, null, 2)}\n`);
  const invocation = { program: 'npx godyno', command: 'run', args: [scenario.file], flags: [] } as const;
  await out.write(REPORT_FILE, renderMarkdown(buildReport({ comparison, run, invocation })));
  const [at] = planted;
  const proof = proofOf({
    fault,
    size,
    function: at?.function ?? '',
    names: place.names,
    callsPerRequest: place.callsPerRequest,
    comparison,
    looks,
  });
  if (proof === null) throw new UsageError('NO_SCENARIO', 'There is no scenario to prove', 'Name one.');
  return proof;
};

const proveScenario = async (plan: Plan, scenario: Scenario): Promise<readonly Proof[]> => {
  const surveyed = await survey(shortRuns(plan, 'what a request costs'), scenario, plan.function);
  const siteFor = sitesIn(plan, surveyed);
  const proofs: Proof[] = [];
  for (const fault of plan.faults) proofs.push(await proveFault(plan, surveyed, fault, siteFor));
  return proofs;
};

const HEADS = ['fault', 'planted', 'in', 'caught', 'named', 'after', 'measured'];

const seconds = (value: number | null): string => (value === null ? '–' : formatDuration(Math.round(value)));

const hadTime = ({ needsSeconds }: Proof): boolean => needsSeconds === null;

const caughtText = (proof: Proof): string => {
  if (proof.caught) return 'yes';
  return hadTime(proof) ? 'MISSED' : 'not enough time';
};

const namedText = (proof: Proof): string => {
  if (proof.named !== 'no') return proof.named;
  return hadTime(proof) ? 'NO' : '–';
};

const cellsOf = (proof: Proof): readonly string[] => [
  proof.fault,
  describeSize(proof.fault, proof.size),
  proof.function,
  caughtText(proof),
  namedText(proof),
  seconds(proof.secondsToVerdict ?? proof.measuredSeconds),
  describeEffect(proof),
];

/** One line per fault, columns aligned, with the reason below what was missed. */
export const proofTable = (proofs: readonly Proof[]): string => {
  const [head = '', ...body] = alignColumns([HEADS, ...proofs.map(cellsOf)], 'all');
  return [
    head,
    ...body.flatMap((line, index) => {
      const why = proofs[index]?.why ?? null;
      return why === null ? [line] : [line, `  ${why}`];
    }),
  ].join('\n');
};

const summaryOf = (proofs: readonly Proof[]): string => {
  const caught = proofs.filter((proof) => proof.caught).length;
  const nameable = proofs.filter(({ named, needsSeconds }) => named !== 'not possible' && needsSeconds === null);
  const named = nameable.filter(({ named: how }) => how !== 'no').length;
  const open = proofs.filter(({ needsSeconds }) => needsSeconds !== null).length;
  const tooShort = open === 0 ? '' : ` Not enough time for ${open}: raise --budget.`;
  return `${caught} of ${formatNumberOf(proofs.length, 'fault')} caught, ${named} of ${nameable.length} named.${tooShort}`;
};

/** Whether it was missed, or not named, or there was only too little time for it. */
const exitOf = (proofs: readonly Proof[]): ExitCode => {
  if (proofs.some(({ passed, needsSeconds }) => !passed && needsSeconds === null)) return EXIT.regressed;
  return proofs.every(({ passed }) => passed) ? EXIT.ok : EXIT.inconclusive;
};

/** Exit 1 when a fault was missed or not named, 4 when the time did not hold a verdict on one. */
export const prove = async (options: ProveOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const faults = faultsFrom(options.faults);
    const sizes = sizesFrom(options.size);
    const scenarios = await loadScenarios(words);
    const out = await openOutput(options.out, new Date());
    const step = stepsFor(options.quiet === true ? 'quiet' : 'spoken');
    const base: Base = { head: options.head, seed: options.seed, step, signal };
    const proofs = await withFaultPlanting(signal, async (planting) => {
      const plan: Plan = {
        faults,
        sizes,
        function: options.function,
        base,
        planting,
        out,
        left: options.budget?.seconds ?? null,
        toCome: faults.length * scenarios.length,
      };
      const all: Proof[] = [];
      for (const scenario of scenarios) all.push(...(await proveScenario(plan, scenario)));
      return all;
    });
    const file = { schemaVersion: PROOF_SCHEMA_VERSION, proofs };
    await out.write(PROOF_FILE, `${JSON.stringify(file, null, 2)}\n`);
    process.stderr.write(`\n${proofTable(proofs)}\n\n${summaryOf(proofs)} Details: ${out.dir}\n`);
    if (options.json === true) process.stdout.write(`${JSON.stringify(file, null, 2)}\n`);
    return exitOf(proofs);
  });
