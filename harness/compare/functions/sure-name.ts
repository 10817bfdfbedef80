/** When the samples that there are name a function whatever more of them would say. */
import type { Blame } from './blame.ts';
import type { KindTotals } from './costs.ts';
import { FALSE_DISCOVERY, sureDelta, type Tested } from './tested.ts';

/** Of the findings of one kind. */
interface Named {
  readonly blame: Blame | null;
  readonly tested: readonly Tested[];
  readonly totals: Pick<KindTotals, 'total'>;
}

/** After each launch a name may be sure too early: of the false discoveries that a name may have, each look has a tenth. */
const SURE_Q = FALSE_DISCOVERY / 10;
/** With half of the whole change for certain, no other function can come before it. */
const SURE_SHARE = 0.5;

/** Of CPU: the named function is certain by itself, and most of the change is surely its own. */
export const isNamedForSure = ({ blame, tested, totals }: Named): boolean => {
  if (blame?.for !== 'own') return false;
  const named = tested.find((each) => each.totals.name === blame.name);
  if (named === undefined || named.qValue === null || named.qValue > SURE_Q) return false;
  return sureDelta(named) >= SURE_SHARE * Math.abs(totals.total.head - totals.total.base);
};
