/** What is known of the chosen function: its path, who calls it, whom it calls. */
import { element } from './dom.ts';
import { ancestry, calleesOf, callersOf, type FlameModel, mainNode, nameOf, type Neighbour } from './flame-model.ts';
import { amount, describe, signedAmount } from './numbers.ts';

const MOST_NEIGHBOURS = 12;

export interface Selection {
  readonly root: HTMLElement;
  readonly show: (model: FlameModel, node: number) => void;
}

export const createSelection = (onChoose: (node: number) => void): Selection => {
  const root = element('section', { class: 'selection', 'aria-label': 'Selected function' });

  const nameButton = (model: FlameModel, node: number): HTMLElement => {
    const button = element('button', { type: 'button', class: 'name' }, nameOf(model, node));
    button.addEventListener('click', () => onChoose(node));
    return button;
  };

  const neighbourTable = (model: FlameModel, title: string, rows: readonly Neighbour[]): HTMLElement => {
    const { data } = model;
    if (rows.length === 0) return element('p', { class: 'note' }, `${title}: none.`);
    const lines = rows.slice(0, MOST_NEIGHBOURS).map((row) => {
      const node = row.name === 0 ? 0 : mainNode(model, row.name);
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, nameButton(model, node)),
        element('td', {}, amount(data, row.base)),
        element('td', {}, amount(data, row.head)),
        element('td', {}, signedAmount(data, row.head - row.base)),
      );
    });
    const titles = ['function', 'base', 'head', 'difference'].map((text) => element('th', { scope: 'col' }, text));
    return element(
      'table',
      {},
      element('caption', {}, title),
      element('thead', {}, element('tr', {}, ...titles)),
      element('tbody', {}, ...lines),
    );
  };

  const pathList = (model: FlameModel, node: number): HTMLElement =>
    element(
      'ol',
      { class: 'path' },
      ...ancestry(model, node).map((frame) => element('li', {}, nameButton(model, frame))),
    );

  return {
    root,
    show: (model, node) => {
      if (node === 0) {
        root.replaceChildren(
          element('p', { class: 'note' }, 'Choose a frame or a function to see its callers and callees.'),
        );
        return;
      }
      const [name = '', ...figures] = describe(model, node);
      const id = model.data.name[node] ?? 0;
      root.replaceChildren(
        element('h3', {}, name),
        element('p', {}, figures.join(' · ')),
        element('details', {}, element('summary', {}, 'Call path'), pathList(model, node)),
        element(
          'div',
          { class: 'pairOfTables' },
          neighbourTable(model, 'Callers', callersOf(model, id)),
          neighbourTable(model, 'Callees', calleesOf(model, id)),
        ),
      );
    },
  };
};
