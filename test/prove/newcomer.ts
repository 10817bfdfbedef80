/**
 * `npm run prove:services`: five services as a new user brings them, four that no one here wrote and a shop. `npm i` of
 * the packed tarball, `godyno init --yes`, at most five edited lines, then pull requests: one that changes nothing, one
 * that is 5 % slower, one that leaks. Is the verdict right, is the changed function named, within how many minutes?
 * Lines go to docs/evidence/newcomer.jsonl.
 *
 * node test/prove/newcomer.ts [--rounds=1,2,3] [--changes=none,slow,leak] [--clone=gatus=FOLDER] [service …]
 * --into <file> adds the lines there instead.
 * node test/prove/newcomer.ts --setup     only up to the commit that has the scenario
 * node test/prove/newcomer.ts --table     the tables of all lines
 *
 * The slowdown is calibrated: once for each service a head with some 20 % is measured, and 5 % is the fraction of it.
 * The folder of the repositories (`--folder`) is kept, so that rounds can follow on another day.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseComparison, parseRunFile, type ScenarioComparison } from '../../harness/model/index.ts';
import { appendRow, evidenceFile, type Measured, rowOf, rowsIn } from './campaign.ts';
import {
  openPullRequest,
  packed,
  repositoryOf,
  type Setup,
  setUp,
  type Tarball,
  tell,
  type Workplace,
} from './newcomer-repository.ts';
import { type Change, type Newcomer, NEWCOMERS, type NewcomerName } from './newcomer-services.ts';
import { editsTable, isRight, namesOf, type NewcomerRow, newcomerTable, placeOf } from './newcomer-table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '1' },
    changes: { type: 'string', default: 'none,slow,leak' },
    clone: { type: 'string', multiple: true, default: [] },
    folder: { type: 'string', default: path.join(tmpdir(), 'godyno-newcomer') },
    into: { type: 'string', default: evidenceFile('newcomer') },
    setup: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
});

interface Placed {
  readonly place: Workplace;
  readonly name: NewcomerName;
  readonly service: Newcomer;
  readonly setup: Setup;
}

interface Ran extends Measured {
  readonly sentence: string;
  /** Load average of the machine, before and after. */
  readonly loads: readonly [number, number];
}

const load = (): number => Number((loadavg()[0] ?? 0).toFixed(1));

/** `godyno run` for the pull request that is checked out. */
const runOnce = async ({ place, name, setup }: Placed, flags: readonly string[]): Promise<Ran> => {
  const out = path.join('.godyno', `${Date.now()}`);
  const before = load();
  const told = await tell(
    place,
    repositoryOf(place, name),
    'npx',
    'godyno',
    'run',
    '--base',
    setup.base,
    '--out',
    out,
    ...flags,
  );
  const from = path.join(repositoryOf(place, name), out);
  const said = told.lines.map(({ text }) => text).join('\n');
  if (!existsSync(path.join(from, 'comparison.json'))) throw new Error(`godyno ended with ${told.code}: ${said}`);
  writeFileSync(path.join(from, 'said.txt'), `${told.out}\n${said}\n`);
  const read = (file: string): string => readFileSync(path.join(from, file), 'utf8');
  const [scenario] = parseComparison(read('comparison.json'), 'comparison.json').scenarios;
  if (scenario === undefined) throw new Error('a comparison without a scenario');
  return {
    code: told.code ?? -1,
    wallSeconds: told.seconds,
    peakMb: 0,
    scenario,
    run: parseRunFile(read('run.json'), 'run.json'),
    sentence: (told.out + said).split('\n').find((text) => text.startsWith('`')) ?? '',
    loads: [before, load()],
  };
};

interface Calibration {
  readonly rounds: number;
  /** Of the CPU of a request. */
  readonly ratio: number;
}

const cpuOf = (scenario: ScenarioComparison): { readonly baseNs: number; readonly effectRatio: number } => {
  const row = scenario.metrics.find(({ metric }) => metric === 'cpuNsPerRequest');
  if (typeof row?.base !== 'number' || row.effectRatio === null) throw new Error('CPU was not measured');
  return { baseNs: row.base, effectRatio: row.effectRatio };
};

const TRIAL_FLAGS = ['--exact', 'off', '--fail-on', 'none', '--budget', '70s'];
const TRIAL_RATIO = 0.2;
/** From what the trial came to, 5 % is near enough by proportion. */
const GOOD_TRIAL: readonly [number, number] = [0.1, 0.4];
const FIRST_ROUNDS = 20_000;

