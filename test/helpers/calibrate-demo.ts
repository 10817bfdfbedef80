/**
 * Measures the demo's planted faults without godyno (test/prove/demo-duet.ts). The figures in
 * test/targets/demo/README.md were made with it; `npm run prove:ladder` does the same before it sizes its faults.
 *
 * node test/helpers/calibrate-demo.ts <cpu|alloc|…|none> [constant's value] [requests per window] [windows] [launches]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cpuEffect } from '../prove/demo-duet.ts';
import { DEMO_FAULTS, type DemoFaultName, plantDemo } from './plant-demo.ts';

const [fault = 'none', value = '0', perWindow = '340', windows = '40', launches = '3'] = process.argv.slice(2);
const from = path.resolve(import.meta.dirname, '../targets/demo');
const work = mkdtempSync(path.join(tmpdir(), 'calibrate-'));
try {
  const sides = { base: path.join(work, 'base'), head: path.join(work, 'head') };
  await plantDemo({ from, to: sides.base, fault: 'none', size: 0 });
  const size = fault === 'none' ? 0 : Number(value) / DEMO_FAULTS[fault as DemoFaultName].perSize;
  await plantDemo({ from, to: sides.head, fault: fault as DemoFaultName | 'none', size });
  const { ratio, standardError } = await cpuEffect(sides, {
    launches: Number(launches),
    windows: Number(windows),
    perWindow: Number(perWindow),
    onLaunch: (number, logRatio, cpuNs) =>
      console.error(
        `launch ${number}: ${(100 * logRatio).toFixed(3)} % (base ${(cpuNs / 1000).toFixed(0)} µs a request)`,
      ),
  });
  console.log(
    `${fault} ${value}: ${(100 * ratio).toFixed(3)} ± ${(100 * standardError).toFixed(3)} % CPU a request (standard error over ${launches} launches)`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
