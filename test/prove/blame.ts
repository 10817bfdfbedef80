/**
 * `npm run prove:blame`: whether the explain pass names the right function. Faults of known size are planted into a
 * dozen functions of the demo (in copies; see demo-variant.ts), each inside a function both sides have, and the pass
 * alone is run until there are samples enough. Printed per case: who is named, with the diff of the change known (as in
 * a pull request) and without; then the rates. One case takes a minute at 4,800 samples, which is what a run's pass adds
 * to those of its judged launches; on a busy machine two or three.
 *
 * node test/prove/blame.ts [--sizes=3,5] [--rounds=2] [--samples=4800] [--launches=14] [site …]
 * node test/prove/blame.ts --equal=60        the same pass on identical code, as if its CPU had moved: no function may be named
 *                                            anything (a run does not begin the pass then, and shows no names)
 *
 * Each case is appended to docs/evidence/blame-explain.jsonl (identical code: blame-equal.jsonl; those from before names took
 * more evidence are in blame-equal-at-5-percent.jsonl); the rates are of all lines.
 * Ends 1 when, with the diff, fewer than 90 % are named first or 97 % among the first three, over at least 60 cases, or
 * when a function of identical code was called regressed.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ScenarioFindings } from '../../harness/compare/index.ts';
import { NAMING, dropUnsupportedNames } from '../../harness/compare/functions/explained.ts';
import type { FunctionComparison, MetricComparison } from '../../harness/model/index.ts';
import { burnRoundNs } from '../../harness/plant/index.ts';
import { stopAll, USERS_GO } from '../../harness/process/index.ts';
import { type DemoCosts, measureDemo } from './demo-calls.ts';
import { evidenceOf } from './campaign.ts';
import { makeVariant, plantAt, type Site, type SiteName, SITES } from './demo-variant.ts';
import { demoScenario, explainPass } from './explain-pass.ts';

const LEAST_FIRST = 0.9;
const LEAST_TOP_3 = 0.97;
const CASES_FOR_A_VERDICT = 60;

/** What one allocation of 64 bytes, one lock and unlock, a round of the inlined loop cost by and large: CPU is told. */
const ALLOC_NS = 60;
const LOCK_NS = 12;
const INLINED_NS = 1.5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string', default: '3,5' },
    rounds: { type: 'string', default: '2' },
    samples: { type: 'string', default: '4800' },
    launches: { type: 'string', default: '14' },
    equal: { type: 'string' },
  },
});

interface Outcome {
  readonly first: boolean;
  readonly top3: boolean;
  readonly named: string;
}

interface Case {
  readonly site: SiteName;
  readonly what: string;
  /** Percent of the CPU per request, by the dose; what was measured is `cpuRatio`. */
  readonly size: number;
  readonly cpuRatio: number;
  readonly samples: readonly [number, number];
  readonly launches: number;
  readonly seconds: number;
  readonly withDiff: Outcome;
  readonly withoutDiff: Outcome;
}

const outcomeOf = (findings: Partial<ScenarioFindings>, wanted: string): Outcome => {
  const named = findings.attribution?.culprit ?? '-';
  const rows = (findings.functions ?? []).filter(({ profile, kind }) => profile === 'cpu' && kind !== 'moved');
  const top = rows.slice(0, 3).map((row) => row.function);
  return { first: named === wanted, top3: named === wanted || top.includes(wanted), named };
};

const roundsFor = (site: Site, size: number, calls: number, costs: DemoCosts, burnNs: number): number => {
  const roundNs = { burn: burnNs, inlined: INLINED_NS, alloc: ALLOC_NS, lock: LOCK_NS }[site.fault];
  return Math.max(1, Math.round((size * costs.cpuNsPerRequest) / (calls * roundNs)));
};

const percent = (ratio: number): string => `${(100 * ratio).toFixed(0)} %`;

const share = (cases: readonly Case[], is: (one: Case) => boolean): number =>
  cases.length === 0 ? 0 : cases.filter(is).length / cases.length;

const summary = (title: string, cases: readonly Case[]): string =>
  `${title}: ${cases.length} cases; with the diff first ${percent(share(cases, (one) => one.withDiff.first))}, ` +
  `top 3 ${percent(share(cases, (one) => one.withDiff.top3))}; without it first ` +
  `${percent(share(cases, (one) => one.withoutDiff.first))}, top 3 ${percent(share(cases, (one) => one.withoutDiff.top3))}`;

/** Head's functions all begin with a new comment: the diff touches every one of them, and none does anything else. */
const touchAll = (folder: string): void => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.go'))) {
    const file = path.join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^func .*\{$/gm, '$&\n\t// Looked at again.'));
  }
};

interface EqualCase {
  /** Whether the diff touches all functions of the module. */
  readonly touched: boolean;
  readonly cpuRatio: number;
  readonly samples: readonly [number, number];
  readonly launches: number;
  readonly seconds: number;
  /** Functions called regressed or improved, each with its profile, what it was called and how surely. */
  readonly called: readonly string[];
  /** By the attribution, as if a metric had moved. */
  readonly named: string | null;
}

/** What a run would show of it if its CPU gate had fired, and no other. */
const asIfMoved = ({ functions = [], attribution = null }: Partial<ScenarioFindings>) =>
  dropUnsupportedNames({ functions, attribution }, [
    { metric: 'cpuNsPerRequest', verdict: 'regressed' } as MetricComparison,
  ]);

