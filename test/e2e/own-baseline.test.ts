import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { listBaselines } from '../../harness/baseline/index.ts';
import { parseComparison } from '../../harness/model/index.ts';
import { makePlace } from './cli.ts';

const root = path.resolve(import.meta.dirname, '../..');

it('this repository’s own baseline of the demo is used: its commit is built again and measured beside the working tree', async () => {
  const place = makePlace();
  try {
    const out = path.join(place.dir, 'out');
    const args = ['run', 'scenarios/demo.yml', '--base', 'baseline', '--out', out, '--budget', '8s', '--exact', 'off'];
    const ended = await place.run([...args, '--fail-on', 'none'], { cwd: root });
    expect(ended.stderr).not.toContain('error');
    expect(ended.code).toBe(0);
    const comparison = parseComparison(readFileSync(path.join(out, 'comparison.json'), 'utf8'), 'comparison.json');
    const [newest] = (await listBaselines(path.join(root, 'baselines'))).toReversed();
    expect(newest?.scenario).toBe('demo');
    expect(comparison.method).toBe('duet');
    expect(comparison.base.revision).toBe(newest?.commit);
    expect(readdirSync(path.join(out, 'logs/demo')).some((name) => name.startsWith('base-launch-'))).toBe(true);
  } finally {
    place.remove();
  }
});
