/** `godyno top`: what the functions of one pprof file cost. */
import { EXIT, type ExitCode } from '../errors.ts';
import type { FunctionCost, FunctionCosts } from '../profile/index.ts';
import { formatPercent } from '../units/index.ts';
import { amountOf, leftOutText, openPprof, pprofCosts, SHOWN_ROWS, tableText } from './pprof-file.ts';

interface TopOptions {
  readonly type?: string;
  readonly cum?: true;
  readonly json?: true;
}

type Column = 'flat' | 'cum';

/** Largest first, as in pprof; ties by the other column, then by name. */
const sorted = (costs: FunctionCosts, by: Column): readonly FunctionCost[] => {
  const other: Column = by === 'flat' ? 'cum' : 'flat';
  return costs.functions
    .filter(({ flat, cum }) => flat !== 0 || cum !== 0)
    .toSorted(
      (a, b) =>
        Math.abs(b[by]) - Math.abs(a[by]) || Math.abs(b[other]) - Math.abs(a[other]) || (a.name < b.name ? -1 : 1),
    );
};

const text = ({ type, unit, total }: FunctionCosts, functions: readonly FunctionCost[]): string => {
  const share = (value: number): string => (total === 0 ? '–' : formatPercent(value / total));
  const rows = functions
    .slice(0, SHOWN_ROWS)
    .map(({ name, flat, cum }) => [amountOf(flat, unit), share(flat), amountOf(cum, unit), share(cum), name]);
  const heading = `${type}: ${amountOf(total, unit)} in ${functions.length} functions\n`;
  return heading + tableText([['flat', '', 'cum', '', 'function'], ...rows]) + leftOutText(functions.length);
};

export const showTop = async (given: Record<string, unknown>, file = ''): Promise<ExitCode> => {
  const options = given as TopOptions;
  const costs = pprofCosts(openPprof(file), options.type);
  const functions = sorted(costs, options.cum === true ? 'cum' : 'flat');
  if (options.json === true) {
    const { type, unit, total } = costs;
    const rows = functions.map(({ name, flat, cum }) => ({ function: name, flat, cum }));
    process.stdout.write(`${JSON.stringify({ type, unit, total, functions: rows })}\n`);
  } else process.stdout.write(text(costs, functions));
  return EXIT.ok;
};
