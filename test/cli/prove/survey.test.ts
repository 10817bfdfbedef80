import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { choosePlantSite, type Demand, type CostSurvey, withFaultPlanting } from '../../../harness/cli/prove/survey.ts';
import { stepsFor } from '../../../harness/cli/terminal/steps.ts';
import { parseScenario } from '../../../harness/scenario/index.ts';
import { goMod, makeFolder, never, removeFolders } from '../../service/go-modules.ts';

/** Every request calls `often` three times, every tenth `rarely`, and none `never`. */
const SERVICE = `package main

import (
	"net/http"
	"os"
	"sync/atomic"
)

var served atomic.Uint64

func often(n uint64) uint64 { return n * 3 }

func rarely(n uint64) uint64 { return n / 10 }

func never(n uint64) uint64 { return n }

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		n := served.Add(1)
		total := often(n) + often(n+1) + often(n+2)
		if n%10 == 0 {
			total += rarely(n)
		}
		if r.Method == "TRACE" {
			total += never(n)
		}
		if total == 1 {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	_ = http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`;

afterAll(removeFolders);

const scenario = parseScenario(
  'name: counted\ntarget: { package: ., ready: GET / }\nload:\n  latency: false\n  requests: [{ name: one, http: GET / }]\n',
  'counted.yml',
  new Map(),
);

const surveyed: CostSurvey = {
  scenario,
  costs: { cpuNsPerRequest: 50_000, mallocsPerRequest: 10, allocBytesPerRequest: 1000, burnRoundNs: 1 },
  serviceNs: 1e6,
  hottest: [],
  outermost: [],
};

const demandOf = (names: readonly string[], changes: Partial<Demand> = {}): Demand => ({
  candidates: names.map((name) => ({ name, names: [name] })),
  chosen: 'by the user',
  for: 'burns',
  burnNsPerRequest: 1e6,
  ...changes,
});

const choose = async (head: string, demand: Demand) =>
  withFaultPlanting(never, async (planting) =>
    choosePlantSite(
      { base: { head, seed: 1, step: stepsFor('quiet'), signal: never }, planting, dir: makeFolder() },
      surveyed,
      demand,
    ),
  );

describe('how often a request calls a function is counted in the running service', () => {
  test('a wait passes by what one request in ten calls, for what all do three times; and no file of the service is touched', {
    timeout: 120_000,
  }, async () => {
    const head = makeFolder({ 'go.mod': goMod('counted'), 'main.go': SERVICE });
    const demand = demandOf(['main.rarely', 'net/http.serve', 'main.often'], { chosen: 'by us', for: 'waits' });
    const place = await choose(head, demand);
    expect(place.function).toBe('main.often');
    expect(Math.abs(place.callsPerRequest - 3)).toBeLessThan(0.03);
    expect(readFileSync(join(head, 'main.go'), 'utf8')).toBe(SERVICE);
    expect(readdirSync(head).toSorted()).toEqual(['go.mod', 'main.go']);
  });

  test('a function that no request calls is refused by name', { timeout: 90_000 }, async () => {
    const head = makeFolder({ 'go.mod': goMod('counted'), 'main.go': SERVICE });
    await expect(choose(head, demandOf(['main.never']))).rejects.toThrow(/do not call main\.never/);
  });
});
