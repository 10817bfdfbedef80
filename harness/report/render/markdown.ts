/**
 * Report → markdown for pull-request comment, job summary and `report.md`.
 *
 * GitHub refuses comments over 65,536 characters, so a report that would be longer than {@link MOST_BYTES} drops detail
 * in a stated order (see {@link LEVELS}) and says so.
 */
import { inertCode, inertHtml, inertText } from '../text/escape.ts';
import { HEADLINE_WORDS, type Headline } from '../words/headline.ts';
import {
  type FunctionGroup,
  type FunctionRow,
  isMovedRoute,
  type MetricRow,
  type PathFrame,
  PLACES_TITLE,
  type PlaceRow,
  type Report,
  type RouteRow,
  routesHeading,
  type ScenarioReport,
} from '../words/report.ts';
import type { InlineText } from '../text/inline-text.ts';
import { countHeadlines } from '../words/sentence.ts';

/** UTF-8 bytes; below GitHub's limit with room for a publisher's link line. */
export const MOST_BYTES = 60_000;

/** What a level keeps; each level drops one thing more than the one before. */
interface Level {
  readonly dropped: string;
  readonly facts: 'kept' | 'dropped';
  readonly allMetrics: 'kept' | 'dropped';
  readonly functionRows: number;
  readonly path: 'kept' | 'dropped';
  readonly cautions: number;
  readonly sections: number;
}

const FULL: Level = {
  dropped: '',
  facts: 'kept',
  allMetrics: 'kept',
  functionRows: 5,
  path: 'kept',
  cautions: 8,
  sections: 50,
};

/** The dropping order. */
const LEVELS: readonly Level[] = [
  FULL,
  { ...FULL, dropped: 'how it was measured', facts: 'dropped' },
  { ...FULL, dropped: 'the tables of all metrics', facts: 'dropped', allMetrics: 'dropped' },
  {
    ...FULL,
    dropped: 'the tables of all metrics, call paths and lesser functions',
    facts: 'dropped',
    allMetrics: 'dropped',
    functionRows: 2,
    path: 'dropped',
    cautions: 3,
  },
  {
    ...FULL,
    dropped: 'functions, tables of all metrics, and all but the ten worst scenarios',
    facts: 'dropped',
    allMetrics: 'dropped',
    functionRows: 0,
    path: 'dropped',
    cautions: 2,
    sections: 10,
  },
  {
    ...FULL,
    dropped: 'everything but the verdicts',
    facts: 'dropped',
    allMetrics: 'dropped',
    functionRows: 0,
    path: 'dropped',
    cautions: 0,
    sections: 0,
  },
];

/** Headlines shown before the rest is only counted; fits {@link MOST_BYTES} with the longest names. */
const MOST_HEADLINES = 20;

const rich = (parts: InlineText): string =>
  parts.map((part) => (typeof part === 'string' ? inertText(part) : inertCode(part.code))).join('');

/** The publisher finds its comment again by this line, with the author; always the last one. */
export const marker = (key: string): string =>
  `<!-- godyno:v1 key=${encodeURIComponent(key.toWellFormed()).slice(0, 200).replaceAll('--', '-%2D')} -->`;

const tableRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const verdictCell = (row: MetricRow): string => {
  const gate = row.gate || row.verdict !== 'regressed' ? '' : ' (no gate)';
  return row.reason === null ? `${row.words}${gate}` : `${row.words}${gate}: ${inertText(row.reason)}`;
};

const metricTable = (rows: readonly MetricRow[]): string =>
  [
    tableRow(['Metric', 'Base', 'Head', 'Change', 'Interval', 'Verdict']),
    tableRow(['---', '---:', '---:', '---:', '---:', '---']),
    ...rows.map((row) => tableRow([row.label, row.base, row.head, row.effect, row.interval, verdictCell(row)])),
  ].join('\n');

const functionCell = (row: FunctionRow): string =>
  [
    inertCode(row.function),
    ...(row.place === null ? [] : [inertCode(row.place)]),
    ...(row.caller === null ? [] : [`for ${inertCode(row.caller)}`]),
    ...(row.changedInDiff ? ['**changed here**'] : []),
  ].join(' ');

const functionWords = (row: FunctionRow): string =>
  row.calls === null ? row.words : `${row.words} (${row.calls} calls)`;

