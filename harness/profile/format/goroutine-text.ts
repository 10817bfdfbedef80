/**
 * Go's text of all goroutines (`debug=2`, `runtime.Stack`), which tells what pprof does not: who is who, what each waits
 * for, and who started it. Every header is read or the text is refused: half a census is none.
 */
import type { TextFrame } from '../../model/index.ts';
import type { GoroutineText } from '../columns/goroutine.ts';
import { ProfileError } from '../columns/profile-error.ts';

/** `goroutine 7 gp=0x1 m=nil [chan receive, 2 minutes] {"k": "v"}:`; labels since Go 1.27. */
const HEADER = /^goroutine (\d+)(?: gp=.*?)? \[(.*?)\](?: \{.*\})?:$/;
const MINUTES = /^(\d+) minutes$/;
/** `\t/src/main.go:12 +0x1f` */
const PLACE = /^\t(.*):(\d+)(?: \+0x[0-9a-f]+)?$/;
const CREATED = /^created by (.*?)(?: in goroutine \d+)?$/;

/** `main.(*T).f(0x1, ...)` without its arguments. */
const withoutArguments = (call: string): string => {
  const open = call.endsWith(')') ? call.lastIndexOf('(') : -1;
  return open > 0 ? call.slice(0, open) : call;
};

const frameOf = (name: string, placeLine: string | undefined): TextFrame => {
  const place = PLACE.exec(placeLine ?? '');
  return { function: name, file: place?.[1] ?? '', line: Number(place?.[2] ?? 0) };
};

const blockOf = ([header = '', ...lines]: readonly string[]): GoroutineText => {
  const read = HEADER.exec(header);
  if (read === null)
    throw new ProfileError(
      `The goroutines' text holds a line that is none of Go's: ${JSON.stringify(header.slice(0, 80))}`,
      'Please report it, with the version of Go.',
    );
  const [state = '', ...remarks] = (read[2] ?? '').split(', ');
  const frames: TextFrame[] = [];
  let createdBy: TextFrame | null = null;
  for (const [at, line] of lines.entries()) {
    if (line.startsWith('\t') || line === '' || line.startsWith('...')) continue;
    const created = CREATED.exec(line);
    if (created === null) frames.push(frameOf(withoutArguments(line), lines[at + 1]));
    else createdBy = frameOf(created[1] ?? '', lines[at + 1]);
  }
  const minutes = remarks.flatMap((remark) => MINUTES.exec(remark)?.[1] ?? []);
  return { id: Number(read[1]), state, waitMinutes: Number(minutes[0] ?? 0), frames, createdBy };
};

/** Throws {@link ProfileError} on what is no such text. */
export const parseGoroutines = (text: string): readonly GoroutineText[] => {
  const blocks: string[][] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('goroutine ')) blocks.push([]);
    const block = blocks.at(-1);
    if (block !== undefined) block.push(line);
    else if (line.trim() !== '') return [blockOf([line])];
  }
  return blocks.map(blockOf);
};
