/**
 * Report → one self-contained page. Verdict, tables and reproduce lines are in the HTML and need no script; the script
 * adds flame graphs and plots from the embedded figures. Nothing is fetched: a policy in the page forbids it.
 */
import type { Comparison, RunFile } from '../../model/index.ts';
import { inertHtml, visibleText } from '../text/escape.ts';
import { HEADLINE_WORDS, type Headline } from '../words/headline.ts';
import { embedJson, pageData, type ProfilePair } from './page-data.ts';
import {
  type FunctionGroup,
  type FunctionRow,
  isMovedRoute,
  routesHeading,
  type MetricRow,
  type PathFrame,
  PLACES_TITLE,
  type PlaceRow,
  type Report,
  type RouteRow,
  type ScenarioReport,
} from '../words/report.ts';
import { plainText, type InlineText } from '../text/inline-text.ts';
import { countHeadlines } from '../words/sentence.ts';

export interface PageInput {
  readonly report: Report;
  readonly comparison: Comparison;
  readonly run?: RunFile;
  readonly profiles: readonly ProfilePair[];
  /** `page/main.ts`, bundled into one script without imports. */
  readonly script: string;
  /** `page/page.css`. */
  readonly style: string;
}

const code = (name: string): string => `<code>${inertHtml(visibleText(name))}</code>`;

const rich = (parts: InlineText): string =>
  parts.map((part) => (typeof part === 'string' ? inertHtml(part) : code(part.code))).join('');

const row = (head: string, cells: readonly string[], words: string): string =>
  `<tr><th scope="row">${head}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}<td class="words">${words}</td></tr>`;

