import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inertCode, inertHtml, inertText, shellWord, visibleText } from '../../../harness/report/index.ts';
import { HOSTILE } from '../hostile.ts';

// oxlint-disable-next-line no-control-regex, no-misleading-character-class -- exactly these must not be left
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200d\ufeff\u{e0000}-\u{e007f}]/u;

/** CommonMark 6.1: a span opened by n backticks ends at the first run of exactly n; undefined when there is no span. */
const spanContent = (markdown: string): string | undefined => {
  const fence = /^`+/.exec(markdown)?.[0];
  if (fence === undefined) return undefined;
  const runs = [...markdown.slice(fence.length).matchAll(/`+/g)];
  const close = runs.find(([run]) => run.length === fence.length);
  if (close === undefined || fence.length + close.index + fence.length !== markdown.length) return undefined;
  return markdown.slice(fence.length, fence.length + close.index);
};

/** What is left of markdown text when escapes and entities are taken out: here nothing may mean anything. */
const unescapedRest = (markdown: string): string => markdown.replace(/\\[\\*_[\]~+=#-]/g, 'x').replace(/&#?\w+;/g, 'x');

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: fc.constantFrom(...Array.from('`|<!->@#\\\n$&;a')) }),
);

const named = HOSTILE.map((name) => ({ name, label: JSON.stringify(name.slice(0, 40)) }));

describe('a name as code', () => {
  it.each(named)('stays one code span without cell border, comment opener or line end: $label', ({ name }) => {
    const markdown = inertCode(name);
    expect(spanContent(markdown)).toBeDefined();
    expect(markdown).not.toMatch(/\||<!--|\n/);
    expect(markdown).not.toMatch(UNSEEN);
    expect(markdown.length).toBeLessThan(1200);
  });

  it('is one code span whatever the name', () => {
    fc.assert(
      fc.property(names, (name) => {
        const markdown = inertCode(name);
        expect(spanContent(markdown)).toBeDefined();
        expect(markdown).not.toMatch(/\||<!--|\n/);
        expect(markdown.isWellFormed()).toBe(true);
      }),
    );
  });

  it('shows an ordinary Go name unchanged', () => {
    expect(inertCode('net/http.(*conn).serve')).toBe('`net/http.(*conn).serve`');
    expect(inertCode('main.Map[...].func1')).toBe('`main.Map[...].func1`');
  });

  it('keeps both ends of a name too long to show', () => {
    const shown = inertCode(`main.${'x'.repeat(500)}.last`);
    expect(shown).toMatch(/^`main\.x+….*x\.last`$/);
  });
});

describe('words as text', () => {
  it.each(named)('hold no markup, mention, reference or link: $label', ({ name: words }) => {
    const rest = unescapedRest(inertText(words));
    expect(rest).not.toMatch(/[<>`|*_[\]~$]/);
    expect(rest).not.toMatch(/@\w|#\d|gh-\d|:\/\/|www\./i);
    expect(rest).not.toMatch(/^\s*([-+=#>]\s|\d+[.)]\s|[-=]+$)/);
    expect(rest.replaceAll('\u200b', '')).not.toMatch(UNSEEN);
  });

  it('reads as before where nothing is hostile', () => {
    const words = 'CPU per request +2.2 % (1.2…3.1 %), mostly in 8,000 requests.';
    expect(inertText(words)).toBe(words);
  });
});

describe('text in HTML', () => {
  it('leaves neither element nor attribute nor entity to the reader of the page', () => {
    fc.assert(
      fc.property(names, (name) => {
        const html = inertHtml(name);
        expect(html.replace(/&(amp|lt|gt|quot|#39|#96);/g, '')).not.toMatch(/[<>"'&`]/);
      }),
    );
  });
});

describe('visible text', () => {
  it('names what cannot be seen', () => {
    expect(visibleText('a\u202eb\nc')).toBe('a⟨U+202E⟩b c');
  });
});

describe('a shell word', () => {
  const spoken = (words: readonly string[]): string =>
    execFileSync('bash', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });

  it('reaches a real shell as it was, however hostile', () => {
    const words = HOSTILE.filter((word) => !word.includes('\0') && word.isWellFormed());
    expect(spoken(words).split('\0').slice(0, -1)).toEqual(words);
  });

  it('never carries our marker or a line end', () => {
    for (const word of HOSTILE) expect(shellWord(word)).not.toMatch(/<!--|\n/);
  });

  it('stays bare where it may', () => {
    expect(shellWord('scenarios/demo.yml')).toBe('scenarios/demo.yml');
  });
});
