/**
 * Writes the README's picture again, from the page of the demo's run (`npm run demo` first); needs chromium.
 *
 * node test/helpers/picture.ts [page.html]
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '../..');
const source = path.resolve(process.argv[2] ?? path.join(root, '.godyno/demo/report.html'));
const target = path.join(root, 'docs/images/report.png');

const executablePath = execFileSync('which', ['chromium-headless-shell'], { encoding: 'utf8' }).trim();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  await page.goto(pathToFileURL(source).href);
  await page.screenshot({ path: target });
} finally {
  await browser.close();
}
console.log(target);
