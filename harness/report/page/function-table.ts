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

/** How the rows are chosen and ordered. */
interface RowOrder {
  readonly column: number;
  readonly direction: 1 | -1;
  /** Lower case; empty: all. */
  readonly wanted: string;
}

/** By the difference of own cost, the largest first. */
const FIRST_ORDER: RowOrder = { column: 2, direction: -1, wanted: '' };

const sortKey = (row: FrameTotals, at: number): number => {
  const column = COLUMNS[at];
  const value = column?.value(row) ?? 0;
  return column?.bySize ? Math.abs(value) : value;
};

const ordered = (model: FlameModel, rows: readonly FrameTotals[], order: RowOrder): readonly FrameTotals[] => {
  const { column, direction, wanted } = order;
  const fits = (row: FrameTotals): boolean => model.data.names[row.name]?.toLowerCase().includes(wanted) ?? false;
  const found = wanted === '' ? rows : rows.filter(fits);
  return found.toSorted((left, right) => direction * (sortKey(left, column) - sortKey(right, column)));
};

/** Another column: the largest first; the same again: the other way round. */
const orderedBy = (order: RowOrder, column: number): RowOrder => ({
  ...order,
  column,
  direction: order.column === column && order.direction === -1 ? 1 : -1,
});

const sortOf = ({ column, direction }: RowOrder, index: number): string => {
  if (index !== column) return 'none';
  return direction === -1 ? 'descending' : 'ascending';
};

const cellElement = (model: FlameModel, { value, signed }: TableColumn, row: FrameTotals): HTMLElement => {
  const size = value(row);
  const text = signed ? signedAmount(model.data, size) : amount(model.data, size);
  return element('td', { class: size === 0 ? 'zero' : 'some' }, text);
};

const rowElement = (model: FlameModel, row: FrameTotals, onChoose: (name: number) => void): HTMLElement => {
  const button = element('button', { type: 'button', class: 'name' }, model.data.names[row.name] ?? '');
  button.addEventListener('click', () => onChoose(row.name));
  const cells = COLUMNS.map((column) => cellElement(model, column, row));
  return element('tr', {}, element('th', { scope: 'row' }, button), ...cells);
};

const headerElement = ({ title }: TableColumn, onSort: () => void): HTMLElement => {
  const button = element('button', { type: 'button' }, title);
  button.addEventListener('click', onSort);
  return element('th', { scope: 'col' }, button);
};

const tableElement = (headers: readonly HTMLElement[], body: HTMLElement): HTMLElement =>
  element(
    'table',
    { class: 'functions' },
    element('caption', {}, 'Functions of the selected profile'),
    element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'function'), ...headers)),
    body,
  );

export const createFunctionTable = (onChoose: (name: number) => void): FunctionTableView => {
  const body = element('tbody');
  const count = element('p', { class: 'note' });
  const more = element('button', { type: 'button' }, 'Show more');
  let shownModel: FlameModel | null = null;
  let rows: readonly FrameTotals[] = [];
  let order = FIRST_ORDER;
  let most = FEW;

  const headers = COLUMNS.map((column, index) =>
    headerElement(column, () => {
      order = orderedBy(order, index);
      draw();
    }),
  );

  const draw = (): void => {
    if (shownModel === null) return;
    const model = shownModel;
    const found = ordered(model, rows, order);
    body.replaceChildren(...found.slice(0, most).map((row) => rowElement(model, row, onChoose)));
    for (const [index, header] of headers.entries()) header.setAttribute('aria-sort', sortOf(order, index));
    const shown = Math.min(most, found.length);
    count.textContent = `${shown} of ${found.length} functions, values${suffix(model.data) || ' as they are'}.`;
    more.hidden = shown >= found.length || most >= MANY;
  };

  more.addEventListener('click', () => {
    most = Math.min(MANY, most * 8);
    draw();
  });

  const region = { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Functions' };
  return {
    root: element('div', {}, element('div', region, tableElement(headers, body)), count, more),
    show: (model, totals) => {
      [shownModel, rows, most] = [model, totals, FEW];
      draw();
    },
    filter: (text) => {
      order = { ...order, wanted: text.trim().toLowerCase() };
      draw();
    },
  };
};
