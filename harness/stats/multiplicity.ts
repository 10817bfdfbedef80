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
