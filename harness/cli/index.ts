/**
 * The command line: flags, files, exit codes; one file per command. It conducts the modules and decides nothing itself.
 * The Action is the one module that stands above it.
 */
export { main } from './main.ts';
export { reportCrashes, reportFailure } from './terminal/failure.ts';
