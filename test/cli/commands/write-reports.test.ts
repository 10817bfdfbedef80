import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OutputFolder } from '../../../harness/results/output.ts';
import { writeReports } from '../../../harness/cli/commands/write-reports.ts';
import { comparisonOf, scenarioOf } from '../../builders/comparisons.ts';
import { RUN } from '../../builders/demo-run.ts';

vi.mock('../../../harness/results/page.ts', () => ({
  pageOf: () => {
    throw new Error('a fault of ours');
  },
}));

const INVOCATION = { program: 'godyno', command: 'run', args: [], flags: [] } as const;
const regressed = comparisonOf([scenarioOf('demo', 'regressed')]);
const OPTIONS = { failOn: ['regressed'], json: true };

let said = { stdout: '', stderr: '' };
beforeEach(() => {
  said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((text) => ((said[name] += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Keeps what is written, except for one file that cannot be. */
const folderWithout = (broken: string | null): { readonly out: OutputFolder; readonly written: string[] } => {
  const written: string[] = [];
  const write = async (name: string): Promise<void> => {
    if (name === broken) throw new Error(`ENOSPC: ${name}`);
    written.push(name);
  };
  return { out: { dir: '/nowhere', write, path: (name) => name }, written };
};

describe('reports', () => {
  test.each([
    ['comparison.json', ['report.md', 'other.json']],
    ['report.md', ['comparison.json', 'other.json']],
    ['other.json', ['comparison.json', 'report.md']],
  ])('without room for %s: the others are written and the verdict is said before the error', async (broken, rest) => {
    const { out, written } = folderWithout(broken);
    const others = new Map([['other.json', '{}']]);
    const told = writeReports(out, { comparison: regressed, invocation: INVOCATION, others }, OPTIONS);
    await expect(told).rejects.toThrow(`ENOSPC: ${broken}`);
    expect(written).toEqual(rest);
    expect(said.stderr).toContain('`demo`: regressed');
    expect(JSON.parse(said.stdout)).toMatchObject({ verdict: 'regressed' });
    expect(said.stderr).not.toContain('Report:');
  });

  test('without a page: everything else is there, and the verdict decides the exit code', async () => {
    const { out, written } = folderWithout(null);
    const told = writeReports(out, { comparison: regressed, run: RUN, invocation: INVOCATION }, OPTIONS);
    expect(await told).toBe(1);
    expect(written).toEqual(['comparison.json', 'report.md']);
    expect(said.stderr).toMatch(/report\.html could not be made; report\.md has all figures\. a fault of ours/);
  });
});
