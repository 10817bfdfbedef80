/** A run is judged once, and each of its profiles is decoded once, whatever it leaves. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { buildReport, renderHtml, renderMarkdown } from '../../harness/report/index.ts';
import { openOutput, openStored, storeAndExplain } from '../../harness/results/index.ts';
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
