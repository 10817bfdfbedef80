/**
 * Refactorings of the demo's sources that add nothing (moves-rewrites.ts), run through the explain pass: whether the
 * rows say "moved" with the right twin, and whether anybody is blamed. A minute each at 4,800 samples.
 *
 * node test/prove/moves-live.ts [--samples=4800] [--launches=14] [part of a title …]
 *
 * Ends 1 when fewer than three quarters have the right twin, or somebody is blamed in more than one in twenty.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { FunctionComparison } from '../../harness/model/index.ts';
import { stopAll } from '../../harness/process/index.ts';
import { makeVariant } from './demo-variant.ts';
import { demoScenario, explainPass } from './explain-pass.ts';
import { isTwinRight, REWRITES } from './moves-rewrites.ts';

const LEAST_TWINS = 0.75;
const MOST_BLAMED = 0.05;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { samples: { type: 'string', default: '4800' }, launches: { type: 'string', default: '14' } },
});

const told = (rows: readonly FunctionComparison[]): string =>
  rows
    .filter(({ kind }) => kind !== 'unclear')
    .slice(0, 4)
    .map((row) => `${row.function} ${row.kind}${row.movedTo === null ? '' : ` → ${row.movedTo}`}`)
    .join(', ') || 'nothing named';

const work = mkdtempSync(path.join(tmpdir(), 'ml'));
const ended = new AbortController();
process.on('SIGINT', () => ended.abort());
try {
  const base = path.join(work, 'base');
  makeVariant(base);
  const wanted = REWRITES.filter(
    ({ title }) => positionals.length === 0 || positionals.some((part) => title.includes(part)),
  );
  let right = 0;
  let blamed = 0;
  for (const [index, rewrite] of wanted.entries()) {
    const head = path.join(work, 'head');
    cpSync(base, head, { recursive: true });
    rewrite.apply(head);
    const passDir = path.join(work, 'p');
    const found = await explainPass({
      scenario: demoScenario(),
      folders: { base, head },
      workDir: passDir,
      samples: Number(values.samples),
      mostLaunches: Number(values.launches),
      seed: 77 + index,
      signal: ended.signal,
    });
    const rows = (found.withDiff.functions ?? []).filter(({ profile }) => profile === 'cpu');
    const culprit = found.withDiff.attribution?.culprit ?? null;
    const isRight = isTwinRight(rewrite, rows);
    right += isRight ? 1 : 0;
    blamed += culprit === null ? 0 : 1;
    console.log(
      `${isRight ? 'right' : 'WRONG'} ${rewrite.title}: CPU ${(100 * found.cpuRatio).toFixed(1)} %, ` +
        `${found.samples.base} and ${found.samples.head} samples: ${told(rows)}` +
        (culprit === null ? '' : `; BLAMED ${culprit}`),
    );
    for (const folder of [head, passDir]) rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${right} of ${wanted.length} with the right twin, somebody blamed in ${blamed}`);
  if (right < LEAST_TWINS * wanted.length || blamed > MOST_BLAMED * wanted.length) process.exitCode = 1;
} finally {
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}
