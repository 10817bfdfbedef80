/**
 * Reports: a Comparison made readable.
 *
 * In: a Comparison (with the Run for plots and advice, and profiles for flame graphs) and what the command line was
 * told. Out: strings: one sentence, terminal lines, markdown, one self-contained HTML page, and files for other tools.
 * Figures are never computed here beyond formatting; names from the measured code are made harmless by `inert.ts`.
 */
export { buildReport } from './build.ts';
export { MOST_BYTES, marker, renderComment, renderMarkdown } from './markdown.ts';
export { type PageInput, renderHtml } from './html.ts';
export type { ProfilePair } from './page-data.ts';
export { renderTerminal } from './terminal.ts';
export { verdictSentence } from './sentence.ts';
export { inertCode, inertHtml, inertText, shellWord, visibleText } from './inert.ts';
export type {
  Fact,
  FunctionGroup,
  FunctionRow,
  Invocation,
  MetricRow,
  PathFrame,
  Report,
  ReportInput,
  ScenarioReport,
  Why,
} from './report.ts';
export * from './exports/index.ts';
export type { StackSource } from './stacks.ts';
export type { Rich, RichPart } from './rich.ts';
