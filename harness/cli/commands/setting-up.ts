/** What a newcomer runs first. Each loads on use. */
import { type AddCommand, json } from './options.ts';

export const addInit: AddCommand = (program, act) => {
  program
    .command('init')
    .description('find the service here, try it in a copy, write scenarios/NAME.yml and the GitHub workflows')
    .option('-y, --yes', 'take what is proposed, ask nothing (needed without a terminal)')
    .option('--package <path>', 'the main package, e.g. ./cmd/server; found when left out')
    .option('--module <dir>', 'the folder with go.mod; found when left out')
    .option('--action <owner/name@ref>', 'write workflows that use this GitHub Action instead of npx')
    .option('--no-try', 'do not build and start the service: routes are proposed unseen')
    .option('--force', 'replace files that exist')
    .action(act(async () => (await import('../init.ts')).initialise));
};

export const addDoctor: AddCommand = (program, act) => {
  program
    .command('doctor')
    .description(
      'check this machine, then build, start and ask the service as run does; says what is missing and what to do',
    )
    .argument('[scenario...]', 'scenario files whose target to try; scenarios/*.yml when left out')
    .option('--base <ref|folder>', 'what to compare with; where the head left the default branch when left out')
    .option('--head <ref|folder>', 'what to try; the working tree when left out')
    .addOption(json('the checks'))
    .action(act(async () => (await import('../doctor.ts')).examine));
};