const functionTable = (group: FunctionGroup, most: number): string => {
  const rows = group.rows.slice(0, most);
  const leftOut = group.rows.length + group.leftOut - rows.length;
  return [
    tableRow([`${group.label}, ${group.what}`, 'Base', 'Head', 'Change', group.share, '']),
    tableRow(['---', '---:', '---:', '---:', '---:', '---']),
    ...rows.map((row) => tableRow([functionCell(row), row.base, row.head, row.delta, row.impact, functionWords(row)])),
    ...(leftOut > 0 ? [tableRow([`and ${leftOut} more`, '', '', '', '', ''])] : []),
  ].join('\n');
};

const frameText = (frame: PathFrame): string => {
  const notes = [...(frame.delta === null ? [] : [frame.delta]), ...(frame.changedInDiff ? ['changed here'] : [])];
  return `${inertCode(frame.function)}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
};

const codePathBlocks = ({ codePath }: ScenarioReport, level: Level): readonly string[] => {
  if (codePath === null || level.functionRows === 0) return [];
  const functions = codePath.functions.slice(0, level.functionRows);
  const leftOut = codePath.functionsLeftOut + codePath.functions.length - functions.length;
  return [
    `**Code path** · ${inertText(codePath.how)}`,
    codePath.figures.map((line) => `- ${rich(line)}`).join('\n'),
    ...(functions.length > 0
      ? [
          [
            'Functions, the one to look at first:',
            ...functions.map((line) => `- ${rich(line)}`),
            ...(leftOut > 0 ? [`- and ${leftOut} more functions`] : []),
          ].join('\n'),
        ]
      : []),
    ...codePath.notes.map(rich),
  ];
};

const placeTable = (rows: readonly PlaceRow[]): readonly string[] =>
  rows.length === 0
    ? []
    : [
        [
          tableRow([PLACES_TITLE, 'Base', 'Head', 'Change', 'Interval']),
          tableRow(['---', '---:', '---:', '---:', '---:']),
          ...rows.map(({ what, base, head, delta, interval }) => tableRow([rich(what), base, head, delta, interval])),
        ].join('\n'),
      ];

const whyBlocks = (scenario: ScenarioReport, level: Level): readonly string[] => {
  const { groups, places, path, notes } = scenario.why;
  const isPathShown = path.length > 0 && level.path === 'kept';
  if (level.functionRows === 0 || (groups.length + places.length + notes.length === 0 && !isPathShown)) return [];
  return [
    '**Why**',
    ...groups.map((group) => functionTable(group, level.functionRows)),
    ...placeTable(places),
    ...(isPathShown ? [`Path: ${path.map(frameText).join(' → ')}`] : []),
    ...notes.map(rich),
  ];
};

const titledList = (title: string, items: readonly InlineText[]): string =>
  [title, ...items.map((item) => `- ${rich(item)}`)].join('\n');

const bullets = (title: string, items: readonly InlineText[]): readonly string[] => {
  const [first] = items;
  if (first === undefined) return [];
  return items.length === 1 ? [`**${title}:** ${rich(first)}`] : [titledList(`**${title}:**`, items)];
};

const quoted = (blocks: readonly string[]): readonly string[] => blocks.map((block) => block.replace(/^/gm, '> '));

const changedBlocks = (scenario: ScenarioReport): readonly string[] => {
  if (scenario.changed.length === 0) return [];
  const more = scenario.changedLeftOut > 0 ? [`and ${scenario.changedLeftOut} more changed metrics below`] : [];
  return [metricTable(scenario.changed), ...more];
};

/** Rows of a report's one table of requests; more are in comparison.json. */
const MOST_ROUTES = 60;

const routeTable = (rows: readonly RouteRow[]): string => {
  const shown = rows.slice(0, MOST_ROUTES);
  const leftOut = rows.length - shown.length;
  return [
    tableRow([routesHeading(rows), 'Metric', 'Base', 'Head', 'Change', 'Interval', '']),
    tableRow(['---', '---', '---:', '---:', '---:', '---:', '---']),
    ...shown.map(({ route, label, base, head, effect, interval, words }) =>
      tableRow([inertCode(route), label, base, head, effect, interval, words]),
    ),
    ...(leftOut > 0 ? [tableRow([`and ${leftOut} more`, '', '', '', '', '', ''])] : []),
  ].join('\n');
};

const routeBlocks = ({ routes }: ScenarioReport, level: Level): readonly string[] => {
  const moved = routes.filter(isMovedRoute).slice(0, 4 * level.functionRows);
  return moved.length === 0 ? [] : [routeTable(moved)];
};

const functionGateBlocks = ({ functionGates }: ScenarioReport, level: Level): readonly string[] => {
  const rows = functionGates.slice(0, 4 * level.functionRows);
  if (rows.length === 0) return [];
  const left = functionGates.length - rows.length;
  return [
    [
      tableRow([
        'Functions with a limit, own cost per request',
        'Base',
        'Head',
        'Change',
        'Interval',
        'Limit',
        'Verdict',
      ]),
      tableRow(['---', '---:', '---:', '---:', '---:', '---:', '---']),
      ...rows.map((row) =>
        tableRow([
          `${inertCode(row.function)} ${row.label}`,
          row.base,
          row.head,
          row.effect,
          row.interval,
          row.limit,
          row.reason === null ? row.words : `${row.words}: ${inertText(row.reason)}`,
        ]),
      ),
      ...(left > 0 ? [tableRow([`and ${left} more`, '', '', '', '', '', ''])] : []),
    ].join('\n'),
  ];
};

const newGoBlocks = ({ newGo }: ScenarioReport, level: Level): readonly string[] => {
  if (newGo === null) return [];
  const known = level.functionRows === 0 ? [] : newGo.known;
  return [
    titledList(`**New Go:** ${inertText(newGo.title)}`, newGo.costs),
    ...(known.length === 0 ? [] : [titledList(`${newGo.knownTitle}:`, known)]),
  ];
};

const sectionBlocks = (scenario: ScenarioReport, level: Level): readonly string[] => [
  ...newGoBlocks(scenario, level),
  ...quoted(bullets('Caution', scenario.cautions.slice(0, level.cautions))),
  ...bullets('Answers that differ', scenario.answers.slice(0, level.cautions)),
  ...bullets('Failed requests', scenario.failed.slice(0, level.cautions)),
  ...(scenario.toDo === null ? [] : [`**To do:** ${rich(scenario.toDo)}`]),
  ...changedBlocks(scenario),
  ...routeBlocks(scenario, level),
  ...functionGateBlocks(scenario, level),
  ...codePathBlocks(scenario, level),
  ...whyBlocks(scenario, level),
  ...(level.functionRows === 0 ? [] : bullets('Changed in this pull request', scenario.changedCode)),
  ...bullets('Limits of this run', scenario.blindSpots),
];

const factLines = (scenario: ScenarioReport): string =>
  scenario.facts.map((fact) => `- ${fact.name}: ${rich(fact.value)}`).join('\n');

const foldedBlocks = (scenario: ScenarioReport, level: Level): readonly string[] => {
  if (level.allMetrics === 'dropped' && level.facts === 'dropped') return [];
  const warnings = scenario.metrics.flatMap((row) =>
    row.warnings.map((warning) => `- ${row.label}: ${inertText(warning)}`),
  );
  return [
    `<details><summary>All metrics of <code>${inertHtml(scenario.scenario)}</code> and how they were measured</summary>`,
    ...(level.allMetrics === 'kept' && scenario.metrics.length > 0 ? [metricTable(scenario.metrics)] : []),
    ...(level.allMetrics === 'kept' && scenario.routes.length > 0 ? [routeTable(scenario.routes)] : []),
    ...(warnings.length > 0 ? [warnings.join('\n')] : []),
    ...(level.facts === 'kept' ? [factLines(scenario)] : []),
    '</details>',
  ];
};

const reproduceBlocks = (report: Report): readonly string[] => {
  const longest = Math.max(2, ...report.reproduce.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return ['**Reproduce**', [`${fence}sh`, ...report.reproduce, fence].join('\n'), ...report.reproduceNotes.map(rich)];
};

const revisionText = (side: { readonly label: string; readonly revision: string }): string => {
  const short = side.revision.replace(/^(?:sha256:)?([0-9a-f]{12})[0-9a-f]+/, '$1');
  return side.label === short ? inertCode(short) : `${inertCode(side.label)} (${inertCode(short)})`;
};

const footer = (report: Report): string =>
  `<sub>base ${revisionText(report.base)} → head ${revisionText(report.head)} · seed ${report.seed} · ${inertText(`godyno ${report.godynoVersion}`)}${report.took === null ? '' : `<br>${inertText(report.took)}`}</sub>`;

const bold = (headline: Headline): string => `**${HEADLINE_WORDS[headline].title}**`;

const headlineItem = ({ headline, sentence }: ScenarioReport): string =>
  `- ${HEADLINE_WORDS[headline].sign} ${rich(sentence)}`;

/** At most {@link MOST_HEADLINES}; the rest is counted. */
const headlineList = (scenarios: readonly ScenarioReport[]): string => {
  const left = scenarios.length - MOST_HEADLINES;
  return [...scenarios.slice(0, MOST_HEADLINES).map(headlineItem), ...(left > 0 ? [`- and ${left} more`] : [])].join(
    '\n',
  );
};

const scenarioCounts = ({ scenarios }: Report): string =>
  `${scenarios.length} scenarios: ${countHeadlines(scenarios)}.`;

const newBlocks = ({ newOnHead }: Report): readonly string[] =>
  newOnHead.length === 0
    ? []
    : [
        newOnHead
          .slice(0, MOST_HEADLINES)
          .map((sentence) => `- ${rich(sentence)}`)
          .join('\n'),
      ];

const headlineBlocks = (report: Report): readonly string[] => [...verdictBlocks(report), ...newBlocks(report)];

const verdictBlocks = (report: Report): readonly string[] => {
  const [only, ...others] = report.scenarios;
  if (only === undefined)
    return [
      report.newOnHead.length > 0
        ? '**Nothing to compare with yet**'
        : `${bold(report.headline)} · no scenario was compared.`,
    ];
  if (others.length === 0) return [`${bold(report.headline)} · ${rich(only.sentence)}`];
  return [`${bold(report.headline)} · ${scenarioCounts(report)}`, headlineList(report.scenarios)];
};

/** Only what is not "unchanged" gets a section in sight. */
const sectionsOf = (report: Report, level: Level): readonly string[] => {
  if (report.scenarios.length === 1)
    return report.scenarios.slice(0, level.sections).flatMap((one) => sectionBlocks(one, level));
  return report.scenarios
    .filter((scenario) => scenario.verdict !== 'unchanged')
    .slice(0, level.sections)
    .flatMap((scenario) => [`#### ${inertCode(scenario.scenario)}`, ...sectionBlocks(scenario, level)]);
};

