/**
 * Go benchmarks of two revisions, side by side: `go test -c` of both, the same iterations of each in fresh processes with
 * fresh layouts, a verdict for each benchmark.
 *
 * Wings: `judge` is pure, from launches to verdicts; `told` is pure, from verdicts to text; `run` builds and measures.
 *
 * In: both sides' sources, packages, an expression, a budget, a seed. Out: everything that was measured, raw (BenchRun);
 * a BenchComparison, which follows from it alone; a sentence, a table, markdown, benchstat's files.
 */
export { type BenchPlan } from './run/plan.ts';
export { conductBenchmarks, type Conducted } from './run/conduct.ts';
export { judgeBenchmarks } from './judge/judge.ts';
export {
  BENCH_SCHEMA_VERSION,
  type BenchComparison,
  type BenchmarkJudged,
  type BenchmarkRun,
  type BenchRun,
} from './judge/values.ts';
export { renderBenchTerminal } from './told/terminal.ts';
export { renderBenchMarkdown } from './told/markdown.ts';
export { benchstatText } from './told/benchstat.ts';
