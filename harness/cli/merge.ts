/** `godyno merge`: the parts of a matrix, one scenario or some each, as one comparison with one report. */
import type { ExitCode } from '../errors.ts';
import {
  CLAIM_FILE,
  claimText,
  invocationOfClaim,
  mergeClaims,
  mergeReceived,
  type Received,
  readReceivedFolder,
} from '../publish/index.ts';
import { openOutput } from '../results/index.ts';
import { writeReports } from './write-reports.ts';

export const mergeCommandLine = async (
  given: Record<string, unknown>,
  ...dirs: readonly string[]
): Promise<ExitCode> => {
  const { out: outDir } = given as { readonly out?: string };
  const parts: Received[] = [];
  for (const dir of dirs) parts.push(...(await readReceivedFolder(dir)));
  const comparison = mergeReceived(parts);
  const claim = mergeClaims(parts);
  const out = await openOutput(outDir, new Date());
  if (claim !== null) await out.write(CLAIM_FILE, claimText(claim));
  return writeReports(out, { comparison, invocation: invocationOfClaim(claim) }, given);
};
