/** The emulator's pass where the tables of a program cannot be read: made so in the file, the program runs as before. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { judgeTotals } from '../../../harness/compare/index.ts';
import type { QemuEngine } from '../../../harness/exact/index.ts';
import { runningCount, stopAll } from '../../../harness/process/index.ts';
import { buildExact } from '../../../harness/run/counting/build.ts';
import { countBinaries } from '../../../harness/run/counting/emulated.ts';
import { bothSides, type Scenario, type Side } from '../../../harness/model/index.ts';
import { median } from '../../../harness/stats/index.ts';
import type { Session } from '../../../harness/run/session/session.ts';
import { parseScenario } from '../../../harness/scenario/index.ts';
import { probed, testFolder } from '../../exact/counted-program.ts';
import { spoilModuleData } from '../../exact/spoiled-tables.ts';
import { goMod, makeFolder, removeFolders } from '../../service/go-modules.ts';
import { countedSession } from './counted-session.ts';

const SCENARIO = `name: counted
target:
  package: .
  args: ["127.0.0.1:\${port}"]
  ready: GET /ready
load:
  requests:
    - { name: work, http: "GET /work?n=\${n}" }
`;

const service = (steps: number): string => `package main

import (
	"net/http"
	"os"
)

var sum int

func main() {
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < ${steps}; i++ {
			sum += i
		}
	})
	panic(http.ListenAndServe(os.Args[1], nil))
}
`;

const module = (steps: number): string =>
  makeFolder({ 'go.mod': goMod('example.com/counted'), 'main.go': service(steps) });

/** A session over two modules, head of which takes five times the steps; all of it is gone afterwards. */
const withFiveTimes = async (
  text: string,
  use: (session: Session, scenario: Scenario) => Promise<void>,
): Promise<void> => {
  // A short path: sockets lie below it.
  const place = mkdtempSync(path.join(tmpdir(), 'n'));
  const scenario = parseScenario(text, 'counted.yml', new Map());
  const sides = { base: module(1000), head: module(5000) };
  const { session, stop } = await countedSession({
    scenario,
    sides,
    folder: place,
    signal: AbortSignal.timeout(400_000),
  });
  try {
    await use(session, scenario);
  } finally {
    await stop();
    rmSync(place, { recursive: true, force: true });
  }
};

const FACTS = { cpuNsPerRequest: 100_000, allocBytesPerRequest: 2000, memoryBytes: 8e9 };

const folder = testFolder();
const found = await probed(folder);
const why = 'reason' in found ? ` (SKIPPED: ${found.reason}; ${found.hint})` : '';

afterAll(async () => {
  await stopAll();
  removeFolders();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(why !== '')(`a program whose tables are not understood${why}`, () => {
  it('is counted in total: a change of the total is called, no function is named, and the reason is kept', async () => {
    await withFiveTimes(SCENARIO, async (session, scenario) => {
      const built = await buildExact(session);
      const file = built.binaries.head.path;
      writeFileSync(file, spoilModuleData(readFileSync(file)));
      const { run, read } = await countBinaries(session, found as QemuEngine, built, 60, FACTS);
      expect(run).toMatchObject({
        engine: 'qemu',
        refusal: null,
        namelessReason: 'the record of its main module (moduledata) was not found or is laid out in another way',
        launches: [],
      });
      expect(read).toBeNull();
      const [row] = judgeTotals({ run, scenario, cpuNsPerRequest: null }).exactRows;
      // 4,000 rounds of a few instructions each.
      expect((row?.head ?? 0) - (row?.base ?? 0)).toBeGreaterThan(2 * 4000);
      expect((row?.head ?? 0) - (row?.base ?? 0)).toBeLessThan(10 * 4000);
      expect(row?.verdict).toBe('regressed');
      expect(readdirSync(session.plan.workDir).filter((name) => name.startsWith('x'))).toEqual([]);
    });
    expect(runningCount()).toBe(0);
  }, 400_000);
});

const TWO = `${SCENARIO}    - { name: ready, http: GET /ready }
`;

describe.skipIf(why !== '')(`a scenario with two request names${why}`, () => {
  it('has the instructions of each counted apart, so that the changed one is told from the other', async () => {
    await withFiveTimes(TWO, async (session) => {
      const { run } = await countBinaries(session, found as QemuEngine, await buildExact(session), 60, {
        ...FACTS,
        hasFired: true,
      });
      const perRequest = (side: Side, route: number): readonly number[] =>
        run.launches
          .filter((launch) => launch.side === side)
          .flatMap(({ routes = [] }) => routes.filter((each) => each.route === route))
          .map(({ instructions, requests }) => instructions / requests);
      const [work, ready] = [0, 1].map((route) => bothSides((side) => perRequest(side, route)));
      expect(Math.min(...work!.head)).toBeGreaterThan(Math.max(...work!.base) + 4000);
      expect(ready!.base.length).toBeGreaterThan(0);
      expect(Math.abs(median(ready!.head) / median(ready!.base) - 1)).toBeLessThan(0.005);
    });
  }, 400_000);
});
