import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { byRatio, comparisonOf, counted, exactOf, row, scenarioOf, STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';
import { BASE_STACKS, makePage, pairOfStacks } from './page-input.ts';
import { largeStacks } from '../../builders/profiles.ts';

const findBrowser = (): string | undefined => {
  for (const name of ['chromium-headless-shell', 'chromium', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // Not this one; the next may be there.
    }
  }
  return undefined;
};

const executablePath = findBrowser();
if (executablePath === undefined)
  console.warn(
    'The page is not tested: no chromium-headless-shell, chromium or google-chrome on PATH (apt-get install chromium-headless-shell).',
  );

describe.skipIf(executablePath === undefined)('the page in a real browser', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'page-test-'));
  let browser: Browser;
  let page: Page;
  let problems: string[];
  let requests: string[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await page?.close();
  });

  const open = async (html: string, colorScheme: 'light' | 'dark' = 'light'): Promise<void> => {
    const file = path.join(folder, 'report.html');
    writeFileSync(file, html);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
    problems = [];
    requests = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`file://${file}`);
    await page.waitForSelector('table.functions tbody tr');
  };

  const stage = () => page.locator('.stage');
  const selected = (): Promise<string | null> => stage().getAttribute('data-selected');

  it('opens from disk without a request, an error or a warning', async () => {
    await open(makePage());
    await page.waitForSelector('#latency svg');
    expect(problems).toEqual([]);
    expect(requests).toHaveLength(1);
    expect(await page.locator('h1').textContent()).toBe(
      'demo: CPU per request +2.2 % (1.2…3.1 %), mostly main.encode (+17.7 µs), changed in this pull request.',
    );
  });

  const several = comparisonOf(
    ['regressed-cpu', 'inconclusive', 'invalid', 'unchanged'].map((name) => ({
      ...STORIES[name]!.scenarios[0]!,
      scenario: name,
    })),
  );

  it.each([
    ['light', STORIES['regressed-cpu']!],
    ['dark', STORIES['regressed-alloc']!],
    ['light', several],
    ['dark', STORIES['unpinned-not-judged']!],
  ] as const)('has no accessibility violation (axe), in %s colours', async (scheme, comparison) => {
    await open(makePage(comparison), scheme);
    await stage().focus();
    await page.keyboard.press('ArrowDown');
    await page.addScriptTag({
      content: readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
    });
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
    const violations = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const result = await axe.run();
      return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`.slice(0, 300));
    });
    expect(violations).toEqual([]);
  });

  it('walks the graph by keys, zooms in by Enter and out by Escape', async () => {
    await open(makePage());
    await stage().focus();
    await page.keyboard.press('ArrowDown');
    expect(await selected()).toBe('net/http.(*conn).serve');
    await page.keyboard.press('ArrowRight');
    expect(await selected()).not.toBe('net/http.(*conn).serve');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await selected()).toBe('main.handleItems');
    await page.keyboard.press('Enter');
    expect(await stage().getAttribute('data-focus')).toBe('main.handleItems');
    await page.keyboard.press('Escape');
    expect(await stage().getAttribute('data-focus')).toBe('net/http.(*ServeMux).ServeHTTP');
    await page.keyboard.press('Home');
    expect(await selected()).toBe('all');
  });

  it('says the chosen frame aloud with base, head and difference', async () => {
    await open(makePage());
    await page.getByRole('button', { name: 'main.encode', exact: true }).first().click();
    expect(await page.locator('.flame [role=status]').textContent()).toBe(
      'main.encode, base 180 µs per request (22.2 %), head 242 µs per request (28.6 %), ' +
        'difference +62 µs (+7.7 % of the base), own cost as compared: +2.2 % (1.4…2.9 %) of a base request',
    );
  });

  it('zooms to a clicked frame and shows a tooltip under the pointer', async () => {
    await open(makePage());
    const canvas = page.locator('.stage canvas');
    await canvas.hover({ position: { x: 30, y: 70 } });
    const tip = page.locator('.tip');
    await tip.waitFor();
    expect(await tip.textContent()).toMatch(
      /^main\.handleItemsbase 528 µs per request .*head 563 µs.*difference \+35 µs/,
    );
    await canvas.click({ position: { x: 30, y: 70 } });
    expect(await stage().getAttribute('data-focus')).toBe('main.handleItems');
    await page.getByRole('button', { name: 'Reset zoom' }).click();
    expect(await stage().getAttribute('data-focus')).toBe('all');
  });

  it('lists callers and callees of the chosen function with their costs', async () => {
    await open(makePage());
    await page.getByRole('button', { name: 'main.encode', exact: true }).first().click();
    const tables = page.locator('.selection table');
    expect(await tables.nth(0).locator('tbody tr').allTextContents()).toEqual(['main.handleItems180 µs242 µs+62 µs']);
    expect(await tables.nth(1).locator('tbody tr').allTextContents()).toEqual([
      'main.checksum0 ns62 µs+62 µs',
      'encoding/json.Marshal180 µs180 µs0 ns',
    ]);
  });

  it('searches by "/" and tells the share of both sides', async () => {
    await open(makePage());
    await page.keyboard.press('/');
    await page.keyboard.type('JSON');
    expect(await page.locator('.tools [role=status]').textContent()).toBe(
      '2 functions, 22.2 % of base, 21.3 % of head',
    );
    expect(await page.locator('table.functions tbody tr').count()).toBe(2);
    expect(await page.locator('input[type=search]').inputValue()).toBe('JSON');
  });

  it('shows what vanished, which no head-wide graph can', async () => {
    await open(makePage());
    const hasVanished = async (): Promise<boolean> => {
      await stage().focus();
      await page.keyboard.press('Home');
      for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowDown');
      return (await selected()) === 'sync.(*Mutex).Lock';
    };
    expect(await hasVanished()).toBe(false);
    await page.getByLabel('Vanished (only in base)').check();
    expect(await hasVanished()).toBe(true);
  });

  it('sorts the table by any column, and back', async () => {
    await open(makePage());
    const first = (): Promise<string | null> => page.locator('table.functions tbody tr th').first().textContent();
    expect(await first()).toBe('main.checksum');
    const header = page.getByRole('button', { name: 'own, base' });
    await header.click();
    expect(await first()).toBe('main.search.func1');
    expect(await page.locator('th[aria-sort=descending]').textContent()).toBe('own, base');
    await header.click();
    expect(await page.locator('th[aria-sort=ascending]').textContent()).toBe('own, base');
  });

  it('opens on the profile and the pairs of the metric that decided', async () => {
    const bytes = { ...pairOfStacks('Allocated bytes', BASE_STACKS, BASE_STACKS), compared: 'alloc_space' } as const;
    const objects = {
      ...pairOfStacks('Allocated objects', BASE_STACKS, BASE_STACKS),
      compared: 'alloc_objects',
    } as const;
    const profiles = [pairOfStacks('CPU', BASE_STACKS, BASE_STACKS), bytes, objects];
    const metrics = [
      byRatio('cpuNsPerRequest', 100, 101, 0.02, { verdict: 'inconclusive' }),
      byRatio('mallocsPerRequest', 100, 100, 0),
      byRatio('allocBytesPerRequest', 100, 107, 0.001, { verdict: 'regressed' }),
    ];
    await open(makePage(comparisonOf([scenarioOf('demo', 'regressed', { metrics })]), profiles));
    await page.waitForSelector('#plots svg');
    const chosen = page
      .locator('select')
      .evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).selectedOptions[0]?.textContent));
    expect(await chosen).toEqual(['Allocated bytes', 'bytes allocated per request']);
  });

  it('changes the profile', async () => {
    await open(makePage());
    await page.getByLabel('Profile').selectOption({ label: 'Blocked time' });
    expect(await page.locator('table.functions tbody').textContent()).not.toContain('html/template');
  });

  it('draws every pair with both sides and marks discarded ones', async () => {
    await open(makePage());
    const chart = page.locator('.charts svg').first();
    expect(await chart.locator('circle.base').count()).toBe(26);
    expect(await chart.locator('path.head').count()).toBe(26);
    expect(await chart.locator('path.discarded').count()).toBe(8);
    expect(await chart.getAttribute('aria-label')).toMatch(
      /^CPU per request, 30 pairs, 4 discarded; mean of base 81\d µs/,
    );
  });

  it('shows latency by percentile from the histograms of the run', async () => {
    await open(makePage());
    await page.waitForSelector('#latency table');
    const rows = await page.locator('#latency tbody tr').allTextContents();
    expect(rows[0]).toMatch(/^p502\.\d+ ms2\.\d+ ms\+[567](\.\d)? %$/);
  });

  it('tells what exact mode counted, in full figures and sentences', async () => {
    await open(makePage(STORIES['regressed-exact']!));
    const text = (await page.locator('main').textContent())!;
    expect(text).toContain('instructions per request: 822,121 → 834,834 (+1.5 %), ✗ regressed');
    const functions = await page.locator('ol li').allTextContents();
    expect(functions[1]).toBe(
      'main.lookUp handlers.go:42 +10,000 instructions per request (+1.2 %, about +3.33 µs), called 3.0× instead of 1.0×',
    );
  });

  it('keeps hostile names text, and its data inside its script', async () => {
    const names = HOSTILE.filter((name) => name.length < 500);
    const scenario = scenarioOf('</script><img src=x onerror=alert(1)>', 'regressed', {
      functions: names.flatMap((name) => [row(name, { file: name }), counted(name, { file: name })]),
      exact: exactOf({ varyingRoutes: names }),
      warnings: names,
      metrics: STORIES['regressed-cpu']!.scenarios[0]!.metrics,
    });
    const stacks = names.map((name, index) => ({ frames: ['main.main', name], value: 100 + index }));
    const pair = { ...pairOfStacks('CPU', stacks, stacks), title: '<!--<script>' };
    await open(makePage(comparisonOf([scenario]), [pair]));
    expect(problems).toEqual([]);
    expect(requests).toHaveLength(1);
    expect(await page.locator('script').count()).toBe(2);
    expect(await page.locator('img, a, iframe, object, b').count()).toBe(0);
  });

  it('reads without a script: verdict, tables and reproduce lines are in the HTML', async () => {
    const html = makePage();
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    writeFileSync(path.join(folder, 'plain.html'), html);
    await plain.goto(`file://${path.join(folder, 'plain.html')}`);
    const text = (await plain.locator('body').textContent())!;
    for (const part of ['CPU per request +2.2 %', 'Limits of this run', 'npx godyno run', 'main.encode'])
      expect(text).toContain(part);
    await context.close();
  });

  it('prints without controls', async () => {
    await open(makePage());
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.tools').first().isVisible()).toBe(false);
    expect(await page.locator('.stage canvas').isVisible()).toBe(true);
  });

  it('draws and searches 24,000 frames, and prints its times', async () => {
    const stacks = largeStacks(24_000, 3);
    const changed = stacks.map((stack, index) => ({ ...stack, value: stack.value * (index % 7 === 0 ? 1.2 : 1) }));
    await open(makePage(STORIES['regressed-cpu']!, [pairOfStacks('CPU', stacks, changed)]));
    expect(problems).toEqual([]);
    const times = await page.evaluate(() => {
      const navigation = performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming;
      const box = document.querySelector<HTMLInputElement>('input[type=search]')!;
      box.value = 'method5';
      const start = performance.now();
      box.dispatchEvent(new Event('input'));
      const data = document.getElementById('data')!.textContent;
      return {
        searchMs: performance.now() - start,
        drawnMs: performance.getEntriesByName('flame-drawn')[0]!.startTime - navigation.responseEnd,
        frames: (JSON.parse(data) as { flames: { parent: number[] }[] }).flames[0]!.parent.length,
      };
    });
    console.log(
      `24,000 frames: graph drawn ${times.drawnMs.toFixed(0)} ms after load, search ${times.searchMs.toFixed(0)} ms`,
    );
    expect(times.frames).toBeGreaterThan(20_000);
    expect(await page.locator('.tools [role=status]').textContent()).toMatch(/^\d+ functions, [\d.]+ % of base/);
  });

  it('has the same figures in the table as in the graph', async () => {
    await open(makePage(STORIES['regressed-cpu']!, [pairOfStacks('CPU', BASE_STACKS, BASE_STACKS)]));
    const cells = await page
      .locator('table.functions tbody tr')
      .filter({ hasText: 'main.handleItems' })
      .locator('td')
      .allTextContents();
    expect(cells).toEqual(['0 ns', '0 ns', '0 ns', '528 µs', '528 µs', '0 ns']);
  });
});
