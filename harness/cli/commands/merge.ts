/** `godyno merge`: the parts of a matrix, one scenario or some each, as one comparison with one report. */
import type { ExitCode } from '../../errors.ts';
import {
  CLAIM_FILE,
  claimText,
  invocationOfClaim,
  mergeClaims,
  mergeReceived,
  type Received,
  readReceivedFolder,
} from '../../publish/index.ts';
import { openOutput } from '../../results/index.ts';
import { type ReportOptions, writeReports } from './write-reports.ts';

interface MergeOptions extends ReportOptions {
  readonly out?: string | undefined;
}

export const mergeCommandLine = async (options: MergeOptions, ...dirs: readonly string[]): Promise<ExitCode> => {
  const parts: Received[] = [];
  for (const dir of dirs) parts.push(...(await readReceivedFolder(dir)));
  const comparison = mergeReceived(parts);
  const claim = mergeClaims(parts);
  const out = await openOutput(options.out, new Date());
  if (claim !== null) await out.write(CLAIM_FILE, claimText(claim));
  return writeReports(out, { comparison, invocation: invocationOfClaim(claim) }, options);
};
