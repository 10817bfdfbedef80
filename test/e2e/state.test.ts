import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Launch, RunFile, Side } from '../../harness/model/index.ts';
import { SIDES } from '../../harness/model/index.ts';
import { type Ended, makePlace, type Place, removeClean } from './cli.ts';
import { runIn, unaccountedIn } from './results.ts';

const LEDGER = path.resolve(import.meta.dirname, '../targets/ledger');

const SCENARIO = `name: ledger
target:
  args: ["-addr", "127.0.0.1:\${port}", "-dir", "\${tmp}"]
  envFile: ledger.env
  setup:
    - ["\${binary}", migrate, -dir, "\${tmp}"]
  ready: GET /healthz
load:
  data: entries.csv
  prepare:
    - { http: POST /login, body: { user: clerk }, capture: { token: "$.session.token" } }
    - { http: "PUT /accounts/extra-\${n}", repeat: 3, expect: { status: 201 } }
  requests:
    - name: enter
      weight: 3
      http: POST /entries
      headers: &signed { authorization: "Bearer \${token}", x-request: "\${n}", x-currency: € }
      body: '{"account": "\${data.account}", "cents": \${data.cents}}'
      expect: { status: 201 }
    - { name: show, weight: 1, http: "GET /accounts/\${data.account}", headers: *signed }
`;

/** Enough for one judged launch beside the reserve of the latency phase, and for that phase. */
const BUDGET = '18s';

let place: Place;
let ended: Ended;
let run: RunFile;
beforeAll(async () => {
  place = makePlace();
  place.file('s.yml', SCENARIO.replaceAll('€', 'EUR'));
  place.file('ledger.env', '# of the ledger\nLEDGER_CURRENCY="EUR"\n');
  place.file('entries.csv', 'account,cents\ncash,250\n"bank",-1200\nextra-2,7\n');
  ended = await place.run(['run', 's.yml', '--base', LEDGER, '--head', LEDGER, '--out', 'out', '--budget', BUDGET]);
  run = runIn(path.join(place.dir, 'out'));
});
afterAll(() => {
  removeClean(place);
});

const launches = (): readonly Launch[] => run.runs[0]?.launches ?? [];

/** What the service said of itself when it was stopped. */
const saidBy = (side: Side, { index }: Launch): { readonly served: number; readonly digest: string } => {
  const log = readFileSync(path.join(place.dir, 'out/logs/ledger', `${side}-launch-${index}.log`), 'utf8');
  const [, served = '', digest = ''] = /served (\d+) requests, digest (\w+)/.exec(log) ?? [];
  return { served: Number(served), digest };
};

/** What the loader says it sent in a launch beside its warm-up. */
const sentAfterWarmUp = ({ stage, pairs, sides }: Launch, side: Side): number => {
  const planned = pairs.reduce((sum, pair) => sum + (pair.phase === 'cost' ? 0 : pair[side].planned), 0);
  // Cost windows and what goes before them are what the profiles span.
  return stage === 'judged' ? planned + (sides[side].profiles.allocs?.requests ?? NaN) : planned;
};

/** Two looks at three answers of each of two requests, and before all else one trial of each. */
const MOST_LOOKS = 2 * 3 * 2 + 2;

describe('a service that needs setup, environment, a login and rows of data', () => {
  it('gets all of them: every request is answered as the scenario expects', () => {
    expect(ended.stderr).not.toMatch(/error/);
    expect(ended.code).toBeOneOf([0, 1]);
    const windows = launches().flatMap(({ pairs }) => pairs.flatMap(({ base, head }) => [base, head]));
    expect(windows.flatMap(({ failedStatus }) => Object.entries(failedStatus))).toEqual([]);
    expect(new Set(windows.flatMap(({ routes }) => routes.map(({ route }) => route)))).toEqual(
      new Set(['enter', 'show']),
    );
  });

  it('is asked for what was planned, the same on both sides, in cost, contention and latency windows', () => {
    expect(unaccountedIn(run)).toEqual([]);
    const phases = launches().flatMap(({ pairs }) => pairs.map(({ phase }) => phase));
    expect(new Set(phases)).toEqual(new Set(['cost', 'contention', 'latency']));
  });

  it('counts the very requests that the loader says it sent, and both sides the same ones', () => {
    for (const launch of launches()) {
      const beside = SIDES.map(
        (side) => saidBy(side, launch).served - launch.warmup.requests - sentAfterWarmUp(launch, side),
      );
      expect(beside[0]).toBe(beside[1]);
      expect(beside[0]).toBeGreaterThanOrEqual(0);
      // A launch that only explains comes where a metric moved by chance; what it sends is not all in its windows.
      if (launch.stage === 'judged') expect(beside[0]).toBeLessThanOrEqual(MOST_LOOKS);
      if (launch.stage === 'latency') expect(beside[0]).toBe(0);
      expect(saidBy('base', launch).digest).toMatch(/^[0-9a-f]{16}$/);
      expect(saidBy('head', launch).digest).toBe(saidBy('base', launch).digest);
    }
  });

  it('keeps its secrets out of the results: a captured token is nowhere in run.json', () => {
    expect(JSON.stringify(run)).toContain('Bearer ${token}');
    expect(JSON.stringify(run)).not.toMatch(/Bearer [0-9a-f]{24}/);
  });
});
