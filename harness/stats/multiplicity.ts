/** Many tests at once. */

/** Benjamini-Hochberg (1995) adjusted p-values (q-values), in the order given. */
export const benjaminiHochberg = (pValues: readonly number[]): readonly number[] => {
  const m = pValues.length;
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => b.p - a.p);
  const adjusted = pValues.map(() => 1);
  let smallest = 1;
  order.forEach(({ p, index }, place) => {
    smallest = Math.min(smallest, p * (m / (m - place)));
    adjusted[index] = smallest;
  });
  return adjusted;
};

/**
 * The same with what is known beforehand (Genovese, Roeder and Wasserman 2006): half of the error belongs to the
 * suspects, half to the others, so that few suspects each need less evidence. Of many suspects, from half on, or none,
 * all are alike.
 */
export const suspectsFirst = (
  pValues: readonly number[],
  isSuspect: readonly boolean[],
): { readonly qValues: readonly number[]; readonly weights: readonly number[] } => {
  const m = pValues.length;
  const suspects = isSuspect.filter(Boolean).length;
  const isKnown = suspects > 0 && 2 * suspects < m;
  const weights = isSuspect.map((suspect) => (isKnown ? m / (2 * (suspect ? suspects : m - suspects)) : 1));
  return { qValues: benjaminiHochberg(pValues.map((p, i) => Math.min(1, p / (weights[i] ?? 1)))), weights };
};
