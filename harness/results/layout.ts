/** Names within the output folder of a run (docs/files.md). */
import { folderOf } from '../folders.ts';
import type { ProfileKind, Side } from '../model/index.ts';

export const RUN_FILE = 'run.json';
export const COMPARISON_FILE = 'comparison.json';
export const REPORT_FILE = 'report.md';
export const PAGE_FILE = 'report.html';

/** All profiles of a scenario lie below. */
export const profileFolder = (scenario: string): string => `profiles/${folderOf(scenario)}/`;

/** Of one side, merged over its launches. */
export const mergedFile = (scenario: string, side: Side, kind: ProfileKind): string =>
  `${profileFolder(scenario)}${side}/${kind}.pb.gz`;
