/** A service that binds itself to another CPU than the one it was put on. */
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canPin, usableCpus } from '../../harness/process/index.ts';
import { makeBadTarget } from '../helpers/bad-target.ts';
import { makePlace, type Place, removeClean } from './cli.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
});

const SCENARIO = `name: bad
target:
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests: [{ http: "GET /job/\${n}" }]
  latency: false
measure: { exact: off, explain: false }
`;

const ability = await canPin();
const [cpu, other] = usableCpus() ?? [];

describe.skipIf(!ability.can || other === undefined)('a side that is bound to another CPU than the other side', () => {
  it.each(['base', 'head'] as const)('on %s makes the run invalid, with the CPUs named', async (astray) => {
    for (const [side, folder] of [
      ['base', 'b'],
      ['head', 'h'],
    ] as const) {
      const mode = side === astray ? 'strays' : 'ok';
      await makeBadTarget({ to: path.join(place.dir, folder), mode, at: other ?? 0 });
    }
    place.file('s.yml', SCENARIO);
    const ended = await place.run(['run', 's.yml', '--base', './b', '--head', './h', '--out', 'out', '--budget', '9s']);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(
      new RegExp(
        `${astray}: a thread of the service is bound to CPU ${other}; godyno had put both sides on CPU ${cpu}`,
      ),
    );
  });
});
