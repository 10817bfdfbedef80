/**
 * Makes hostile text harmless. Function, file and scenario names and the target's own words reach a pull-request
 * comment; whoever writes the code under test chooses them (docs/ci.md). Nothing in them may become markup, a mention,
 * a reference, a link, a second table cell, a terminal escape, or our own marker.
 */

/** Longest name or sentence part shown, in UTF-16 units; the middle is left out of longer ones. */
const LONGEST_NAME = 160;
const LONGEST_TEXT = 600;

/** Separates what GitHub's filters would join (`@name`, `#1`, `://`), unseen by readers. */
const BREAK = '\u200b';

/**
 * Controls, bidi overrides and isolates, zero-width, filler and tag characters: unseen, they reorder or hide what is
 * read ("Trojan Source", CVE-2021-42574). They are shown by number.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Tab, newlines of every kind (also U+2028/9 and next-line) and odd blanks. */
const BLANKS = /[\t\n\v\f\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

const shorten = (text: string, longest: number): string => {
  if (text.length <= longest) return text;
  const half = Math.floor((longest - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(text.length - half)}`.toWellFormed();
};

/** One line of visible characters; unseen ones as `⟨U+202E⟩`. For every medium, also JSON shown to people. */
export const visibleText = (text: string): string =>
  text
    .toWellFormed()
    .replace(BLANKS, ' ')
    .replace(UNSEEN, (found) => `⟨U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`);

/** Our own numbers use the narrow no-break space; it is a blank like others, but ours is welcome in text. */
const keepOwnBlanks = (text: string): string =>
  text
    .split(/([\u00a0\u202f])/)
    .map((part) => (part === '\u00a0' || part === '\u202f' ? part : visibleText(part)))
    .join('');

/**
 * A name as a markdown code span, safe in running text and in table cells. Inside a code span nothing is markup and
 * GitHub links nothing; left to care for are the span's own end (a longer fence), cell borders (`|` shown as `¦`) and
 * comment openers, since the publisher finds our comment by its marker's text.
 */
export const inertCode = (name: string): string => {
  const shown = shorten(visibleText(name), LONGEST_NAME).replaceAll('|', '¦').replaceAll('<!--', '<! --').trim();
  if (shown === '') return '`(no name)`';
  const longestRun = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longestRun + 1);
  const padding = shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return `${fence}${padding}${shown}${padding}${fence}`;
};

const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '`': '&#96;',
  '|': '&#124;',
  $: '&#36;',
  '"': '&quot;',
};

/** Words as markdown text, safe in paragraphs, list items and table cells. */
export const inertText = (text: string): string =>
  shorten(keepOwnBlanks(text).replace(/ {2,}/g, ' '), LONGEST_TEXT)
    .replace(/[&<>`|$]/g, (found) => ENTITY[found] ?? found)
    .replace(/[\\*_[\]~]/g, (found) => `\\${found}`)
    .replace(/@(?=\S)/g, `@${BREAK}`)
    .replace(/(?<!&)#(?=\S)/g, `#${BREAK}`)
    .replace(/\b(gh)-(?=\d)/gi, `$1-${BREAK}`)
    .replace(/:(?=\/\/)/g, `:${BREAK}`)
    .replace(/\bwww(?=\.)/gi, (found) => `${found}${BREAK}`)
    .replace(/:(?=[\w+-]+:)/g, `:${BREAK}`)
    .replace(/\b(?=\d*[a-f])[0-9a-f]{7,40}\b/gi, (found) => `${found.slice(0, 4)}${BREAK}${found.slice(4)}`)
    .replace(/!(?=\\\[)/g, '&#33;')
    .replace(/^(\s*)([-+=#]|\d+(?=[.)]))/, (_whole, blank: string, start: string) =>
      /\d/.test(start) ? `${blank}${start}${BREAK}` : `${blank}\\${start}`,
    );

/** Text inside HTML elements and quoted attributes. */
export const inertHtml = (text: string): string =>
  keepOwnBlanks(text).replace(/[&<>"'`]/g, (found) => ENTITY[found] ?? `&#${found.charCodeAt(0)};`);

/**
 * One shell word: bare when harmless, else in quotes; control characters as `$'\n'`. A comment opener is split by a pair
 * of quotes, which the shell does not see.
 */
export const shellWord = (word: string): string => {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const seen = visibleText(word) === word;
  if (seen) return `'${word.replaceAll("'", `'\\''`).replaceAll('<!--', "<!''--")}'`;
  const escaped = Array.from(word.toWellFormed(), (character) =>
    visibleText(character) === character && !/['\\]/.test(character) ? character : shellEscape(character),
  );
  return `$'${escaped.join('').replaceAll('<!--', "<!'$'--")}'`;
};

const shellEscape = (character: string): string => {
  if (character === "'" || character === '\\') return `\\${character}`;
  const point = character.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\U${point.toString(16).padStart(8, '0')}` : `\\u${point.toString(16).padStart(4, '0')}`;
};
