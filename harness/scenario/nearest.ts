/** Which known word someone meant. */

/** Words people bring from other tools' files → the key here. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  cmd: 'command',
  concurrency: 'inFlight',
  connections: 'inFlight',
  cwd: 'module',
  dir: 'module',
  duration: 'budget',
  endpoints: 'requests',
  environment: 'env',
  flags: 'buildFlags',
  json: 'body',
  main: 'package',
  method: 'http',
  path: 'http',
  qps: 'latency',
  rate: 'latency',
  routes: 'requests',
  status: 'expect',
  thresholds: 'gates',
  url: 'http',
};

/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`: Damerau-Levenshtein, optimal string alignment. */
export const editDistance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const edits = [(row[j - 1] ?? 0) + 1, (rows[i - 1]?.[j] ?? 0) + 1, (rows[i - 1]?.[j - 1] ?? 0) + (same ? 0 : 1)];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits.push((rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(Math.min(...edits));
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
};

/** The known word closest to `word`, when it is close enough to be a slip or another tool's name for it. */
export const nearestWord = (word: string, known: readonly string[]): string | undefined => {
  const lower = word.slice(0, 60).toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, edits: editDistance(lower, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(Math.min(lower.length, candidate.length) / 3)))
    // A word of one letter is an edit away from any other.
    .filter(({ edits }) => edits < lower.length)
    .toSorted((a, b) => a.edits - b.edits);
  const other = Object.hasOwn(OTHER_WORDS, lower) ? OTHER_WORDS[lower] : undefined;
  return ranked[0]?.candidate ?? known.find((candidate) => candidate === other) ?? onlyWith(lower, known);
};

/** Shorter parts stand in too many words by chance. */
const SHORTEST_PART = 3;

/** The one known word that begins so, or else that holds it: `cpu` of `cpuNsPerRequest`. */
const onlyWith = (part: string, known: readonly string[]): string | undefined => {
  if (part.length < SHORTEST_PART) return undefined;
  const beginning = known.filter((candidate) => candidate.toLowerCase().startsWith(part));
  const holding = known.filter((candidate) => candidate.toLowerCase().includes(part));
  return [beginning, holding].find((found) => found.length === 1)?.[0];
};

/** `, did you mean \`requests\`?`, or the list of what is known. */
export const suggestion = (word: string, known: readonly string[]): string => {
  const near = nearestWord(word, known);
  if (near !== undefined) return `, did you mean \`${near}\`?`;
  return known.length > 0 ? `; known here: ${known.join(', ')}` : '';
};