const inWords = (row: FunctionComparison): string =>
  `${row.function} ${row.kind} by ${row.profile} (${(100 * row.impactRatio).toFixed(1)} %, q ${row.qValue?.toPrecision(2)})`;

const work = mkdtempSync(path.join(tmpdir(), 'bl'));
const ended = new AbortController();
process.on('SIGINT', () => ended.abort());

const proveEqual = async (comparisons: number): Promise<void> => {
  const evidence = evidenceOf<EqualCase>('blame-equal');
  const folders = { base: path.join(work, 'base'), head: path.join(work, 'head') };
  makeVariant(folders.base);
  const before = evidence.rows().length;
  for (let index = before; index < before + comparisons; index++) {
    const startedMs = performance.now();
    const touched = index % 2 === 1;
    cpSync(folders.base, folders.head, { recursive: true });
    if (touched) touchAll(folders.head);
    const found = await explainPass({
      scenario: demoScenario(),
      folders,
      workDir: path.join(work, 'p'),
      samples: Number(values.samples),
      mostLaunches: Number(values.launches),
      seed: 50_000 + index,
      signal: ended.signal,
    });
    const { functions: rows, attribution } = asIfMoved(found.withDiff);
    const one: EqualCase = {
      touched,
      cpuRatio: found.cpuRatio,
      samples: [found.samples.base, found.samples.head],
      launches: found.launches,
      seconds: Math.round((performance.now() - startedMs) / 1000),
      called: rows.filter(({ kind }) => NAMING.has(kind)).map(inWords),
      named: attribution?.culprit ?? null,
    };
    evidence.append(one);
    console.log(
      `${touched ? 'every function touched' : 'not a line touched'}: CPU ${(100 * one.cpuRatio).toFixed(1)} %, ` +
        `${one.samples.join(' and ')} samples in ${one.launches} launches: ${one.called.length} of ${rows.length} ` +
        `functions called${one.called.length === 0 ? '' : ` (${one.called.join(', ')})`}, named ${one.named ?? 'nobody'}; ${one.seconds} s`,
    );
    for (const folder of [folders.head, path.join(work, 'p')]) rmSync(folder, { recursive: true, force: true });
  }
  const wrong = evidence.rows().filter(({ called, named }) => called.length > 0 || named !== null).length;
  console.log(`\n${evidence.rows().length - wrong} passed, ${wrong} failed`);
  if (wrong > 0) process.exitCode = 1;
};

const proveBlame = async (): Promise<void> => {
  const scenario = demoScenario();
  const names = (positionals.length > 0 ? positionals : Object.keys(SITES)) as SiteName[];
  const sites: readonly Site[] = names.map((name) => SITES[name]);
  const sizes = values.sizes.split(',').map(Number);
  const costs = await measureDemo(path.join(work, 'counted'), scenario, sites);
  const burnNs = await burnRoundNs(work, USERS_GO, null, ended.signal);
  console.log(`A request costs ${Math.round(costs.cpuNsPerRequest / 1000)} µs, a round ${burnNs.toFixed(2)} ns`);
  const base = path.join(work, 'base');
  makeVariant(base);
  const evidence = evidenceOf<Case>('blame-explain');
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const size of sizes) {
      for (const [index, site] of sites.entries()) {
        const startedMs = performance.now();
        const head = path.join(work, 'head');
        cpSync(base, head, { recursive: true });
        plantAt(head, site, roundsFor(site, size / 100, costs.callsPerRequest[index] ?? 1, costs, burnNs));
        const passDir = path.join(work, 'p');
        const found = await explainPass({
          scenario,
          folders: { base, head },
          workDir: passDir,
          samples: Number(values.samples),
          mostLaunches: Number(values.launches),
          seed: 1000 * round + 10 * size + index,
          signal: ended.signal,
        });
        const one: Case = {
          site: names[index] as SiteName,
          what: site.what,
          size,
          cpuRatio: found.cpuRatio,
          samples: [found.samples.base, found.samples.head],
          launches: found.launches,
          seconds: Math.round((performance.now() - startedMs) / 1000),
          withDiff: outcomeOf(found.withDiff, site.function),
          withoutDiff: outcomeOf(found.withoutDiff, site.function),
        };
        evidence.append(one);
        const told = (outcome: Outcome): string =>
          outcome.first ? 'first' : `${outcome.top3 ? 'top 3' : 'MISSED'}, named ${outcome.named}`;
        console.log(
          `+${size} % ${site.function} (${site.what}): CPU ${(100 * found.cpuRatio).toFixed(1)} %, ` +
            `${found.samples.base} and ${found.samples.head} samples in ${found.launches} launches: ` +
            `${told(one.withDiff)}; without the diff ${told(one.withoutDiff)}; ` +
            `${one.seconds} s`,
        );
        for (const folder of [head, passDir]) rmSync(folder, { recursive: true, force: true });
      }
    }
  }
  const cases = evidence.rows();
  for (const size of [...new Set(cases.map((one) => one.size))].toSorted((a, b) => a - b))
    console.log(
      summary(
        `+${size} %`,
        cases.filter((one) => one.size === size),
      ),
    );
  console.log(summary('all', cases));
  const [first, top3] = [share(cases, (one) => one.withDiff.first), share(cases, (one) => one.withDiff.top3)];
  if (cases.length >= CASES_FOR_A_VERDICT && (first < LEAST_FIRST || top3 < LEAST_TOP_3)) process.exitCode = 1;
};

try {
  await (values.equal === undefined ? proveBlame() : proveEqual(Number(values.equal)));
} finally {
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}
