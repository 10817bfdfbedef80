/**
 * Makes a copy of the demo service (test/targets/demo) that is worse in one chosen way.
 *
 * Each fault is the value of one constant inside one function that exists in every copy; the constant is 0 in the
 * original. Neither a flag, an environment variable, a symbol nor a string of the built program names the fault, so
 * that nothing but its cost can give it away.
 */
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface DemoFault {
  /** The file of the demo that holds the constant. */
  readonly file: string;
  /** As godyno names it. */
  readonly function: string;
  readonly constant: string;
  /** What `size` counts. */
  readonly unit: string;
  /** The constant's value for a size of 1; measured where it is not 1 (test/targets/demo/README.md). */
  readonly perSize: number;
}

export const DEMO_FAULTS = {
  cpu: {
    file: 'search.go',
    function: 'main.nearness',
    constant: 'rounds',
    unit: '% of all CPU per request',
    perSize: 23.3,
  },
  alloc: {
    file: 'order.go',
    function: 'main.seal',
    constant: 'copies',
    unit: '% of all allocated objects per request',
    perSize: 52,
  },
  lock: {
    file: 'cache.go',
    function: 'main.(*cache).lookup',
    constant: 'pauses',
    unit: 'times the holder of the cache lock yields',
    perSize: 1,
  },
  block: {
    file: 'quote.go',
    function: 'main.ask',
    constant: 'micros',
    unit: 'µs that one supplier answers later',
    perSize: 1,
  },
  'leak-heap': {
    file: 'visits.go',
    function: 'main.(*audit).note',
    constant: 'perHundred',
    unit: 'objects of 1 KiB kept for ever per 100 requests',
    perSize: 1,
  },
  'leak-goroutine': {
    file: 'visits.go',
    function: 'main.(*visits).record',
    constant: 'perHundred',
    unit: 'goroutines that never end per 100 requests',
    perSize: 1,
  },
  sleep: { file: 'page.go', function: 'main.render', constant: 'micros', unit: 'µs asleep per page', perSize: 1 },
} as const satisfies Record<string, DemoFault>;

export type DemoFaultName = keyof typeof DEMO_FAULTS;

export interface DemoPlant {
  /** The demo's folder. */
  readonly from: string;
  /** The copy's folder; must not exist. */
  readonly to: string;
  readonly fault: DemoFaultName | 'none';
  /** In the fault's `unit`; ignored for `none`. */
  readonly size: number;
}

/** Copies the demo and sets the fault's constant. Rejects when the demo has no such constant (it was edited). */
export const plantDemo = async ({ from, to, fault, size }: DemoPlant): Promise<void> => {
  await cp(from, to, { recursive: true, errorOnExist: true, force: false });
  if (fault === 'none') return;
  const { file, constant, perSize } = DEMO_FAULTS[fault];
  const value = Math.round(size * perSize);
  if (!(value > 0)) throw new Error(`a ${fault} fault of size ${size} would change nothing`);
  const place = path.join(to, file);
  const text = await readFile(place, 'utf8');
  const line = `const ${constant} = 0 // plant:${fault}\n`;
  if (text.split(line).length !== 2) throw new Error(`${place} does not hold exactly one line "${line.trim()}"`);
  await writeFile(place, text.replace(line, `const ${constant} = ${value} // plant:${fault}\n`));
};
