/** What a newcomer runs first. Each loads on use. */
import { type AddCommand, json } from './options.ts';

export const addInit: AddCommand = (program, act) => {
  program
    .command('init')
    .description('find the service here, try it in a copy, and write scenarios/NAME.yml and the GitHub workflows')
    .option('-y, --yes', 'take what is proposed without asking (needed where there is no terminal)')
    .option('--package <path>', 'the main package, e.g. ./cmd/server (default: found by itself)')
    .option('--module <dir>', 'the folder with go.mod (default: found by itself)')
    .option('--action <owner/name@ref>', 'write workflows that use this GitHub Action instead of npx')
    .option('--no-try', 'do not build and start the service; routes are proposed without having been tried')
    .option('--force', 'replace files that exist')
    .action(async (options) => act(async () => (await import('../commands/init.ts')).initialise(options)));
};

export const addDoctor: AddCommand = (program, act) => {
  program
    .command('doctor')
    .description(
      'check this machine, then build and start both sides and send each request once, as run does; says what is missing and what to do',
    )
    .argument('[scenario...]', 'scenario files whose target to try (default: scenarios/*.yml)')
    .option('--base <ref|folder>', 'what to compare with (default: where the head left the default branch)')
    .option('--head <ref|folder>', 'what to try (default: the working tree)')
    .addOption(json('the checks'))
    .action(async (words, options) =>
      act(async () => (await import('../commands/doctor.ts')).examine(options, ...words)),
    );
};
