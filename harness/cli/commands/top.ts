/** `godyno top`: what the functions of one pprof file cost, or its lines, packages, or values of a label. */
import { EXIT, type ExitCode } from '../../errors.ts';
import { flatCum, labelCosts, lineCosts, packageCosts, type Profile } from '../../profile/index.ts';
import { alignColumns, formatNumberOf, formatPercent } from '../../units/index.ts';
import { amountOf, leftOutText, openPprof, type Rows, SHOWN_ROWS, totalOf } from '../pprof/file.ts';

interface TopOptions {
  readonly type?: string | undefined;
  readonly cum?: true | undefined;
  readonly by: Rows;
  readonly json?: true | undefined;
}

interface TopRow {
  /** What identifies it in the JSON, e.g. `{ function: 'main.encode' }`. */
  readonly key: Readonly<Record<string, string | number>>;
  /** The same for people. */
  readonly name: string;
  readonly flat: number;
  readonly cum: number;
}

/** What the file is summed by; `rows` is the key of the JSON's list, `one` is what people call a row. */
interface TopTable {
  readonly rows: string;
  readonly one: string;
  readonly costs: readonly TopRow[];
}

type Summing = (profile: Profile, valueType: string) => TopTable;

const TABLES: Readonly<Record<Exclude<Rows['kind'], 'label'>, Summing>> = {
  function: (profile, valueType) => {
    const { names, flat, cum } = flatCum(profile, valueType);
    return {
      rows: 'functions',
      one: 'function',
      costs: names.map((name, i) => ({ key: { function: name }, name, flat: flat[i] ?? 0, cum: cum[i] ?? 0 })),
    };
  },
  line: (profile, valueType) => ({
    rows: 'lines',
    one: 'line',
    costs: lineCosts(profile, { names: 'pprof', valueType }).map(({ function: name, file, line, flat, cum }) => ({
      key: { function: name, file, line },
      name: file === '' ? name : `${name} ${file}:${line}`,
      flat,
      cum,
    })),
  }),
  package: (profile, valueType) => ({
    rows: 'packages',
    one: 'package',
    costs: packageCosts(profile, { names: 'pprof', valueType }).map((each) => ({
      ...each,
      key: { package: each.package },
      name: each.package,
    })),
  }),
};

/** Samples by the value of one label; a label has no callees, so flat and cum are one. */
const byLabel = (profile: Profile, valueType: string, label: string): TopTable => ({
  rows: 'labels',
  one: 'label value',
  costs: [...labelCosts(profile, label, { valueType })].map(([value, flat]) => ({
    key: { label: value },
    name: value === '' ? '(no label)' : value,
    flat,
    cum: flat,
  })),
});

const tableOf = (profile: Profile, valueType: string, by: Rows): TopTable =>
  by.kind === 'label' ? byLabel(profile, valueType, by.key) : TABLES[by.kind](profile, valueType);

type SortColumn = 'flat' | 'cum';

/** Largest first, as in pprof; ties by the other column, then by name. */
const sorted = (costs: readonly TopRow[], by: SortColumn): readonly TopRow[] => {
  const other: SortColumn = by === 'flat' ? 'cum' : 'flat';
  return costs
    .filter(({ flat, cum }) => flat !== 0 || cum !== 0)
    .toSorted(
      (a, b) =>
        Math.abs(b[by]) - Math.abs(a[by]) || Math.abs(b[other]) - Math.abs(a[other]) || (a.name < b.name ? -1 : 1),
    );
};

const text = ({ type, unit, total }: FileTotal, { one }: TopTable, shown: readonly TopRow[]): string => {
  const share = (value: number): string => (total === 0 ? '–' : formatPercent(value / total));
  const cells = shown
    .slice(0, SHOWN_ROWS)
    .map(({ name, flat, cum }) => [amountOf(flat, unit), share(flat), amountOf(cum, unit), share(cum), name]);
  const heading = `${type}: ${amountOf(total, unit)} in ${formatNumberOf(shown.length, one)}`;
  const table = alignColumns([['flat', '', 'cum', '', one], ...cells], 'last');
  return `${[heading, ...table].join('\n')}\n${leftOutText(shown.length)}`;
};

/** What the whole file holds of the chosen type. */
interface FileTotal {
  readonly type: string;
  readonly unit: string;
  readonly total: number;
}

export const showTop = async (options: TopOptions, file: string): Promise<ExitCode> => {
  const profile = openPprof(file);
  const { type, unit, total } = totalOf(profile, options.type);
  const table = tableOf(profile, type, options.by);
  const rows = sorted(table.costs, options.cum === true ? 'cum' : 'flat');
  if (options.json === true) {
    const list = rows.map(({ key, flat, cum }) => ({ ...key, flat, cum }));
    process.stdout.write(`${JSON.stringify({ type, unit, total, [table.rows]: list })}\n`);
  } else process.stdout.write(text({ type, unit, total }, table, rows));
  return EXIT.ok;
};
