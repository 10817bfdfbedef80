/**
 * Whatever became of a file of a run: reports, exports and comparisons are made all the same, the verdict is what it was,
 * and one sentence says what is missing. run.json alone cannot be done without.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { exportCommandLine } from '../../harness/cli/commands/export.ts';
import { writePgo } from '../../harness/cli/commands/pgo.ts';
import { reportAgain } from '../../harness/cli/commands/report.ts';
import {
  explainRun,
  folderReader,
  mergedProfiles,
  openOutput,
  openStored,
  storeRun,
} from '../../harness/results/index.ts';
import type { Comparison, Launch, ProfileKind, RunFile } from '../../harness/model/index.ts';
import { GO_VERSIONS } from '../profile/fixtures.ts';
import { makeRunFolder, type RunFolder } from '../builders/run-folder.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures/profiles', GO_VERSIONS.at(-1) ?? '');

/** Kinds whose files are in the folder, and the snapshot before each. */
const KINDS: readonly (readonly [ProfileKind, string | null])[] = [
  ['cpu', null],
  ['heap', null],
  ['mutex', 'mutex-before'],
  ['block', 'block-before'],
  ['goroutine', null],
];

const withAllKinds = (run: RunFile): RunFile => {
  const profilesOf = (launch: Launch, side: 'base' | 'head'): Launch['sides']['base']['profiles'] => {
    const at = (name: string): string => `profiles/demo/${side}/launch-${launch.index}/${name}.pb.gz`;
    return Object.fromEntries(
      KINDS.map(([kind, before]) => [
        kind,
        { file: at(kind), before: before === null ? null : at(before), requests: 1000 },
      ]),
    );
  };
  const sidesOf = (launch: Launch): Launch['sides'] => ({
    base: { ...launch.sides.base, profiles: profilesOf(launch, 'base') },
    head: { ...launch.sides.head, profiles: profilesOf(launch, 'head') },
  });
  return {
    ...run,
    runs: run.runs.map((part) => ({
      ...part,
      launches: part.launches.map((launch, index) => (index < 2 ? { ...launch, sides: sidesOf(launch) } : launch)),
    })),
  };
};

let folder: RunFolder;
beforeEach(async () => {
  for (const name of ['stdout', 'stderr'] as const) vi.spyOn(process[name], 'write').mockImplementation(() => true);
  folder = makeRunFolder(withAllKinds);
  for (const place of readdirSync(folder.dir, { recursive: true, encoding: 'utf8' })) {
    if (!/launch-\d+$/.test(place)) continue;
    for (const name of KINDS.flat().filter((each) => each !== null))
      copyFileSync(path.join(FIXTURES, `${name}.pb.gz`), path.join(folder.dir, place, `${name}.pb.gz`));
  }
  const { run } = await openStored(folder.dir, 'baselines');
  await storeRun(await openOutput(folder.dir, new Date()), run);
});
afterEach(() => {
  vi.restoreAllMocks();
  folder.remove();
});

const compared = async (run: RunFile): Promise<Comparison> =>
  (await explainRun(run, folderReader(folder.dir))).comparison;

const DAMAGES: readonly (readonly [string, (file: string) => void])[] = [
  ['cut in half', (file) => writeFileSync(file, readFileSync(file).subarray(0, readFileSync(file).length >> 1))],
  ['emptied', (file) => writeFileSync(file, '')],
  ['exchanged for a page of text', (file) => writeFileSync(file, '<html>404 not found</html>\n')],
  ['exchanged for bytes', (file) => writeFileSync(file, Buffer.alloc(5000, 0xa5))],
  [
    'exchanged for a profile of another kind',
    (file) => copyFileSync(path.join(FIXTURES, /cpu/.test(file) ? 'heap.pb.gz' : 'cpu.pb.gz'), file),
  ],
  ['gone', (file) => rmSync(file)],
  [
    'a folder',
    (file) => {
      rmSync(file);
      mkdirSync(file);
    },
  ],
];

const OPTIONS = { failOn: ['regressed', 'invalid'], quiet: true };

/** Every command that reads a run. */
const readAll = async () => {
  const { run } = await openStored(folder.dir, 'baselines');
  const comparison = await compared(run);
  await mergedProfiles(run, folderReader(folder.dir));
  const report = await reportAgain(OPTIONS, folder.dir);
  const exported = await exportCommandLine({ format: 'bencher,pprof', out: path.join(folder.dir, 'x') }, folder.dir);
  const pgo = await writePgo({ out: path.join(folder.dir, 'default.pgo') }, folder.dir).catch(
    (error: unknown) => error,
  );
  return { comparison, codes: [report, exported], pgo };
};

