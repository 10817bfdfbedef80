/** Build flags as people write them, one text or a list, with the quotes that their shell would take away. */

const ESCAPED_IN_DOUBLE_QUOTES = '"\\$`';

/**
 * Splits `text` into words as a POSIX shell does (Shell Command Language §2.2: '…', "…" and \), without its
 * expansions. null: a quote is never closed.
 */
export const shellWords = (text: string): readonly string[] | null => {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let index = 0; index < text.length; index++) {
    const letter = text.charAt(index);
    const next = text.charAt(index + 1);
    if (quote === null && /\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (letter === quote) quote = null;
    else if (quote === null && (letter === '"' || letter === "'")) {
      quote = letter;
      word ??= '';
    } else if (letter === '\\' && next !== '' && escapes(quote, next)) {
      word = (word ?? '') + next;
      index += 1;
    } else word = (word ?? '') + letter;
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
};

const escapes = (quote: string | null, next: string): boolean =>
  quote === null || (quote === '"' && ESCAPED_IN_DOUBLE_QUOTES.includes(next));

/** Flags of `go build` whose value may be the next word (go help build). */
const WITH_VALUE = new Set(
  (
    'asmflags buildmode compiler covermode coverpkg gccgoflags gcflags installsuffix ldflags mod modfile overlay p ' +
    'pgo pkgdir tags toolexec'
  ).split(' '),
);

const takesNext = (word: string | undefined): boolean => {
  const name = /^--?(\w+)$/.exec(word ?? '')?.[1];
  return name !== undefined && WITH_VALUE.has(name);
};

/** `"-s -w"` → `-s -w`: quotes around the whole value are the shell's; those inside are for `go`, which reads them. */
const withoutOuterQuotes = (value: string): string => {
  if (!/^(["']).*\1$/s.test(value)) return value;
  const words = shellWords(value);
  return words?.length === 1 ? (words[0] ?? '') : value;
};

const flagWords = (item: string): readonly string[] => {
  const [, name, value] = /^(--?\w+)\s+(.*)$/s.exec(item) ?? [];
  if (name !== undefined && takesNext(name)) {
    const words = shellWords(item);
    // `-ldflags -s -w`: one item, so one flag with one value.
    if (words === null || words.length > 2) return [name, withoutOuterQuotes((value ?? '').trim())];
    return words;
  }
  const [, flag, joined] = /^(--?\w+)=(.*)$/s.exec(item) ?? [];
  return [flag === undefined ? item : `${flag}=${withoutOuterQuotes(joined ?? '')}`];
};

/** Each item is a flag, a value, or both in one; a value that stands where one is wanted is never taken for a flag. */
export const flagsOfList = (items: readonly string[]): readonly string[] => {
  const flags: string[] = [];
  for (const item of items) {
    if (takesNext(flags.at(-1))) flags.push(withoutOuterQuotes(item));
    else flags.push(...flagWords(item));
  }
  return flags;
};
