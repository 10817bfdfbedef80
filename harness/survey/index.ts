/**
 * What the source of a service says about how it is started and what it answers. Owns the Go program in `reader/`,
 * which parses the service's own packages without type-checking them.
 *
 * In: a module folder and its main package. Out: flags and environment variables with their defaults, addresses,
 * subcommands, HTTP routes with the prefixes of their groups. All of it are hints; who uses them tries them.
 */
export { surveyService, type Listen, type Route, type Setting, type Survey } from './survey.ts';
