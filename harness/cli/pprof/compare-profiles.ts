/** `godyno compare A.pb.gz B.pb.gz`: what each function, or value of a label, costs more or less in the second of two pprof files. */
import { EXIT, type ExitCode, UsageError } from '../../errors.ts';
import { flatCum, labelCosts, type Profile } from '../../profile/index.ts';
import { alignColumns, formatSignedPercent } from '../../units/index.ts';
import { amountOf, leftOutText, openPprof, type Rows, SHOWN_ROWS, typeNameOf } from './file.ts';

export interface CompareProfilesOptions {
  readonly type?: string | undefined;
  readonly cum?: true | undefined;
  /** Left out: functions. */
  readonly by?: Rows | undefined;
  readonly requests?: readonly number[] | undefined;
  readonly json?: true | undefined;
}

interface DeltaRow {
  readonly name: string;
  readonly base: number;
  readonly head: number;
  readonly delta: number;
}

/** As `godyno top` has it. */
const NO_LABEL = '(no label)';

interface FileSide {
  readonly unit: string;
  readonly total: number;
  readonly costs: ReadonlyMap<string, number>;
}

const scaleOf = (requests: readonly number[] | undefined, side: 0 | 1): number =>
  requests === undefined ? 1 : 1 / (requests[side] ?? 1);

const rowsOf = (base: FileSide, head: FileSide): readonly DeltaRow[] =>
  [...new Set([...base.costs.keys(), ...head.costs.keys()])]
    .map((name) => {
      const [before, after] = [base.costs.get(name) ?? 0, head.costs.get(name) ?? 0];
      return { name, base: before, head: after, delta: after - before };
    })
    .toSorted(
      (a, b) =>
        Math.abs(b.delta) - Math.abs(a.delta) || Math.abs(b.head) - Math.abs(a.head) || (a.name < b.name ? -1 : 1),
    );

const costsIn = (profile: Profile, type: string, { by, cum }: CompareProfilesOptions): ReadonlyMap<string, number> => {
  if (by?.kind === 'label')
    return new Map(
      [...labelCosts(profile, by.key, { valueType: type })].map(([value, cost]) => [value || NO_LABEL, cost]),
    );
  const { names, flat, cum: below } = flatCum(profile, type);
  const column = cum === true ? below : flat;
  return new Map(names.flatMap((name, i) => (flat[i] === 0 && below[i] === 0 ? [] : [[name, column[i] ?? 0]])));
};

/** Profiles of two kinds have no difference: a sample type that one of them lacks is refused there. */
const openSides = (before: string, after: string, options: CompareProfilesOptions) => {
  const head = openPprof(after);
  const type = typeNameOf(head, options.type);
  const sideOf = (profile: typeof head, scale: number): FileSide => {
    const { unit, total } = flatCum(profile, type);
    const costs = new Map([...costsIn(profile, type, options)].map(([name, cost]) => [name, cost * scale]));
    return { unit, total: total * scale, costs };
  };
  const base = sideOf(openPprof(before), scaleOf(options.requests, 0));
  return { type, base, head: sideOf(head, scaleOf(options.requests, 1)) };
};

const requireOneUnit = (base: FileSide, head: FileSide, before: string, after: string): void => {
  if (base.unit === head.unit) return;
  throw new UsageError(
    'PROFILE_BROKEN',
    `${before} is in ${base.unit} and ${after} in ${head.unit}`,
    'Compare profiles of one kind.',
  );
};

const changeText = (base: number, head: number): string => (base === 0 ? 'new' : formatSignedPercent(head / base - 1));

const text = (
  type: string,
  base: FileSide,
  head: FileSide,
  rows: readonly DeltaRow[],
  options: CompareProfilesOptions,
): string => {
  const { unit } = head;
  const amount = (value: number): string => amountOf(value, unit);
  const signed = (value: number): string => (value > 0 ? `+${amount(value)}` : amount(value));
  const span = options.requests === undefined ? '' : ' per request';
  const change = `${signed(head.total - base.total)}, ${changeText(base.total, head.total)}`;
  const heading = `${type}${span}: ${amount(base.total)} → ${amount(head.total)} (${change})`;
  const shown = rows
    .slice(0, SHOWN_ROWS)
    .map((row) => [amount(row.base), amount(row.head), signed(row.delta), row.name]);
  const one = options.by?.kind === 'label' ? 'label value' : 'function';
  const table = alignColumns([['base', 'head', 'delta', one], ...shown], 'last');
  return `${[heading, ...table].join('\n')}\n${leftOutText(rows.length)}`;
};

export const compareProfiles = (before: string, after: string, options: CompareProfilesOptions): ExitCode => {
  const { type, base, head } = openSides(before, after, options);
  requireOneUnit(base, head, before, after);
  const rows = rowsOf(base, head);
  if (options.json === true) {
    const total = { base: base.total, head: head.total, delta: head.total - base.total };
    const [list, key] = options.by?.kind === 'label' ? ['labels', 'label'] : ['functions', 'function'];
    const shown = rows.map(({ name, ...amounts }) => ({ [key]: name === NO_LABEL ? '' : name, ...amounts }));
    process.stdout.write(`${JSON.stringify({ type, unit: head.unit, total, [list]: shown })}\n`);
  } else process.stdout.write(text(type, base, head, rows, options));
  return EXIT.ok;
};
