/** The end of what a program wrote, as it is shown when something failed. */

const MOST_LINES = 20;

/** What tells lines of one message apart: times, ports, counts. */
const shapeOf = (line: string): string => line.replaceAll(/\d+/g, '0');

/** Lines that repeat the one before, but for their numbers, are counted instead of shown. */
const collapsed = (lines: readonly string[]): readonly string[] => {
  const shown: string[] = [];
  let shape: string | null = null;
  let more = 0;
  const count = (): void => {
    if (more > 0) shown.push(`(and ${more} more like it)`);
    more = 0;
  };
  for (const line of lines) {
    if (shapeOf(line) === shape) {
      more++;
      // What is kept of a long output may begin in the middle of a line.
      if (shown.length === 1) shown[0] = line;
    } else {
      count();
      shown.push(line);
      shape = shapeOf(line);
    }
  }
  count();
  return shown;
};

export const lastLines = (text: string): string => {
  const lines = collapsed(text.trimEnd().split('\n')).slice(-MOST_LINES);
  return lines.join('\n') === '' ? '(it wrote nothing)' : lines.join('\n');
};
