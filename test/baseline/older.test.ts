/** Baselines of older godynos: read as what they hold, or refused with the command that makes them anew. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBaseline } from '../../harness/baseline/index.ts';
import { compareStored } from '../../harness/compare/index.ts';
import { EXIT } from '../../harness/errors.ts';
import { buildReport, renderMarkdown } from '../../harness/report/index.ts';
import { sampleRun } from '../builders/recorded-run.ts';

/** As the godyno of that day stored it: no bundle, no counts, half of today's keys. */
const FIXTURE = join(import.meta.dirname, '../fixtures/baselines/2026-11-23');

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'older-')), 'recorded');
  cpSync(FIXTURE, folder, { recursive: true });
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

describe('a baseline of 23 November 2026', () => {
  it('is read, and its figures are compared with today’s', async () => {
    const { entry, run, counts } = await loadBaseline(folder);
    expect(entry).toMatchObject({ scenario: 'demo', goVersion: 'go1.26.8', bundle: null, isCounted: false });
    expect(counts).toBeNull();
    const comparison = compareStored(run, sampleRun({ revision: 'b'.repeat(40) }));
    const rows = comparison.scenarios[0]?.metrics.filter(({ metric }) => metric === 'mallocsPerRequest');
    expect(rows).toMatchObject([{ verdict: 'unchanged', gate: true }]);
    const invocation = { program: 'godyno', command: 'compare', args: [], flags: [] } as const;
    expect(renderMarkdown(buildReport({ comparison, invocation }))).toContain(
      '- Base: figures stored on 2026-09-01, not measured side by side',
    );
  });

  it.each(['baseline.json', 'counts.json'])('is refused with one command where its %s cannot be read', async (name) => {
    writeFileSync(join(folder, name), '{"schemaVersion":0}');
    await expect(loadBaseline(folder)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringMatching(new RegExp(`${name} has schema version 0`)) as string,
      hint: expect.stringMatching(/^Record the baseline again.*godyno baseline record/) as string,
    });
  });
});
