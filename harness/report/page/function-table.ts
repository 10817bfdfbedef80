/** The list twin of the flame graph: every function with both sides, sortable, readable aloud, copyable. */
import { element } from './dom.ts';
import type { FlameModel, FrameTotals } from './flame-model.ts';
import { amount, signedAmount, suffix } from './numbers.ts';

interface TableColumn {
  readonly title: string;
  readonly value: (row: FrameTotals) => number;
  readonly signed: boolean;
  /** Sorted by size rather than by value: for differences both ends matter. */
  readonly bySize: boolean;
}

const COLUMNS: readonly TableColumn[] = [
  { title: 'own, base', value: (row) => row.baseSelf, signed: false, bySize: false },
  { title: 'own, head', value: (row) => row.headSelf, signed: false, bySize: false },
  { title: 'own, difference', value: (row) => row.headSelf - row.baseSelf, signed: true, bySize: true },
  { title: 'with callees, base', value: (row) => row.baseCum, signed: false, bySize: false },
  { title: 'with callees, head', value: (row) => row.headCum, signed: false, bySize: false },
  { title: 'with callees, difference', value: (row) => row.headCum - row.baseCum, signed: true, bySize: true },
];

const FEW = 25;
const MANY = 2000;

export interface FunctionTableView {
  readonly root: HTMLElement;
  readonly show: (model: FlameModel, rows: readonly FrameTotals[]) => void;
  readonly filter: (text: string) => void;
}

export const createFunctionTable = (onChoose: (name: number) => void): FunctionTableView => {
  const body = element('tbody');
  const count = element('p', { class: 'note' });
  const more = element('button', { type: 'button' }, 'Show more');
  let model: FlameModel | null = null;
  let rows: readonly FrameTotals[] = [];
  let sortedBy = 2;
  let direction: 1 | -1 = -1;
  let wanted = '';
  let most = FEW;

  const key = (row: FrameTotals): number => {
    const column = COLUMNS[sortedBy];
    const value = column?.value(row) ?? 0;
    return column?.bySize ? Math.abs(value) : value;
  };

  const chosenRows = (): readonly FrameTotals[] => {
    const fits = (row: FrameTotals): boolean => model?.data.names[row.name]?.toLowerCase().includes(wanted) ?? false;
    const found = wanted === '' ? rows : rows.filter(fits);
    return found.toSorted((left, right) => direction * (key(left) - key(right)));
  };

  const rowElement = (current: FlameModel, row: FrameTotals): HTMLElement => {
    const name = current.data.names[row.name] ?? '';
    const button = element('button', { type: 'button', class: 'name' }, name);
    button.addEventListener('click', () => onChoose(row.name));
    const cells = COLUMNS.map((column) => {
      const value = column.value(row);
      return element(
        'td',
        { class: value === 0 ? 'zero' : 'some' },
        column.signed ? signedAmount(current.data, value) : amount(current.data, value),
      );
    });
    return element('tr', {}, element('th', { scope: 'row' }, button), ...cells);
  };

  const headers = COLUMNS.map((column, index) => {
    const button = element('button', { type: 'button' }, column.title);
    button.addEventListener('click', () => {
      direction = sortedBy === index && direction === -1 ? 1 : -1;
      sortedBy = index;
      draw();
    });
    return element('th', { scope: 'col' }, button);
  });

  const draw = (): void => {
    if (model === null) return;
    const current = model;
    const found = chosenRows();
    body.replaceChildren(...found.slice(0, most).map((row) => rowElement(current, row)));
    headers.forEach((header, index) => {
      header.setAttribute('aria-sort', index !== sortedBy ? 'none' : direction === -1 ? 'descending' : 'ascending');
    });
    const shown = Math.min(most, found.length);
    count.textContent = `${shown} of ${found.length} functions, values${suffix(current.data) || ' as they are'}.`;
    more.hidden = shown >= found.length || most >= MANY;
  };

  more.addEventListener('click', () => {
    most = Math.min(MANY, most * 8);
    draw();
  });

  const table = element(
    'table',
    { class: 'functions' },
    element('caption', {}, 'Functions of the selected profile'),
    element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'function'), ...headers)),
    body,
  );

  return {
    root: element(
      'div',
      {},
      element('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Functions' }, table),
      count,
      more,
    ),
    show: (next, totals) => {
      [model, rows, most] = [next, totals, FEW];
      draw();
    },
    filter: (text) => {
      wanted = text.trim().toLowerCase();
      draw();
    },
  };
};
