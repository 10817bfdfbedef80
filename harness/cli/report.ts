/** `godyno report`: comparison and reports of a finished run, made again from its run.json. */
import { join } from 'node:path';
import { UsageError, type ExitCode } from '../errors.ts';
import { openOutput } from './output.ts';
import { compareWithProfiles, tell } from './results.ts';
import { openStored } from './stored.ts';

export const reportAgain = async (given: Record<string, unknown>, dir = ''): Promise<ExitCode> => {
  const { run, baseline } = await openStored(dir, 'baselines');
  if (baseline !== null) {
    throw new UsageError('NOT_A_RUN', `${dir} is a baseline, not a run`, 'Use `godyno baseline show` for it.');
  }
  const folder = dir.endsWith('.json') ? join(dir, '..') : dir;
  const out = await openOutput(folder, new Date());
  const comparison = await compareWithProfiles(run, folder);
  const invocation = { program: 'npx godyno', command: 'run', args: [], flags: [] } as const;
  return tell(out, { comparison, run, invocation }, given);
};
