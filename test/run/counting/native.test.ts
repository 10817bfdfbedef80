import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { explainCalls, judgeTotals } from '../../../harness/compare/index.ts';
import type { ExactRun } from '../../../harness/model/index.ts';
import { stopAll } from '../../../harness/process/index.ts';
import { decodeProfile } from '../../../harness/profile/index.ts';
import { callsPass, totalsPass } from '../../../harness/run/counting/native.ts';
import { parseScenario } from '../../../harness/scenario/index.ts';
import { goMod, makeFolder, removeFolders } from '../../service/go-modules.ts';
import { countedSession, type CountedSession } from './counted-session.ts';

const SCENARIO = `name: counted
target:
  package: .
  args: ["127.0.0.1:\${port}"]
  ready: GET /ready
load:
  requests:
    - { name: work, http: "GET /work?n=\${n}" }
`;

/** Every second request takes the long way; nothing depends on chance or on the clock. */
const service = (steps: number, status = 200): string => `package main

import (
	"net/http"
	"os"
)

var asked int

func main() {
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/work", work)
	panic(http.ListenAndServe(os.Args[1], nil))
}

func work(w http.ResponseWriter, r *http.Request) {
	asked++
	if asked%2 == 0 {
		longWay()
	}
	for i := 0; i < ${steps}; i++ {
		step()
	}
	w.WriteHeader(${status})
}

func longWay() { step() }

func step() {}
`;

const module = (steps: number, status = 200): string =>
  makeFolder({ 'go.mod': goMod('example.com/counted'), 'main.go': service(steps, status) });

const FACTS = { cpuNsPerRequest: 100_000, allocBytesPerRequest: 2000, memoryBytes: 8e9 };
const folders: string[] = [];
afterAll(async () => {
  await stopAll();
  removeFolders();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A session over the two services; the loader is stopped afterwards. */
const withSession = async <T>(base: string, head: string, use: (counted: CountedSession) => Promise<T>): Promise<T> => {
  // A short path: the agents' sockets lie below it.
  const folder = mkdtempSync(path.join(tmpdir(), 'n'));
  folders.push(folder);
  const scenario = parseScenario(SCENARIO, 'counted.yml', new Map());
  const signal = AbortSignal.timeout(230_000);
  const counted = await countedSession({ scenario, sides: { base, head }, folder, signal });
  try {
    return await use(counted);
  } finally {
    await counted.stop();
  }
};

const SIDES_IN_TURN = ['base', 'head', 'head', 'base', 'base', 'head'];

describe('counting calls without an emulator', () => {
  it('repeats to the call, explains what is called more often, and leaves nothing behind but its profiles', async () => {
    await withSession(module(1), module(3), async ({ session, said }) => {
      const { outDir, workDir } = session.plan;
      const run = await callsPass(session, FACTS, 'no emulator (install one)');
      expect(run).toMatchObject({ engine: 'cover', refusal: null, launches: [] });
      expect(run.calls?.map(({ side }) => side)).toEqual(SIDES_IN_TURN);
      const launches = (run.calls ?? []).map((launch) => ({
        launch,
        profile: decodeProfile(readFileSync(path.join(outDir, launch.profile)), launch.profile),
      }));
      const sampled = { functions: [], attribution: null };
      const found = explainCalls({ run, launches, diff: [], modulePath: 'example.com/counted', sampled });
      expect(found.exact).toEqual({ engine: 'cover', aaSpreadRatio: 0, refusal: null });
      expect(found.attribution?.warnings).toEqual([
        'Go’s coverage counters (calls per request, not instructions): main.step is called 3.5 instead of 1.5 times (2.33×).',
        'Calls were counted, not instructions: no emulator (install one).',
      ]);
      expect(said.filter(({ kind }) => kind === 'launch')).toHaveLength(6);
      expect(readdirSync(workDir).filter((name) => name.startsWith('x'))).toEqual([]);
      expect(readFileSync(path.join(outDir, 'logs/counted/head-exact-2.log'), 'utf8')).not.toMatch(/GOCOVERDIR/);
    });
  }, 240_000);

  it('is given up with the reason when one side fails requests', async () => {
    await withSession(module(1), module(1, 500), async ({ session }) => {
      const run = await callsPass(session, FACTS, 'none (install one)');
      expect(run.refusal).toBe('100 of 100 requests failed on head; instructions: none (install one)');
      expect(run.calls).toBeUndefined();
    });
  }, 240_000);

  it('is given up when the garbage of its requests would not fit into memory', async () => {
    await withSession(module(1), module(1), async ({ session }) => {
      const facts = { ...FACTS, allocBytesPerRequest: 1e9 };
      const run = await callsPass(session, facts, 'none (install one)');
      expect(run).toMatchObject({
        engine: 'cover',
        refusal: expect.stringMatching(/ per request, room for \d+ requests? only/) as string,
      });
    });
  }, 60_000);
});

/** Answers as the helper does, with figures that stand here: 2000 at rest, then so many for the window. */
const answeringHelper = (base: number, head: number): string => {
  const file = path.join(makeFolder(), 'helper');
  writeFileSync(
    file,
    `#!/bin/sh
case "$(readlink /proc/$2/exe)" in */build/head/*) counted=${head} ;; *) counted=${base} ;; esac
asked=0
answer() {
  asked=$((asked + 1))
  case $asked in 1) total=1000 ;; 2) total=2000 ;; *) total=$((2000 + counted)) ;; esac
  echo $asked $total
}
trap answer USR1
echo 0 0
while :; do sleep 1 & wait $!; done
`,
  );
  chmodSync(file, 0o755);
  return file;
};

const totalsOf = async (base: number, head: number): Promise<ExactRun> =>
  withSession(module(1), module(1), async ({ session }) => {
    const run = await totalsPass(session, FACTS, { kind: 'perf', helper: answeringHelper(base, head) });
    expect(existsSync(path.join(session.plan.outDir, 'profiles'))).toBe(false);
    return run;
  });

describe('totals by the CPU’s counter, its helper’s answers simulated', () => {
  it('are what it counted between rest and the last answer, launch by launch, the sides in turn', async () => {
    const run = await totalsOf(10_000_000, 10_500_000);
    expect(run).toMatchObject({ engine: 'perf', refusal: null, launches: [] });
    expect(run.totals?.map(({ side }) => side)).toEqual(SIDES_IN_TURN);
    for (const { side, instructions, idleInstructions, requests } of run.totals ?? []) {
      expect({ instructions, idleInstructions, requests }).toEqual({
        instructions: side === 'base' ? 10_000_000 : 10_500_000,
        idleInstructions: 1000,
        requests: 100,
      });
    }
    const scenario = parseScenario(SCENARIO, 'counted.yml', new Map());
    const [row] = judgeTotals({ run, scenario, cpuNsPerRequest: 100_000 }).exactRows;
    expect(row).toMatchObject({ base: 100_000, head: 105_000, verdict: 'regressed' });
  }, 240_000);

  it('are given up with the helper’s own words when it cannot count the process', async () => {
    const helper = path.join(makeFolder(), 'helper');
    writeFileSync(helper, '#!/bin/sh\necho thread 7: permission denied >&2\nexit 1\n');
    chmodSync(helper, 0o755);
    await withSession(module(1), module(1), async ({ session }) => {
      const run = await totalsPass(session, FACTS, { kind: 'perf', helper });
      expect(run).toMatchObject({
        engine: 'perf',
        refusal: expect.stringMatching(/thread 7: permission denied/) as string,
      });
    });
  }, 240_000);
});
