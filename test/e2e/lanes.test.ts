import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { judgeScenario } from '../../harness/compare/index.ts';
import type { Scenario, ScenarioRun } from '../../harness/model/index.ts';
import { canPin, runningCount, stopAll, usableCpus } from '../../harness/process/index.ts';
import { type RunPlan, type RunProgress, runScenario } from '../../harness/run/index.ts';
import { parseScenario } from '../../harness/scenario/index.ts';
import { folderRevision, goMod, makeFolder, removeFolders } from '../service/go-modules.ts';

const [cpu, other = cpu] = usableCpus() ?? [];
const canHaveLanes = cpu !== undefined && cpu !== other && (await canPin()).can;

/** Costs of allocations alone: they have their answer at the first look that may be the last, after eight launches. */
const scenarioFor = (args: string): Scenario =>
  parseScenario(
    `name: lanes
target:
  package: .
  args: ["127.0.0.1:\${port}", ${args}]
  ready: GET /ready
load:
  latency: false
  requests: [{ name: work, http: "GET /work?n=\${n}" }]
measure: { exact: off, budget: 150s }
gates: { cpuNsPerRequest: false, heapGrowthBytesPerRequest: false, goroutineGrowthPerRequest: false }
`,
    'lanes.yml',
    new Map(),
  );

/**
 * Keeps a file open for writing, where it is told one; answers with what it was asked. `diesFrom` counts its starts, each
 * a byte in `starts`: from that one on it ends in the middle of its load.
 */
const serviceOf = (starts = '', diesFrom = 0): string => `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"sync/atomic"
)

const starts, diesFrom = "${starts}", ${diesFrom}

var (
	kept   *os.File
	begun  int64
	served atomic.Int64
)

func countStart() {
	file, err := os.OpenFile(starts, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	fmt.Fprint(file, ".")
	info, _ := file.Stat()
	begun = info.Size()
}

func main() {
	if diesFrom > 0 {
		countStart()
	}
	if len(os.Args) > 2 {
		var err error
		if kept, err = os.OpenFile(os.Args[2], os.O_CREATE|os.O_RDWR, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		if diesFrom > 0 && begun >= diesFrom && served.Add(1) == 50 {
			log.Fatal("out of shelves")
		}
		fmt.Fprintln(w, "n is", r.FormValue("n"))
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
`;

const scratch: string[] = [];
afterEach(() => {
  expect(runningCount()).toBe(0);
  for (const folder of scratch) expect(leftIn(path.join(folder, 'work'))).toEqual([]);
});
afterAll(async () => {
  await stopAll();
  removeFolders();
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
});

/** What launches leave behind in the scratch folder; builds, and links that were interrupted, stay until its maker removes it. */
const leftIn = (workDir: string): readonly string[] =>
  existsSync(workDir)
    ? readdirSync(workDir, { recursive: true, encoding: 'utf8' }).filter((name) => /^(?:l\d|s$|s\/)/.test(name))
    : [];

/** Both lanes on the same two CPUs: enough to see that they go beside each other, too few to measure anything. */
const planFor = (
  scenario: Scenario,
  onProgress: (event: RunProgress) => void = () => undefined,
  signal = new AbortController().signal,
  headDiesFrom = 0,
): RunPlan => {
  // A short path: the agents' sockets lie below it.
  const folder = mkdtempSync(path.join(tmpdir(), 'la'));
  scratch.push(folder);
  const tree = (side: 'base' | 'head') => {
    const main = side === 'head' ? serviceOf(path.join(folder, 'starts'), headDiesFrom) : serviceOf();
    const rootDir = makeFolder({ 'go.mod': goMod('example.com/lanes'), 'main.go': main });
    return {
      rootDir,
      moduleDir: rootDir,
      runRoot: rootDir,
      runDir: rootDir,
      added: '',
      revision: folderRevision(side),
    };
  };
  const lane = { targetCpus: [cpu ?? 0], loaderCpus: [other ?? 0] };
  return {
    scenario,
    trees: { base: tree('base'), head: tree('head') },
    seed: 3,
    outDir: path.join(folder, 'out'),
    workDir: path.join(folder, 'work'),
    cpus: { lanes: [lane, lane], unpinnedReason: null, usable: usableCpus() ?? [], oneLaneReason: null },
    budgetSeconds: scenario.measure.budgetSeconds,
    family: { gates: 2 },
    purpose: 'compare',
    onProgress,
    signal,
  };
};

