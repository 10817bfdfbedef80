import { describe, expect, it } from 'vitest';
import {
  buildReport,
  type Invocation,
  MOST_BYTES,
  marker,
  renderComment,
  renderHtml,
  renderMarkdown,
  renderTerminal,
  verdictSentence,
} from '../../../harness/report/index.ts';
import type { Comparison, RunFile } from '../../../harness/model/index.ts';
import { comparisonOf, counted, exactOf, row, scenarioOf, STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';

const INVOCATION: Invocation = { program: 'npx godyno', command: 'run', args: ['scenarios/demo.yml'], flags: [] };

const reportOf = (comparison: Comparison) => buildReport({ comparison, invocation: INVOCATION });

const story = (name: string): Comparison => STORIES[name]!;

const bytes = (text: string): number => new TextEncoder().encode(text).length;

describe('the stored reports', () => {
  it.each(Object.keys(STORIES))('reads as stored: %s', async (name) => {
    await expect(renderMarkdown(reportOf(story(name)))).toMatchFileSnapshot(`../../golden/report//${name}.md`);
  });

  it('are short enough to be read', () => {
    for (const comparison of Object.values(STORIES)) {
      const seen = renderMarkdown(reportOf(comparison)).split('<details>')[0]!;
      expect(seen.split('\n').length).toBeLessThan(50);
    }
  });
});

describe('where it was measured', () => {
  const scenario = STORIES['unchanged']!.scenarios[0]!;
  const sidesIn = (settings: Partial<typeof scenario.settings>): string | undefined =>
    renderMarkdown(reportOf(comparisonOf([{ ...scenario, settings: { ...scenario.settings, ...settings } }])))
      .split('\n')
      .find((line) => line.startsWith('- Sides: '))
      ?.replace(/, GOMAXPROCS.*/, '');

  it('is told with every lane that launches went in', () => {
    const lanes = [0, 2].map((cpu) => ({ targetCpus: [cpu], loaderCpus: [cpu + 1] }));
    expect(sidesIn({ targetCpus: [0] })).toBe('- Sides: side by side on CPU 0');
    expect(sidesIn({ lanes })).toBe('- Sides: side by side, two launches at a time, on CPU 0 and CPU 2');
    expect(sidesIn({ pinned: false, targetCpus: [] })).toBe('- Sides: side by side on no CPU of their own');
  });
});

describe('where the base is from', () => {
  const scenario = STORIES['unchanged']!.scenarios[0]!;
  const report = reportOf(comparisonOf([{ ...scenario, baseFound: 'where the head left main|2 (3f2a9c5)' }]));

  it('is a fact and no reason to trust the figures less', () => {
    const plain = reportOf(comparisonOf([scenario])).scenarios[0]?.cautions;
    expect(report.scenarios[0]?.cautions).toEqual(plain);
    expect(renderMarkdown(report)).toMatch(/^- Base: where the head left main.+2 \(3f2a/m);
    expect(renderTerminal(report)).toContain('\n  base: where the head left main|2 (3f2a9c5)\n');
  });
});

describe('failed requests', () => {
  const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
  const withFailed = (how: string, body: string | null, more = {}) =>
    reportOf(
      comparisonOf([
        { ...scenario, failedRequests: [{ side: 'head', route: 'add', request: 'POST /a', how, body }], ...more },
      ]),
    );

  it('are shown with the beginning of what they were answered, as inert text', () => {
    const text = renderMarkdown(
      withFailed('status 400', `invalid\n\u001b[31m ${HOSTILE.join(' ')} ${'x'.repeat(500)}`),
    );
    const line = text.split('\n').find((one) => one.startsWith('**Failed requests:**')) ?? '';
    expect(line).toContain('head, `add`: `POST /a`: status 400; the answer begins ');
    expect(line).toContain('invalid ⟨U+001B⟩[31m');
    expect(line.length).toBeLessThan(400);
    expect(renderTerminal(withFailed('status 400', 'invalid\u001b[31m'))).toContain(
      '  failed request: head, `add`: `POST /a`: status 400; the answer begins `invalid⟨U+001B⟩[31m`\n',
    );
    expect(renderMarkdown(withFailed('no answer in time', null))).toContain('`POST /a`: no answer in time.');
  });

  it('that were redirected say that redirects are not followed', () => {
    const invalid = { verdict: 'invalid' as const, reason: 'both fail' };
    expect(renderMarkdown(withFailed('status 302 to /login', null, invalid))).toContain('Redirects are not followed');
    expect(renderMarkdown(withFailed('status 302 to /login', null))).not.toContain('Redirects are not followed');
    expect(renderMarkdown(withFailed('status 401', null, invalid))).toContain('sign in under load.prepare');
    expect(renderMarkdown(withFailed('status 400', null, invalid))).not.toContain('sign in');
  });
});

describe('a service that is new on head', () => {
  const { newOnHead = [] } = story('new-on-head');
  const told = '`orders` is new on head (base has no package ./cmd/orders): there is nothing to compare with yet';

  it('is all there is to say where nothing else was measured', () => {
    const report = reportOf(story('new-on-head'));
    expect(renderComment(report)).toContain('**Nothing to compare with yet**');
    expect(renderTerminal(report)).toContain(told);
    expect(verdictSentence(story('new-on-head'))).toContain(told);
    const page = renderHtml({ report, comparison: story('new-on-head'), profiles: [], script: '', style: '' });
    expect(page).toContain('<title>godyno: Nothing to compare with yet.</title>');
    expect(page).not.toContain('Unchanged');
  });

  it('stands below the verdict on the others, also where none of them changed', () => {
    const comment = renderComment(reportOf(comparisonOf([scenarioOf('demo', 'unchanged')], { newOnHead })));
    expect(comment).toMatch(/^\*\*= Unchanged\*\* · `demo`/);
    expect(comment.replaceAll('\u200b', '')).toContain(`- ${told}`);
  });
});

describe('the order of a report', () => {
  it('puts what Go itself changed before every other caution', () => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const text = renderMarkdown(
      reportOf(
        comparisonOf([
          {
            ...scenario,
            discardedPairs: 2,
            loader: { verdict: 'suspect', reasons: ['late'] },
            builtDifferently: ['The toolchain changed.'],
            warnings: ['a note'],
          },
        ]),
      ),
    );
    const cautions = text.split('\n').filter((line) => line.startsWith('> - '));
    expect(cautions[0]).toBe('> - The toolchain changed.');
    expect(cautions).toHaveLength(4);
  });

  it('is sentence, changed rows, why, blind spots, reproduce, fold, footer, marker', () => {
    const text = renderMarkdown(reportOf(story('regressed-cpu')));
    const places = [
      'CPU per request +2.2 % (1.2…3.1 %), mostly `main.encode` (+17.7 µs), changed in this pull request.',
      '| Metric |',
      '**Why**',
      'Path:',
      '**Limits of this run:**',
      '**Reproduce**',
      '<details>',
      '<sub>',
      '<!-- godyno:v1 key=default -->',
    ].map((mark) => text.indexOf(mark));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(text.trimEnd().endsWith('-->')).toBe(true);
  });

  it('shows only rows that changed before the fold', () => {
    const seen = renderMarkdown(reportOf(story('regressed-cpu'))).split('<details>')[0]!;
    expect(seen).not.toContain('allocations per request |');
  });

  it('says the same sentence as the terminal', () => {
    const comparison = story('regressed-cpu');
    expect(renderMarkdown(reportOf(comparison)).split('\n')[0]).toContain(verdictSentence(comparison));
  });

  it('gives every scenario a headline, the worst first', () => {
    const text = renderMarkdown(
      reportOf(
        comparisonOf(
          [scenarioOf('calm', 'unchanged'), ...story('inconclusive').scenarios, ...story('regressed-cpu').scenarios],
          { verdict: 'regressed' },
        ),
      ),
    );
    const headlines = text.split('\n').filter((line) => /^- [✗?=]/.test(line));
    expect(headlines.map((line) => line.slice(2, 3))).toEqual(['✗', '?', '=']);
    expect(text).toContain('3 scenarios: 1 regressed, 1 inconclusive, 1 unchanged.');
  });
});

describe('a comment', () => {
  it('is one line and the marker when nothing changed', () => {
    const lines = renderComment(reportOf(story('unchanged')))
      .trim()
      .split('\n')
      .filter((line) => line !== '');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(marker('default'));
  });

  it('is the whole report when something changed', () => {
    const report = reportOf(story('regressed-alloc'));
    expect(renderComment(report)).toBe(renderMarkdown(report));
  });
});

describe('a marker', () => {
  it('cannot be ended or doubled by its key', () => {
    for (const key of HOSTILE) expect(marker(key)).toMatch(/^<!-- godyno:v1 key=(?:(?!--)[\w.!~*'()%-])* -->$/);
  });
});

describe('a report of any size', () => {
  const crowded = (scenarios: number, name: string): Comparison =>
    comparisonOf(
      Array.from({ length: scenarios }, (_, index) => ({
        ...story('regressed-cpu').scenarios[0]!,
        scenario: `${name}${index}`,
        warnings: Array.from({ length: 30 }, () => name),
        functions: Array.from({ length: 80 }, (_, n) =>
          (n % 2 === 0 ? row : counted)(name, { path: Array.from({ length: 80 }, () => name) }),
        ),
        exact: exactOf({ varyingRoutes: Array.from({ length: 80 }, () => name) }),
        attribution: {
          source: 'judged' as const,
          samples: null,
          diffuse: null,
          culprit: name,
          warnings: [name],
        },
      })),
    );

  it.each([
    [1, 'x'.repeat(5_000)],
    [12, '日本語'.repeat(500)],
    [60, 'scenario '],
    [500, '|`<@'.repeat(2_000)],
  ])('stays below the limit with %i scenarios, keeping verdict and marker', (scenarios, name) => {
    const text = renderMarkdown(reportOf(crowded(scenarios, name)));
    expect(bytes(text)).toBeLessThanOrEqual(MOST_BYTES);
    expect(text).toMatch(/^\*\*✗ Regressed\*\* · /);
    expect(text.trimEnd().endsWith(marker('default'))).toBe(true);
  });

  it('says what it left out', () => {
    const text = renderMarkdown(reportOf(crowded(60, 'scenario ')));
    expect(text).toContain("Left out to stay below GitHub's limit: ");
    expect(renderMarkdown(reportOf(story('regressed-cpu')))).not.toContain('Left out');
  });

  it('keeps the verdicts when the reproduce lines alone would be too long', () => {
    const args = Array.from({ length: 5_000 }, (_, index) => `scenarios/very-long-name-${index}.yml`);
    const text = renderMarkdown(
      buildReport({ comparison: story('regressed-cpu'), invocation: { ...INVOCATION, args } }),
    );
    expect(bytes(text)).toBeLessThanOrEqual(MOST_BYTES);
    expect(text).toContain('CPU per request +2.2 %');
  });
});

const named = HOSTILE.map((name) => ({ name, label: JSON.stringify(name.slice(0, 40)) }));

describe('hostile names in a report', () => {
  /** Cells of a GFM table row: borders are pipes that no backslash precedes. */
  const cells = (line: string): number => (line.match(/(?<!\\)\|/g) ?? []).length;

  /** What a renderer would read as markup: fenced blocks and code spans taken out (CommonMark 4.5, 6.1). */
  const outsideCode = (text: string): string =>
    text.replace(/^(`{3,})sh\n[^]*?\n\1$/m, '').replace(/(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, 'code');

  /** Routes are the scenario's, system calls may be anybody's. */
  const exactNaming = (name: string) =>
    exactOf({
      syscalls: [{ name, base: 1, head: 2, isChanged: true }],
      replies: [{ route: name, requests: 1, of: 2, what: 'body', firstBytes: { base: 1, head: 2 } }],
      routes: [{ name, base: 1000, head: 2000, isChanged: true }],
      varyingRoutes: [name, name],
    });

  it.each(named)('change neither lines, columns, fence nor marker: $label', ({ name }) => {
    const base = scenarioOf('demo', 'regressed', {
      scenario: name,
      metrics: story('regressed-cpu').scenarios[0]!.metrics.map((metric) => ({
        ...metric,
        reason: name,
        warnings: [name],
      })),
      functions: [row(name, { file: name, path: [name, name], movedTo: name }), counted(name, { file: name })],
      exact: exactNaming(name),
      attribution: { source: 'judged', samples: null, diffuse: name, culprit: name, warnings: [name] },
      warnings: [name],
      loader: { verdict: 'suspect', reasons: [name] },
    });
    const hostile = comparisonOf([base], {
      base: { revision: name, label: name },
      head: { revision: 'b'.repeat(40), label: name },
      godynoVersion: name,
    });
    const text = renderMarkdown(
      buildReport({ comparison: hostile, invocation: { ...INVOCATION, args: [name], key: name } }),
    );
    const plain = renderMarkdown(
      reportOf(
        comparisonOf([
          {
            ...base,
            scenario: 'x',
            metrics: base.metrics.map((metric) => ({ ...metric, reason: 'x', warnings: ['x'] })),
            functions: [row('x', { file: 'x', path: ['x', 'x'], movedTo: 'x' }), counted('x', { file: 'x' })],
            exact: exactNaming('x'),
            attribution: { source: 'judged', samples: null, diffuse: 'x', culprit: 'x', warnings: ['x'] },
            warnings: ['x'],
            loader: { verdict: 'suspect', reasons: ['x'] },
          },
        ]),
      ),
    );
    const shape = (report: string) =>
      report.split('\n').map((line) => (line.startsWith('|') ? `table ${cells(line)}` : line === '' ? '' : 'text'));
    if (bytes(name) < 2_000 && name.trim() !== '') expect(shape(text)).toEqual(shape(plain));
    expect(text.match(/<!--/g)).toHaveLength(1);
    const markup = outsideCode(text);
    expect(markup.match(/<details>/g) ?? []).toHaveLength(bytes(name) < 2_000 ? 1 : 0);
    expect(markup).not.toMatch(/<(?!\/?(?:details|summary|code|sub)>|!-- godyno:v1 key=)[a-z!/?]/i);
  });
});

describe('an invalid measurement', () => {
  it('says what to do by the cause the run recorded', () => {
    const comparison = story('invalid');
    const run = {
      base: { kind: 'git' },
      runs: [{ scenario: { name: 'demo' }, invalid: { code: 'discarded-pairs', message: 'busy', side: null } }],
    } as unknown as RunFile;
    const text = renderMarkdown(buildReport({ comparison, run, invocation: INVOCATION }));
    expect(text).toContain('**To do:** The machine was too busy');
  });
});

describe('the reproduce line', () => {
  const lineOf = (comparison: Comparison, invocation: Partial<Invocation> = {}): string =>
    buildReport({ comparison, invocation: { ...INVOCATION, ...invocation } }).reproduce.join('\n');

  it('names commits, not branches, and the seed', () => {
    expect(lineOf(story('regressed-cpu'), { base: 'main', head: 'HEAD', flags: ['--budget', '60s'] })).toBe(
      'npx godyno run scenarios/demo.yml --base 3f2a9c51d04be87766554433221100ffeeddccbb ' +
        '--head b81e07d2c9aa55443322110099887766f5e4d3c2 --seed 7 --budget 60s',
    );
  });

  it('leaves a working tree to the default and says so', () => {
    const head = { revision: `${'b'.repeat(40)}+dirty:0011`, label: 'working tree' };
    const report = reportOf({ ...story('regressed-cpu'), head });
    expect(report.reproduce[0]).not.toContain('--head');
    expect(renderMarkdown(report)).toContain('The head was `bbbbbbbbbbbb` with uncommitted changes');
  });

  it('names folders and baselines as the user did', () => {
    const folder = { ...story('regressed-cpu'), head: { revision: `sha256:${'c'.repeat(64)}`, label: 'new' } };
    expect(lineOf(folder, { head: '../new folder' })).toContain("--head '../new folder'");
    expect(lineOf(story('stored-other-machine'), { base: 'baseline' })).toContain('--base baseline');
  });

  it('repeats a comparison of stored runs from its files', () => {
    expect(lineOf(story('regressed-cpu'), { command: 'compare', args: ['a/run.json', 'b/run.json'] })).toBe(
      'npx godyno compare a/run.json b/run.json',
    );
  });
});