const tryRounds = async (placed: Placed, rounds: number): Promise<Calibration> => {
  openPullRequest(placed.place, placed.name, placed.service, placed.setup.base, { kind: 'slow', rounds });
  const { scenario } = await runOnce(placed, TRIAL_FLAGS);
  const { effectRatio } = cpuOf(scenario);
  console.log(`${placed.name}: ${rounds} rounds are ${(100 * effectRatio).toFixed(1)} % of CPU`);
  if (effectRatio > GOOD_TRIAL[0] && effectRatio < GOOD_TRIAL[1]) return { rounds, ratio: effectRatio };
  return tryRounds(placed, Math.round((rounds * TRIAL_RATIO) / Math.max(0.01, effectRatio)));
};

const calibrated = async (placed: Placed): Promise<Calibration> => {
  const kept = `${repositoryOf(placed.place, placed.name)}.calibration.json`;
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as Calibration;
  const found = await tryRounds(placed, FIRST_ROUNDS);
  writeFileSync(kept, JSON.stringify(found));
  return found;
};

const WANTED_RATIO = 0.05;

interface Planned {
  readonly change: Change;
  readonly what: string;
  readonly plantedRatio?: number;
}

const planOf = async (placed: Placed, kind: string, round: number): Promise<Planned> => {
  if (kind === 'none') return { change: { kind: 'none' }, what: 'none' };
  if (kind === 'leak') {
    const { leaks } = placed.service;
    const leak = leaks[(round - 1) % leaks.length] ?? 'heap';
    return { change: { kind: 'leak', leak }, what: `leak of ${leak === 'heap' ? 'memory' : 'goroutines'}` };
  }
  const { rounds, ratio } = await calibrated(placed);
  const dose = Math.max(1, Math.round((rounds * WANTED_RATIO) / ratio));
  return { change: { kind: 'slow', rounds: dose }, what: 'slower', plantedRatio: (ratio * dose) / rounds };
};

const measured = async (placed: Placed, kind: string, round: number): Promise<NewcomerRow> => {
  const { place, name, service, setup } = placed;
  const { change, what, plantedRatio } = await planOf(placed, kind, round);
  openPullRequest(place, name, service, setup.base, change);
  const ran = await runOnce(placed, []);
  const labels = { condition: 'as it is', service: name, rung: kind, seed: round } as const;
  const { contrasts: _, ...row } = rowOf(ran, plantedRatio === undefined ? labels : { ...labels, plantedRatio });
  const exact = ran.scenario.metrics.find(({ metric }) => metric === 'instructionsPerRequest');
  return {
    ...row,
    commit: setup.packed,
    what,
    code: ran.code,
    sentence: ran.sentence,
    instructions: exact?.effectRatio ?? null,
    site: service.site.function,
    names: namesOf(ran.scenario, ran.sentence),
    place: placeOf(ran.scenario, ran.sentence, [service.site.function, ...[service.alsoNamed ?? []].flat()]),
    setup,
    runSeconds: Number(ran.wallSeconds.toFixed(1)),
    buildSeconds: Number((ran.run.runs[0]?.timing.buildSeconds ?? 0).toFixed(1)),
    loads: ran.loads,
  };
};

const isName = (word: string): word is NewcomerName => Object.hasOwn(NEWCOMERS, word);

const wanted = (): readonly NewcomerName[] => {
  const unknown = positionals.find((word) => !isName(word));
  if (unknown !== undefined) throw new Error(`no service ${unknown}, but ${Object.keys(NEWCOMERS).join(', ')}`);
  const named = positionals.filter(isName);
  return named.length > 0 ? named : Object.keys(NEWCOMERS).filter(isName);
};

/** A run that measured nothing is shown, and the campaign goes on. */
const oneRow = async (placed: Placed, kind: string, round: number): Promise<void> => {
  try {
    const row = await measured(placed, kind, round);
    appendRow(values.into, row);
    console.log(`${row.service}, ${row.what}, ${round}: ${isRight(row) ? 'right' : 'WRONG'}, ${row.sentence}`);
  } catch (error) {
    console.log(`${placed.name}, ${kind}, ${round}: NOT MEASURED: ${String(error)}`);
  }
};

const campaign = async (): Promise<void> => {
  const { folder } = values;
  const clones = Object.fromEntries(values.clone.map((text) => text.split('=', 2)));
  let tarball: Tarball | undefined;
  const place: Workplace = { folder, tarball: () => (tarball ??= packed(folder)), clones };
  const placed: Placed[] = [];
  for (const name of wanted()) {
    const service: Newcomer = NEWCOMERS[name];
    const setup = await setUp(place, name, service);
    console.log(`${name}: ${JSON.stringify(setup)}`);
    placed.push({ place, name, service, setup });
  }
  if (values.setup) return;
  for (const round of values.rounds.split(',').map(Number))
    for (const one of placed) for (const kind of values.changes.split(',')) await oneRow(one, kind, round);
};

if (!values.table) await campaign();
const rows = rowsIn<NewcomerRow>(values.into);
console.log(`\n${editsTable()}\n\n${newcomerTable(rows)}\n`);
const wrong = rows.filter((row) => !isRight(row)).length;
console.log(`${rows.length - wrong} right, ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