const table = (caption: string, titles: readonly string[], rows: readonly string[]): string => {
  const heads = titles.map(
    (title, index) => `<th scope="col"${index === titles.length - 1 ? ' class="words"' : ''}>${title}</th>`,
  );
  const label = inertHtml(caption);
  return `<div class="wide" tabindex="0" role="region" aria-label="${label}"><table><caption>${label}</caption><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
};

const verdictWords = (metric: MetricRow): string => {
  const gate = metric.gate || metric.verdict !== 'regressed' ? '' : ' (no gate)';
  const reason = metric.reason === null ? '' : `: ${inertHtml(metric.reason)}`;
  const warnings = metric.warnings.map((warning) => `<br>${inertHtml(warning)}`).join('');
  return `<span class="${metric.verdict}">${inertHtml(metric.words)}</span>${gate}${reason}${warnings}`;
};

const metricTable = (caption: string, rows: readonly MetricRow[]): string =>
  rows.length === 0
    ? ''
    : table(
        caption,
        ['metric', 'base', 'head', 'change', 'interval', 'verdict'],
        rows.map((one) =>
          row(inertHtml(one.label), [one.base, one.head, one.effect, one.interval].map(inertHtml), verdictWords(one)),
        ),
      );

const functionHead = (one: FunctionRow): string =>
  `${code(one.function)}${one.place === null ? '' : ` <span class="note">${inertHtml(visibleText(one.place))}</span>`}${one.caller === null ? '' : ` for ${code(one.caller)}`}${one.changedInDiff ? ' <strong>changed here</strong>' : ''}`;

const functionTable = (scenario: ScenarioReport, group: FunctionGroup): string =>
  table(
    `${visibleText(scenario.scenario)}: ${group.label}, ${group.what}`,
    ['function', 'base', 'head', 'change', group.share.toLowerCase(), 'what'],
    group.rows.map((one) =>
      row(
        functionHead(one),
        [one.base, one.head, one.delta, one.impact].map(inertHtml),
        inertHtml(one.calls === null ? one.words : `${one.words} (${one.calls} calls)`),
      ),
    ),
  );

const routeTable = (caption: string, rows: readonly RouteRow[]): string =>
  rows.length === 0
    ? ''
    : table(
        caption,
        [routesHeading(rows).toLowerCase(), 'metric', 'base', 'head', 'change', 'interval', 'verdict'],
        rows.map((one) =>
          row(
            code(one.route),
            [one.label, one.base, one.head, one.effect, one.interval].map(inertHtml),
            `<span class="${one.verdict}">${inertHtml(one.words)}</span> <span class="note">${inertHtml(one.behind)}</span>`,
          ),
        ),
      );

const functionGateTable = ({ scenario, functionGates }: ScenarioReport): string =>
  functionGates.length === 0
    ? ''
    : table(
        `${visibleText(scenario)}: functions with a limit, own cost per request`,
        ['function', 'base', 'head', 'change', 'interval', 'limit', 'verdict'],
        functionGates.map((one) =>
          row(
            `${code(one.function)} ${inertHtml(one.label)}`,
            [one.base, one.head, one.effect, one.interval, one.limit].map(inertHtml),
            `<span class="${one.verdict}">${inertHtml(one.words)}</span>${one.reason === null ? '' : `: ${inertHtml(visibleText(one.reason))}`}`,
          ),
        ),
      );

const frameText = (frame: PathFrame): string => {
  const notes = [...(frame.delta === null ? [] : [frame.delta]), ...(frame.changedInDiff ? ['changed here'] : [])];
  return `${code(frame.function)}${notes.length > 0 ? ` (${inertHtml(notes.join(', '))})` : ''}`;
};

const placeTable = (scenario: string, rows: readonly PlaceRow[]): string =>
  rows.length === 0
    ? ''
    : table(
        `${visibleText(scenario)}: ${PLACES_TITLE}`,
        ['where', 'base', 'head', 'change', 'interval'],
        rows.map(({ what, base, head, delta, interval }) =>
          row(rich(what), [base, head, delta].map(inertHtml), inertHtml(interval)),
        ),
      );

/** Below a scenario's own heading where there are several. */
const heading = (report: Report, text: string): string =>
  report.scenarios.length === 1 ? `<h2>${text}</h2>` : `<h3>${text}</h3>`;

const why = (report: Report, scenario: ScenarioReport): string => {
  const { groups, places, path, notes } = scenario.why;
  if (groups.length + places.length + notes.length + path.length === 0) return '';
  return [
    heading(report, 'Why'),
    ...groups.map((group) => functionTable(scenario, group)),
    placeTable(scenario.scenario, places),
    path.length > 0 ? `<p>Path: ${path.map(frameText).join(' → ')}</p>` : '',
    ...notes.map((note) => `<p>${rich(note)}</p>`),
  ].join('');
};

const codePath = (report: Report, { codePath: counted }: ScenarioReport): string => {
  if (counted === null) return '';
  const { how, figures, functions, functionsLeftOut: leftOut, notes } = counted;
  const more = leftOut > 0 ? `<li>and ${leftOut} more functions</li>` : '';
  return [
    heading(report, 'Code path'),
    `<p class="note">${inertHtml(how)}</p>`,
    list(figures),
    functions.length === 0 ? '' : `<ol>${functions.map((item) => `<li>${rich(item)}</li>`).join('')}${more}</ol>`,
    ...notes.map((note) => `<p>${rich(note)}</p>`),
  ].join('');
};

const list = (items: readonly InlineText[]): string =>
  `<ul>${items.map((item) => `<li>${rich(item)}</li>`).join('')}</ul>`;

const cautions = (scenario: ScenarioReport): string =>
  scenario.cautions.length === 0 ? '' : `<div class="caution"><strong>Caution</strong>${list(scenario.cautions)}</div>`;

const newGo = (report: Report, { newGo: found }: ScenarioReport): string => {
  if (found === null) return '';
  const known =
    found.known.length === 0 ? '' : `<p>${inertHtml(visibleText(found.knownTitle))}:</p>${list(found.known)}`;
  return `${heading(report, 'New Go')}<p>${inertHtml(visibleText(found.title))}</p>${list(found.costs)}${known}`;
};

const badge = (headline: Headline): string =>
  `<span class="badge ${headline}">${inertHtml(HEADLINE_WORDS[headline].title)}</span>`;

const scenarioSection = (report: Report, scenario: ScenarioReport): string => {
  const name = visibleText(scenario.scenario);
  const title = report.scenarios.length === 1 ? '' : `<h2>${badge(scenario.headline)} ${rich(scenario.sentence)}</h2>`;
  return [
    title,
    newGo(report, scenario),
    cautions(scenario),
    scenario.answers.length === 0 ? '' : `<p><strong>Answers that differ</strong></p>${list(scenario.answers)}`,
    scenario.failed.length === 0 ? '' : `<p><strong>Failed requests</strong></p>${list(scenario.failed)}`,
    scenario.toDo === null ? '' : `<p><strong>To do:</strong> ${rich(scenario.toDo)}</p>`,
    metricTable(`${name}: what changed`, scenario.changed),
    routeTable(
      `${name}: what moved by ${routesHeading(scenario.routes).toLowerCase()}`,
      scenario.routes.filter(isMovedRoute),
    ),
    functionGateTable(scenario),
    codePath(report, scenario),
    why(report, scenario),
    scenario.changedCode.length === 0
      ? ''
      : `${heading(report, 'Changed in this pull request')}${list(scenario.changedCode)}`,
    scenario.blindSpots.length === 0 ? '' : `${heading(report, 'Limits of this run')}${list(scenario.blindSpots)}`,
  ].join('');
};

const details = (scenario: ScenarioReport): string => {
  const facts = scenario.facts.map((fact) => `<li>${inertHtml(fact.name)}: ${rich(fact.value)}</li>`).join('');
  return `<details><summary>${code(scenario.scenario)}: all metrics and how they were measured</summary>${metricTable(`${visibleText(scenario.scenario)}: all metrics`, scenario.metrics)}${routeTable(`${visibleText(scenario.scenario)}: by ${routesHeading(scenario.routes).toLowerCase()}`, scenario.routes)}<ul>${facts}</ul></details>`;
};

const nothingText = ({ newOnHead }: Report): string =>
  newOnHead.length > 0 ? 'Nothing to compare with yet.' : 'No scenario was compared.';

const headline = (report: Report): string => {
  const [only, ...others] = report.scenarios;
  if (only === undefined) return nothingText(report);
  return others.length === 0
    ? rich(only.sentence)
    : `${report.scenarios.length} scenarios: ${countHeadlines(report.scenarios)}.`;
};

const sides = (report: Report): string =>
  `base ${code(report.base.label)} <span class="note">${inertHtml(visibleText(report.base.revision))}</span> → head ${code(report.head.label)} <span class="note">${inertHtml(visibleText(report.head.revision))}</span>`;

const reproduce = (report: Report): string =>
  `<h2>Reproduce</h2><pre tabindex="0" role="region" aria-label="Commands"><code>${report.reproduce.map((line) => inertHtml(visibleText(line))).join('\n')}</code></pre>${report.reproduceNotes.map((note) => `<p>${rich(note)}</p>`).join('')}`;

/** Scripts and styles of this page only; no address of any kind may be reached. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const pageTitle = (report: Report): string => {
  const [worst] = report.scenarios;
  return `godyno: ${worst === undefined ? nothingText(report) : plainText(worst.sentence)}`;
};

/** The page as one string. `script` and `style` are ours; everything else in it may be hostile and is made text. */
export const renderHtml = ({ report, comparison, run, profiles, script, style }: PageInput): string =>
  [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${inertHtml(pageTitle(report))}</title>`,
    `<style>${style}</style></head><body>`,
    `<header>${report.scenarios.length === 0 ? '' : badge(report.headline)}<h1>${headline(report)}</h1><p class="sides">${sides(report)}</p></header>`,
    '<main>',
    report.newOnHead.length === 0 ? '' : list(report.newOnHead),
    ...report.scenarios.map((scenario) => scenarioSection(report, scenario)),
    '<h2>Where the cost is</h2><div id="flames"></div>',
    '<h2>Pair by pair</h2><div id="plots"></div>',
    '<h2>Latency</h2><div id="latency"></div>',
    reproduce(report),
    '<h2>Everything measured</h2>',
    ...report.scenarios.map(details),
    '</main>',
    `<footer>seed ${report.seed} · godyno ${inertHtml(visibleText(report.godynoVersion))}${report.took === null ? '' : `<br>${inertHtml(report.took)}`}</footer>`,
    `<script type="application/json" id="data">${embedJson(pageData(comparison, run, profiles))}</script>`,
    `<script>${script}</script></body></html>`,
    '',
  ].join('\n');
