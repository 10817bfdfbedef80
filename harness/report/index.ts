/**
 * Reports: a Comparison made readable.
 *
 * Wings: `words` makes the report, sentence by sentence; `render` draws it as markdown, terminal lines and the page, whose
 * script is `page`; `exports` writes other tools' formats; `text` makes names from the measured code harmless.
 *
 * In: a Comparison (with the Run for plots and advice, and profiles for flame graphs) and what the command line was
 * told. Out: strings: one sentence, terminal lines, markdown, one self-contained HTML page, and files for other tools.
 * Figures are never computed here beyond formatting; names from the measured code are made harmless by `escape.ts`.
 */
export { buildReport } from './build.ts';
export { MOST_BYTES, marker, renderComment, renderMarkdown } from './render/markdown.ts';
export { type PageInput, renderHtml } from './render/html.ts';
export type { ProfilePair } from './render/page-data.ts';
export { renderTerminal } from './render/terminal.ts';
export { verdictSentence } from './words/sentence.ts';
export { inertCode, inertHtml, inertText, shellWord, visibleText } from './text/escape.ts';
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
} from './words/report.ts';
export * from './exports/index.ts';
export type { StackSource } from './render/stacks.ts';
export type { InlineText, InlinePart } from './text/inline-text.ts';
