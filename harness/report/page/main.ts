/** The page's script: reads the embedded figures and wires the parts. Bundled by the build, inlined by `html.ts`. */
import { formatNumberOf, formatPercent } from '../../units/index.ts';
import type { FlameData, PageData } from '../render/page-data.ts';
import { byId, chooser, element, radios } from './dom.ts';
import {
  buildModel,
  type FlameModel,
  functionTotals,
  mainNode,
  search,
  type SearchHits,
  type View,
} from './flame-model.ts';
import { FlameView } from './flame-view.ts';
import { createFunctionTable } from './function-table.ts';
import { drawLatency } from './latency.ts';
import { drawMetric, legend } from './plots.ts';
import { createSelection } from './selection.ts';

const VIEWS: readonly View[] = ['difference', 'base', 'head', 'vanished'];
const VIEW_TEXTS = ['Difference (width: head)', 'Base', 'Head', 'Vanished (only in base)'] as const;

// The only cast of the page: this JSON was written by page-data.ts into the same file.
const readData = (): PageData => JSON.parse(byId('data').textContent ?? '') as PageData;

const flameTitle = (flame: FlameData, several: boolean): string =>
  several ? `${flame.scenario}: ${flame.title}` : flame.title;

const colorKey = (): HTMLElement => {
  const key = (name: string, text: string): HTMLElement =>
    element('span', {}, element('i', { class: `swatch ${name}` }), ` ${text}`);
  return element(
    'p',
    { class: 'legend' },
    key('more', 'costs more (+)'),
    key('less', 'costs less (-)'),
    key('new', 'new'),
    key('same', 'unchanged'),
  );
};

/** The graph is what readers wait for; the rest comes once it is on the screen. */
const afterPaint = (work: () => void): void => {
  requestAnimationFrame(() => setTimeout(work));
};

/** Models are made on first use: most readers look at one profile. */
const modelsOf = (flames: readonly FlameData[], first: FlameData): ((index: number) => FlameModel) => {
  const models = new Map<number, FlameModel>();
  return (index) => {
    const made = models.get(index) ?? buildModel(flames[index] ?? first);
    models.set(index, made);
    return made;
  };
};

/** What a search found, in words; empty without one. */
const describeHits = (text: string, { functions, baseShare, headShare }: SearchHits): string => {
  if (text.trim() === '') return '';
  const count = formatNumberOf(functions, 'function');
  return `${count}, ${formatPercent(baseShare)} of base, ${formatPercent(headShare)} of head`;
};

/** A search field that `/` leads to. */
const searchField = (onInput: () => void): HTMLInputElement => {
  const field = element('input', {
    type: 'search',
    placeholder: 'search functions ( / )',
    'aria-label': 'Search functions',
  });
  field.addEventListener('input', onInput);
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    field.focus();
  });
  return field;
};

const resetButton = (onReset: () => void): HTMLElement => {
  const button = element('button', { type: 'button' }, 'Reset zoom');
  button.addEventListener('click', onReset);
  return button;
};

const startFlames = ({ flames, opens }: PageData): void => {
  const host = byId('flames');
  const [first] = flames;
  if (first === undefined) {
    host.append(element('p', { class: 'note' }, 'This run kept no profiles.'));
    return;
  }
  const modelAt = modelsOf(flames, first);
  let model = modelAt(opens.flame);

  const selection = createSelection((node) => view.zoom(node));
  const view = new FlameView(model, (node) => selection.show(model, node));
  const table = createFunctionTable((name) => view.zoom(mainNode(model, name)));
  const found = element('span', { class: 'note', role: 'status' });
  const runSearch = (): void => {
    const text = field.value;
    const hits = search(model, text);
    view.mark(text.trim() === '' ? null : hits.marks);
    table.filter(text);
    found.textContent = describeHits(text, hits);
  };
  const field = searchField(runSearch);
  const choose = (index: number): void => {
    model = modelAt(index);
    view.show(model);
    table.show(model, functionTotals(model));
    selection.show(model, 0);
    runSearch();
  };
  const several = new Set(flames.map((flame) => flame.scenario)).size > 1;
  const titles = flames.map((flame) => flameTitle(flame, several));
  host.append(
    element(
      'div',
      { class: 'tools' },
      chooser('Profile', titles, choose, opens.flame),
      radios('Width and colour', 'view', VIEW_TEXTS, (index) => view.setView(VIEWS[index] ?? 'difference')),
      field,
      resetButton(() => view.zoom(0)),
      found,
    ),
    colorKey(),
    view.root,
    selection.root,
    table.root,
  );
  view.show(model);
  performance.mark('flame-drawn');
  selection.show(model, 0);
  afterPaint(() => table.show(model, functionTotals(model)));
};

const startPlots = (data: PageData): void => {
  const host = byId('plots');
  const several = data.scenarios.length > 1;
  const plots = data.scenarios.flatMap((scenario) =>
    scenario.metrics.map((plot) => ({ title: several ? `${scenario.scenario}: ${plot.label}` : plot.label, plot })),
  );
  const [first] = plots;
  if (first === undefined) {
    host.append(element('p', { class: 'note' }, 'This report was made without the pairs of the run.'));
    return;
  }
  const place = element('div');
  const draw = (index: number): void => place.replaceChildren(drawMetric((plots[index] ?? first).plot));
  host.append(
    element(
      'div',
      { class: 'tools' },
      chooser(
        'Metric',
        plots.map((one) => one.title),
        draw,
        data.opens.plot,
      ),
    ),
    legend(),
    place,
  );
  draw(data.opens.plot);
};

const startLatency = async (data: PageData): Promise<void> => {
  const host = byId('latency');
  const recorded = data.scenarios.filter((scenario) => scenario.latency !== null);
  if (recorded.length === 0) host.append(element('p', { class: 'note' }, 'No latency was recorded.'));
  for (const { scenario, latency } of recorded) {
    if (latency === null) continue;
    if (recorded.length > 1) host.append(element('h3', {}, scenario));
    host.append(await drawLatency(latency));
  }
};

const start = (): void => {
  const data = readData();
  startFlames(data);
  afterPaint(() => {
    startPlots(data);
    // Decoding is asynchronous; its failures are told inside the page.
    void startLatency(data);
  });
};

start();
