/** A run is judged once, and each of its profiles is decoded once, whatever it leaves. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { buildReport, renderHtml, renderMarkdown } from '../../harness/report/index.ts';
import type { RunFile, ScenarioRun } from '../../harness/model/index.ts';
import { openOutput, openStored, readAlong, storeAndExplain } from '../../harness/results/index.ts';
import { makeRunFolder } from '../builders/run-folder.ts';

const seen = vi.hoisted(() => ({ decoded: [] as string[], judged: 0 }));

vi.mock('../../harness/profile/index.ts', async (original) => {
  const real = await original<typeof import('../../harness/profile/index.ts')>();
  return {
    ...real,
    decodeProfile: (bytes: Uint8Array, name: string) => (seen.decoded.push(name), real.decodeProfile(bytes, name)),
  };
});

vi.mock('../../harness/compare/index.ts', async (original) => {
  const real = await original<typeof import('../../harness/compare/index.ts')>();
  const judgeScenario: typeof real.judgeScenario = (...given) => (seen.judged++, real.judgeScenario(...given));
  return { ...real, judgeScenario };
});

const folder = makeRunFolder();
afterAll(() => folder.remove());
beforeEach(() => Object.assign(seen, { decoded: [], judged: 0 }));

/** In the order of a run that was read along: `soFar` is what there is when somebody waits. */
const readAlongWith = async (run: RunFile, soFar: ScenarioRun) => {
  const reading = readAlong(await openOutput(folder.dir, new Date()));
  // One kind each time; there are no more than eight.
  for (let moment = 0; moment < 8; moment++) await reading.onIdle(soFar, run);
  const ahead = seen.decoded.length;
  return { ahead, found: await reading.finish(run) };
};

const captured = (): readonly string[] =>
  readdirSync(folder.dir, { recursive: true, encoding: 'utf8' }).filter((name) => /launch-\d+\/.*\.pb\.gz$/.test(name));

test('From the last launch to the page every profile of a launch is decoded once, and the scenario judged once.', async () => {
  const { run } = await openStored(folder.dir, 'baselines');
  const files = captured();
  const { comparison, graphs } = await storeAndExplain(await openOutput(folder.dir, new Date()), run);
  const report = buildReport({
    comparison,
    run,
    invocation: { program: 'godyno', command: 'run', args: [], flags: [] },
  });
  expect(renderMarkdown(report)).toContain('demo');
  expect(renderHtml({ report, comparison, run, profiles: graphs, script: '', style: '' })).toContain('CPU');
  expect(files.length).toBeGreaterThan(3);
  expect(seen.decoded.toSorted()).toEqual(files.toSorted());
  expect(seen.judged).toBe(run.runs.length);
});

test('Whether a function is named for sure is told from the CPU profiles, which are not decoded again for the report.', async () => {
  const { run } = await openStored(folder.dir, 'baselines');
  const reading = readAlong(await openOutput(folder.dir, new Date()));
  const [soFar] = run.runs;
  await reading.isNamed(soFar as ScenarioRun, run);
  expect(seen.decoded.every((name) => name.endsWith('cpu.pb.gz'))).toBe(true);
  expect(seen.decoded.length).toBeGreaterThan(0);
  await reading.finish(run);
  expect(seen.decoded.toSorted()).toEqual(captured().toSorted());
});

test('What was read ahead is not decoded again, and the run says the same as one that was read at its end.', async () => {
  const { run } = await openStored(folder.dir, 'baselines');
  const atEnd = await storeAndExplain(await openOutput(folder.dir, new Date()), run);
  seen.decoded = [];
  const { ahead, found } = await readAlongWith(run, run.runs[0]!);
  expect(found).toEqual(atEnd);
  expect(ahead).toBe(captured().length);
  expect(seen.decoded.toSorted()).toEqual(captured().toSorted());
});

test('Kinds that get another launch after they were read ahead are read anew with it.', async () => {
  const { run } = await openStored(folder.dir, 'baselines');
  const atEnd = await storeAndExplain(await openOutput(folder.dir, new Date()), run);
  seen.decoded = [];
  const [scenario] = run.runs;
  const { ahead, found } = await readAlongWith(run, { ...scenario!, launches: scenario!.launches.slice(0, 1) });
  expect(ahead).toBeGreaterThan(0);
  expect(ahead).toBeLessThan(captured().length);
  expect(found).toEqual(atEnd);
});
