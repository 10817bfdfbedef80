/** `report.html`: the profiles of a run beside its comparison, in one page that needs no network. */
import { existsSync, readFileSync } from 'node:fs';
import type { Comparison, RunFile } from '../model/index.ts';
import { type ProfilePair, type Report, renderHtml } from '../report/index.ts';

/** The built package holds the page's script; a source tree that was never built has none. */
const assetUrl = (name: string): URL => new URL(`../report/page/${name}`, import.meta.url);

/** null where the page's script has not been built. */
export const pageOf = (
  report: Report,
  comparison: Comparison,
  run: RunFile,
  profiles: readonly ProfilePair[],
): string | null => {
  const scriptFile = assetUrl('page.js');
  if (!existsSync(scriptFile)) return null;
  const script = readFileSync(scriptFile, 'utf8');
  const style = readFileSync(assetUrl('page.css'), 'utf8');
  return renderHtml({ report, comparison, run, profiles, script, style });
};
