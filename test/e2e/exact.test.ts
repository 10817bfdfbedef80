/** Exact mode from the command line, on a service that gives it a reason to refuse or to warn. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probed, testFolder } from '../exact/counted-program.ts';
import type { ScenarioComparison, ScenarioRun } from '../../harness/model/index.ts';
import { type BadMode, makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, makePlace, type Place, removeClean } from './cli.ts';
import { comparisonIn, runIn } from './results.ts';

const SCENARIO = `name: api
target:
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests:
    - { name: work, http: GET /work, expect: { status: [200, 202] } }
    - { name: door, http: GET /door, expect: { status: [200, 202] } }
`;

const folder = testFolder();
const engine = await probed(folder);
const why = 'reason' in engine ? ` (SKIPPED: ${engine.reason}; ${engine.hint})` : '';

// Half a minute each where nothing else runs.
describe.skipIf(why !== '')(`exact mode${why}`, { timeout: 600_000 }, () => {
  let place: Place;
  beforeAll(() => {
    place = makePlace();
    place.file('s.yml', SCENARIO);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    removeClean(place);
  });

  interface Way {
    readonly mode: BadMode;
    readonly at?: number;
  }

  let number = 0;

  /** Where counts are all that was asked for, a refusal is an invalid measurement, and the first thing said. */
  const refusalOf = async (base: Way, head: Way = base): Promise<string> => {
    number++;
    const dir = (side: string): string => path.join(place.dir, `${side}${number}`);
    await makeBadTarget({ to: dir('base'), ...base });
    await makeBadTarget({ to: dir('head'), ...head });
    const out = path.join(place.dir, `out${number}`);
    const words = ['--base', dir('base'), '--head', dir('head'), '--out', out, '--exact', 'only'];
    const { code, stderr } = await place.run(['run', 's.yml', ...words]);
    const refusal = comparisonIn(out).scenarios[0]?.exact?.refusal ?? 'none';
    expect(code).toBe(3);
    expect(stderr).toContain(`measurement invalid, nothing is judged: exact mode could not count: ${refusal}`);
    return refusal;
  };

  describe('of a head that does more at one route and says something else at the other', () => {
    /** Answers at the door are never the same twice: the time, a random id and a counter are in them. */
    const service = (inRender: string, inList: string): string => `package main

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

type card struct {
	Name string   \`json:"name"\`
	Tags []string \`json:"tags"\`
}

var cards = make([]card, 40)
var listed atomic.Int64

func main() {
	addr := flag.String("addr", "", "address to listen on")
	flag.Parse()
	http.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("GET /work", render)
	http.HandleFunc("GET /door", list)
	panic(http.ListenAndServe(*addr, nil))
}

func render(w http.ResponseWriter, _ *http.Request) {
	body, _ := json.Marshal(cards)
${inRender}	_, _ = w.Write(body)
}

func list(w http.ResponseWriter, _ *http.Request) {
	var id [8]byte
	_, _ = rand.Read(id[:])
${inList}	_, _ = fmt.Fprintf(w, "%s order %x is number %d\\n", time.Now().Format(time.RFC1123), id, listed.Add(1))
}
`;
    let ended: Ended;
    let scenario: ScenarioComparison | undefined;
    let kept: ScenarioRun | undefined;
    beforeAll(async () => {
      const sides = {
        base: service('', ''),
        head: service('	body, _ = json.Marshal(cards)\n', '	_, _ = fmt.Fprint(w, "welcome ")\n'),
      };
      for (const [side, text] of Object.entries(sides)) {
        place.file(`calls-${side}/go.mod`, 'module example.com/cards\n\ngo 1.22\n');
        place.file(`calls-${side}/main.go`, text);
      }
      const out = path.join(place.dir, 'calls-out');
      const words = ['--base', 'calls-base', '--head', 'calls-head', '--out', out, '--exact', 'only'];
      ended = await place.run(['run', 's.yml', ...words]);
      [scenario] = comparisonIn(out).scenarios;
      [kept] = runIn(out).runs;
    }, 600_000);

    it('warns of the route whose answers say something else, not of times, ids and numbers that differ', () => {
      const lengths = kept?.exact?.launches.map(({ replies }) => replies?.masked.length);
      // The change is confirmed: five launches a side.
      expect(lengths).toEqual(Array.from({ length: 10 }, () => 100));
      const doors = kept?.exact?.launches[0]?.replies?.route.filter((route) => route === 1).length;
      expect(scenario?.exact).toMatchObject({
        refusal: null,
        counted: { replies: [{ route: 'door', requests: doors, of: doors, what: 'body' }], varyingRoutes: [] },
      });
      expect(ended.stderr).toContain(
        `Base and head answer \`door\` differently in ${doors} of ${doors} counted requests`,
      );
    });

    it('names the changed function that calls a library once more, not the library, nor another changed one', () => {
      expect(`${ended.stdout}${ended.stderr}`).toMatch(
        /mostly `main\.render` \(\+[\d,]+ instructions with what it calls\), changed in this pull request: it calls `encoding\/json\.Marshal` [\d.]+× instead of [\d.]+× per request\./,
      );
      const { base = 0, head = 0 } = scenario?.metrics.find(({ metric }) => metric === 'instructionsPerRequest') ?? {};
      const [first] = scenario?.functions ?? [];
      const caused = first === undefined ? 0 : first.headCumPerRequest - first.baseCumPerRequest;
      expect(caused / ((head ?? 0) - (base ?? 0))).toBeCloseTo(1, 1);
      expect(scenario?.functions.find((row) => row.function === 'encoding/json.appendString[...]')).toMatchObject({
        caller: 'main.render',
        nearChange: 'calledFrom',
      });
    });
  });

  it('refuses where statuses differ, though the scenario expects both', async () => {
    expect(await refusalOf({ mode: 'ok' }, { mode: 'accepts' })).toEqual(
      expect.stringMatching(
        /^100 of 100 requests are answered with different statuses, the first \((?:work|door)\) 200 by base and 202 by head/,
      ),
    );
  });

  it('refuses a service whose work follows the clock, and names it', async () => {
    expect(await refusalOf({ mode: 'background' })).toMatch(
      /^\d+(?:\.\d+)? % of its work follows the clock, not the requests: .*(?:main\.(?:burn|digest)|sha256)/,
    );
  });

  it('refuses a service that ends, with its own words', async () => {
    expect(await refusalOf({ mode: 'ok' }, { mode: 'crashes', at: 50 })).toBe(
      'it ended under the emulator, saying: panic: lost the index',
    );
  });

  it('refuses where deadlines fire under the slowdown', async () => {
    expect(await refusalOf({ mode: 'hurries', at: 300 })).toMatch(
      /^\d+ of 100 requests failed under the emulator, which is 9 to 18 times slower: probably deadlines \(GET \/(?:work|door): status 503\)$/,
    );
  });

  it('refuses more threads than it can count apart', async () => {
    expect(await refusalOf({ mode: 'threads', at: 80 })).toBe(
      'it runs more than 64 threads, which cannot be counted apart',
    );
  });
});
