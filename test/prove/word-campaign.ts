/**
 * The frame of a campaign whose runs are asked for in words, such as `cpu:2:noise=30`: each run in a folder of its own, a
 * row of evidence for each, and at the end the table of all rows. What is measured, and which row is right, is the
 * campaign's.
 *
 * node test/prove/<campaign>.ts [--full] [--whole] [word …]
 *
 * --whole measures everything, as a user would; else only costs. --table prints the table and measures nothing.
 * --into <file> adds the rows there instead of docs/evidence.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { appendRow, evidenceFile, type EvidenceRow, rowsIn } from './campaign.ts';

export interface CampaignFlags {
  readonly words: readonly string[];
  readonly full: boolean;
  readonly whole: boolean;
  readonly table: boolean;
  readonly into: string;
}

/** `name`: of its file in docs/evidence. */
export const campaignFlags = (name: string): CampaignFlags => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      full: { type: 'boolean', default: false },
      whole: { type: 'boolean', default: false },
      table: { type: 'boolean', default: false },
      into: { type: 'string', default: evidenceFile(name) },
    },
  });
  return { ...values, words: positionals };
};

export interface WordCampaign<Job extends { readonly runs: number }> {
  /** What is measured without words, and with --full. */
  readonly short: readonly string[];
  readonly full: readonly string[];
  readonly jobOf: (word: string) => Job;
  /** One run, with everything it makes below `work`. */
  readonly measure: (job: Job, work: string) => Promise<EvidenceRow>;
  readonly isRight: (row: EvidenceRow) => boolean;
  /** What to say of a run besides its verdict. */
  readonly figures: (row: EvidenceRow) => string;
  readonly table: (rows: readonly EvidenceRow[]) => string;
  /** A wrong row is a finding, whose raw data stay. */
  readonly keepsWrong?: true;
}

const runOnce = async <Job extends { readonly runs: number }>(
  job: Job,
  { measure, isRight, figures, keepsWrong }: WordCampaign<Job>,
  into: string,
): Promise<void> => {
  const work = mkdtempSync(path.join(tmpdir(), 'wc-'));
  let isKept = false;
  try {
    const row = await measure(job, work);
    appendRow(into, row);
    const right = isRight(row);
    isKept = !right && keepsWrong === true;
    const { service, rung, condition, verdict, reason } = row;
    console.log(
      `${service}, ${rung}, ${condition}: ${right ? 'right' : 'WRONG'}, ${verdict}, ${figures(row)}${reason === null ? '' : `: ${reason}`}`,
    );
    if (isKept) console.log(`  kept in ${work}`);
  } finally {
    if (!isKept) rmSync(work, { recursive: true, force: true });
  }
};

/** Ends with 1 where a row is wrong, whoever measured it. */
export const runCampaign = async <Job extends { readonly runs: number }>(
  { words, full, table, into }: CampaignFlags,
  campaign: WordCampaign<Job>,
): Promise<void> => {
  const unnamed = full ? campaign.full : campaign.short;
  for (const job of table ? [] : (words.length > 0 ? words : unnamed).map(campaign.jobOf)) {
    for (let run = 1; run <= job.runs; run++) await runOnce(job, campaign, into);
  }
  const rows = rowsIn<EvidenceRow>(into);
  const wrong = rows.filter((row) => !campaign.isRight(row)).length;
  console.log(`\n${campaign.table(rows)}\n\n${rows.length - wrong} right, ${wrong} wrong`);
  process.exitCode = wrong === 0 ? 0 : 1;
};
