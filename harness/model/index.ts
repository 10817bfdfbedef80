/**
 * The plain values that travel between modules, and nothing that acts on them.
 *
 * In: nothing. Out: types, the constants that name their cases, and the parsers that turn JSON from outside into them.
 * A number with a dimension wears it in its name; `undefined` (absent) means "not measured", 0 means "measured, none".
 */
export * from './side.ts';
export * from './endpoint.ts';
export * from './scenario.ts';
export * from './profile-kinds.ts';
export * from './metric-ids.ts';
export * from './diagnosis.ts';
export * from './run.ts';
export * from './exact.ts';
export * from './counts.ts';
export * from './stored-launches.ts';
export * from './comparison.ts';
export * from './parse.ts';
export * from './noise.ts';
export * from './bundle.ts';
export * from './template.ts';
export * from './job.ts';
export * from './overhead.ts';