const judgedOf = ({ launches }: ScenarioRun) => launches.filter(({ stage }) => stage === 'judged');

describe.skipIf(!canHaveLanes)('two lanes', () => {
  it('measure two launches at a time, count every request on both sides, and leave nothing behind', async () => {
    const begun: number[] = [];
    const looks: number[] = [];
    const run = await runScenario(
      planFor(scenarioFor(''), (event) => {
        if (event.kind === 'launch') begun.push(event.number);
        if (event.kind === 'look') looks.push(event.launches);
      }),
    );
    expect(run).toMatchObject({ stop: 'decided', invalid: null, notes: [] });
    expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(looks).toEqual([1, 3, 4, 6, 8]);
    expect(run.launches.map(({ index, lane }) => [index, lane])).toEqual(
      [1, 1, 2, 1, 1, 2, 1, 2].map((lane, at) => [at + 1, lane]),
    );
    expect(run.settings.lanes).toHaveLength(2);
    for (const { pairs } of judgedOf(run))
      for (const { base, head } of pairs) {
        expect(base.planned).toBe(head.planned);
        expect([base.answered, head.answered]).toEqual([base.planned, head.planned]);
      }
    // Looks at three requests before and after each of the launches 1 to 4 and 8.
    expect(run.answers?.[0]).toMatchObject({ compared: 5 * 6, differing: 0 });
    // The same requests come again in each lane but its first launch.
    expect(run.answers?.[0]).toMatchObject({ repeated: (3 - 1) * 6 + (2 - 1) * 6, varying: 0 });
  });

  it('are one where a service keeps a file that another launch would have open, too', async () => {
    const run = await runScenario({ ...planFor(scenarioFor('data.db')), budgetSeconds: 5 });
    expect(run.settings.lanes).toBeUndefined();
    expect(run.launches.map(({ lane }) => lane)).not.toContain(2);
    expect(run.notes).toEqual([
      expect.stringMatching(
        /^Launches went one at a time .*: (?:base|head) has data\.db open for writing, .*\$\{tmp\}/,
      ),
    ]);
  });

  it('are two where that file is the launch’s own', async () => {
    const run = await runScenario({ ...planFor(scenarioFor('"${tmp}/data.db"')), budgetSeconds: 5 });
    expect(run.settings.lanes).toHaveLength(2);
    expect(run.notes).toEqual([]);
  });

  it('find a head that dies in its second launch and all after it, which is the first that has one beside it', async () => {
    const run = await runScenario(planFor(scenarioFor(''), undefined, undefined, 2));
    expect(run).toMatchObject({ stop: 'invalid', invalid: { code: 'target-died', side: 'head' } });
    expect(run.launches.map(({ index }) => index)).toEqual([1]);
    expect(run.notes).toEqual([
      expect.stringMatching(/^Launches went one at a time .*went wrong \(.*out of shelves\)/),
    ]);
    const { verdict } = judgeScenario(run, { gates: 2 }, { exact: null, exactRows: [] });
    expect(verdict.verdict).toBe('regressed');
  });

  it('are both stopped by Ctrl-C while both measure', async () => {
    const interrupt = new AbortController();
    let ready = 0;
    const plan = planFor(
      scenarioFor(''),
      (event) => {
        // Both sides of the first launch, and of the two after it.
        if (event.kind === 'ready') ready += 1;
        if (ready === 6) interrupt.abort(new Error('interrupted'));
      },
      interrupt.signal,
    );
    await expect(runScenario(plan)).rejects.toThrow('interrupted');
    expect(ready).toBe(6);
  });
});