const renderLevel = (report: Report, level: Level): string =>
  [
    ...headlineBlocks(report),
    ...sectionsOf(report, level),
    ...reproduceBlocks(report),
    ...report.scenarios.slice(0, level.sections).flatMap((scenario) => foldedBlocks(scenario, level)),
    ...(level.dropped === '' ? [] : [`Left out to stay below GitHub's limit: ${level.dropped}.`]),
    footer(report),
    marker(report.key),
  ].join('\n\n') + '\n';

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** The whole report, at most {@link MOST_BYTES} bytes of UTF-8. */
export const renderMarkdown = (report: Report): string => {
  for (const level of LEVELS) {
    const text = renderLevel(report, level);
    if (byteLength(text) <= MOST_BYTES) return text;
  }
  return renderLastResort(report);
};

/** Reproduce lines may be endless (thousands of scenario files); the verdicts still get through. */
const renderLastResort = (report: Report): string =>
  [
    ...headlineBlocks(report),
    'The reproduce lines are too long for a comment.',
    footer(report),
    marker(report.key),
  ].join('\n\n') + '\n';

/** For comments: where nothing changed a line, and one for each scenario with a gate that was not judged; else the whole report. */
export const renderComment = (report: Report): string => {
  if (report.verdict !== 'unchanged') return renderMarkdown(report);
  const [only, ...others] = report.scenarios;
  if (only === undefined || report.newOnHead.length > 0) return renderMarkdown(report);
  const lines = others.length > 0 ? quietLines(report) : [`${bold(report.headline)} · ${rich(only.sentence)}`];
  return `${[...lines, marker(report.key)].join('\n\n')}\n`;
};

const quietLines = (report: Report): readonly string[] => {
  const partly = report.scenarios.filter(({ headline }) => headline === 'partlyJudged');
  if (partly.length === 0) return [`${bold(report.headline)} · ${report.scenarios.length} scenarios, none changed.`];
  return [`${bold(report.headline)} · ${scenarioCounts(report)}`, headlineList(partly)];
};
