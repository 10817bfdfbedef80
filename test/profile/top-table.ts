import { flatCum, type Profile } from '../../harness/profile/index.ts';

/** One row of `go tool pprof -top`. */
export interface TopRow {
  readonly name: string;
  readonly flat: number;
  readonly cum: number;
}

const ROW =
  /^\s*(-?[\d.]+)(?:ns|B|count)?\s+\S+%\s+\S+%\s+(-?[\d.]+)(?:ns|B|count)?\s+\S+%\s+(.*?)(?: \((?:partial-)?inline\))?$/;

/** Reads the table below its heading; whole numbers only, so the units must be ns, B or count. */
export const parseTop = (text: string): readonly TopRow[] => {
  const lines = text.split('\n');
  const heading = lines.findIndex((line) => /^\s+flat\s+flat%/.test(line));
  return lines.slice(heading + 1).flatMap((line) => {
    const row = ROW.exec(line);
    if (row === null && line.trim() !== '') throw new Error(`not a row of -top: ${line}`);
    return row === null ? [] : [{ name: row[3] ?? '', flat: Number(row[1]), cum: Number(row[2]) }];
  });
};

/** Our own table in the same rows. */
export const flatCumRows = (profile: Profile, valueType?: string): readonly TopRow[] => {
  const { names, flat, cum } = flatCum(profile, valueType);
  return names.map((name, i) => ({ name, flat: flat[i] ?? Number.NaN, cum: cum[i] ?? Number.NaN }));
};
