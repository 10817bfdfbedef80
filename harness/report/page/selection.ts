/** What is known of the chosen function: its path, who calls it, whom it calls. */
import { element } from './dom.ts';
import { ancestry, calleesOf, callersOf, type FlameModel, mainNode, nameOf, type Neighbour } from './flame-model.ts';
import { amount, describe, signedAmount } from './numbers.ts';

const MOST_NEIGHBOURS = 12;

export interface Selection {
  readonly root: HTMLElement;
  readonly show: (model: FlameModel, node: number) => void;
}

type OnChoose = (node: number) => void;

const nameButton = (model: FlameModel, node: number, onChoose: OnChoose): HTMLElement => {
  const button = element('button', { type: 'button', class: 'name' }, nameOf(model, node));
  button.addEventListener('click', () => onChoose(node));
  return button;
};

const neighbourLine = (model: FlameModel, row: Neighbour, onChoose: OnChoose): HTMLElement => {
  const node = row.name === 0 ? 0 : mainNode(model, row.name);
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, nameButton(model, node, onChoose)),
    element('td', {}, amount(model.data, row.base)),
    element('td', {}, amount(model.data, row.head)),
    element('td', {}, signedAmount(model.data, row.head - row.base)),
  );
};

const neighbourTable = (
  model: FlameModel,
  title: string,
  rows: readonly Neighbour[],
  onChoose: OnChoose,
): HTMLElement => {
  if (rows.length === 0) return element('p', { class: 'note' }, `${title}: none.`);
  const titles = ['function', 'base', 'head', 'difference'].map((text) => element('th', { scope: 'col' }, text));
  return element(
    'table',
    {},
    element('caption', {}, title),
    element('thead', {}, element('tr', {}, ...titles)),
    element('tbody', {}, ...rows.slice(0, MOST_NEIGHBOURS).map((row) => neighbourLine(model, row, onChoose))),
  );
};

const pathList = (model: FlameModel, node: number, onChoose: OnChoose): HTMLElement =>
  element(
    'ol',
    { class: 'path' },
    ...ancestry(model, node).map((frame) => element('li', {}, nameButton(model, frame, onChoose))),
  );

const chosen = (model: FlameModel, node: number, onChoose: OnChoose): readonly HTMLElement[] => {
  const [name = '', ...figures] = describe(model, node);
  const id = model.data.name[node] ?? 0;
  return [
    element('h3', {}, name),
    element('p', {}, figures.join(' · ')),
    element('details', {}, element('summary', {}, 'Call path'), pathList(model, node, onChoose)),
    element(
      'div',
      { class: 'pairOfTables' },
      neighbourTable(model, 'Callers', callersOf(model, id), onChoose),
      neighbourTable(model, 'Callees', calleesOf(model, id), onChoose),
    ),
  ];
};

const NOTHING_CHOSEN = 'Choose a frame or a function to see its callers and callees.';

export const createSelection = (onChoose: OnChoose): Selection => {
  const root = element('section', { class: 'selection', 'aria-label': 'Selected function' });
  return {
    root,
    show: (model, node) =>
      root.replaceChildren(
        ...(node === 0 ? [element('p', { class: 'note' }, NOTHING_CHOSEN)] : chosen(model, node, onChoose)),
      ),
  };
};