const verdictsOf = ({ scenarios }: Comparison) =>
  scenarios.map(({ verdict, metrics }) => [verdict, metrics.map((row) => [row.metric, row.verdict])]);

const filesIn = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(pb\.gz|json|md|html|log)$/.test(name));

describe('a run with a file that was', () => {
  test.each(DAMAGES)(
    '%s keeps its verdict, whichever files they are',
    async (title, damage) => {
      const whole = await readAll();
      const kept = new Map(filesIn(folder.dir).map((name) => [name, readFileSync(path.join(folder.dir, name))]));
      // Where a folder stands, no file can be written.
      const isTried = (name: string): boolean =>
        title === 'a folder' ? name.includes('/launch-') : name !== 'run.json' && !name.startsWith('x/');
      const tried = [...kept.keys()].filter(isTried);
      expect(tried.length).toBeGreaterThan(20);
      for (const name of tried.filter((each) => each.includes('head/launch-1/'))) {
        damage(path.join(folder.dir, name));
        const { run } = await openStored(folder.dir, 'baselines');
        expect(verdictsOf(await compared(run)), name).toEqual(verdictsOf(whole.comparison));
        rmSync(path.join(folder.dir, name), { recursive: true, force: true });
        writeFileSync(path.join(folder.dir, name), kept.get(name) ?? '');
      }
      for (const name of tried) damage(path.join(folder.dir, name));
      const ruined = await readAll();
      expect(verdictsOf(ruined.comparison)).toEqual(verdictsOf(whole.comparison));
      expect(ruined.codes).toEqual(whole.codes);
    },
    120_000,
  );

  test.each(DAMAGES.filter(([name]) => name !== 'gone' && name !== 'a folder'))(
    '%s says so once, with the file and the reason',
    async (_, damage) => {
      for (const [kind, before] of KINDS) {
        const name = `profiles/demo/head/launch-1/${before ?? kind}.pb.gz`;
        const file = path.join(folder.dir, name);
        const kept = readFileSync(file);
        damage(file);
        const { run } = await openStored(folder.dir, 'baselines');
        const { scenarios } = await compared(run);
        const told = scenarios.flatMap(({ warnings }) => warnings.filter((text) => text.includes(name)));
        expect(told, name).toHaveLength(1);
        expect(told[0]).toMatch(/^Profiles that cannot be read explain nothing here, the verdict does not need them: /);
        writeFileSync(file, kept);
      }
    },
  );

  test.each(DAMAGES)('run.json %s is one clear message, with the path', async (_, damage) => {
    damage(path.join(folder.dir, 'run.json'));
    for (const command of [
      async () => reportAgain(OPTIONS, folder.dir),
      async () => exportCommandLine({ format: 'all', out: path.join(folder.dir, 'x') }, folder.dir),
      async () => writePgo({ out: path.join(folder.dir, 'default.pgo') }, folder.dir),
    ]) {
      await expect(command()).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining(folder.dir) as string,
        hint: expect.stringMatching(/./) as string,
      });
    }
  });
});

test('a whole run says nothing of files', async () => {
  const { run } = await openStored(folder.dir, 'baselines');
  const { scenarios } = await compared(run);
  expect(scenarios.flatMap(({ warnings }) => warnings).join()).not.toContain('cannot be read');
  expect(existsSync(path.join(folder.dir, 'profiles/demo/head/cpu.pb.gz'))).toBe(true);
});

describe('the command line that a run keeps', () => {
  const rewrite = (commandLine: unknown): void => {
    const file = path.join(folder.dir, 'run.json');
    const run = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...run, commandLine }));
  };

  test('is in the lines that repeat the run, also when the report is made again', async () => {
    rewrite({ args: ['scenarios/a b.yml'], flags: ['--budget', '40s', '--exact', 'off'], base: './b' });
    await reportAgain(OPTIONS, folder.dir);
    const report = readFileSync(path.join(folder.dir, 'report.md'), 'utf8');
    expect(report).toMatch(/^npx godyno run 'scenarios\/a b\.yml' .*--budget 40s --exact off$/m);
  });

  test.each([7, { args: 'x', flags: [] }, { args: [], flags: [1] }])(
    'is refused as %j, with its place',
    async (odd) => {
      rewrite(odd);
      await expect(reportAgain(OPTIONS, folder.dir)).rejects.toThrow(/run\.json: \$\.commandLine/);
    },
  );
});
