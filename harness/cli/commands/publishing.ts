/** What writes to a pull request. Each loads on use. */
import { Option } from 'commander';
import { ownerAndName, webAddress, wholeNumber } from '../flags.ts';
import { type AddCommand, failOn } from './options.ts';

export const addPublish: AddCommand = (program, act) => {
  program
    .command('publish')
    .description('write the report to the pull request: one comment, the job summary, a check run')
    .argument('[dir]', 'output folder of a run, or a folder of several; the artifacts of --run-id when left out')
    .option('--repository <owner/name>', 'where the pull request is; GITHUB_REPOSITORY when left out', ownerAndName)
    .addOption(
      new Option(
        '--pull-request <number>',
        'which one; the one that GitHub’s event and the artifact name when left out',
      ).argParser(wholeNumber),
    )
    .addOption(
      new Option('--run-id <id>', 'workflow run that measured; the one of the event when left out').argParser(
        wholeNumber,
      ),
    )
    .option('--artifact <name>', 'how the names of its artifacts begin', 'godyno')
    .addOption(
      new Option('--comment <mode>', 'when to comment; on-change: no new comment for "unchanged"')
        .choices(['always', 'on-change', 'never'])
        .default('always'),
    )
    .option('--comment-author <login>', 'login that writes godyno’s comments; the token’s owner when left out')
    .option('--check-run', 'also write a check run: failure as in --fail-on, neutral when not decided')
    .option('--report-url <url>', 'address of the page to link, when a folder is published', webAddress)
    .option('--dry-run', 'print the comment on stdout, send nothing')
    .addOption(failOn())
    .action(act(async () => (await import('../publish.ts')).publishCommandLine));
};
