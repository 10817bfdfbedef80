/** What writes to a pull request. Each loads on use. */
import { Option } from 'commander';
import { ownerAndName, webAddress, wholeNumber } from '../commands/flags.ts';
import { type AddCommand, failOn } from './options.ts';

export const addPublish: AddCommand = (program, act) => {
  program
    .command('publish')
    .description('write the report to the pull request: one comment, the job summary, a check run')
    .argument('[dir]', 'output folder of a run, or a folder of several (default: the artifacts of --run-id)')
    .option('--repository <owner/name>', 'repository of the pull request (default: GITHUB_REPOSITORY)', ownerAndName)
    .addOption(
      new Option(
        '--pull-request <number>',
        'number of the pull request (default: the one that GitHub’s event and the artifact name)',
      ).argParser(wholeNumber),
    )
    .addOption(
      new Option('--run-id <id>', 'workflow run that measured (default: the one of GitHub’s event)').argParser(
        wholeNumber,
      ),
    )
    .option('--artifact <name>', 'beginning of the names of its artifacts', 'godyno')
    .addOption(
      new Option('--comment <mode>', 'when to comment; on-change: no new comment for "unchanged"')
        .choices(['always', 'on-change', 'never'])
        .default('always'),
    )
    .option(
      '--comment-author <login>',
      'login of the account that posts godyno’s comments (default: the token’s owner)',
    )
    .option('--check-run', 'also write a check run: failure as in --fail-on, neutral when not decided')
    .option('--report-url <url>', 'address of the page to link, when a folder is published', webAddress)
    .option('--dry-run', 'print the comment on stdout, send nothing')
    .addOption(failOn())
    .action(async (dir, options) =>
      act(async () => (await import('../commands/publish.ts')).publishCommandLine(options, dir)),
    );
};
