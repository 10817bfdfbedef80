import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../harness/target/index.ts';
import { type BadMode, makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, makePlace, type Place } from './cli.ts';
import { runIn, unaccountedIn } from './results.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  // The service's own, and it does not tidy up.
  rmSync(path.join(place.tmp, 'bad.lock'), { force: true });
  const left = { processes: place.processes(), files: place.leftInTmp() };
  place.remove();
  expect(left).toEqual({ processes: [], files: [] });
});

const out = (): string => path.join(place.dir, 'out');

/** One launch of four starts begins within any budget and is finished. */
const measure = async (mode: BadMode, at: number, target: string): Promise<Ended> => {
  for (const side of ['b', 'h']) await makeBadTarget({ to: path.join(place.dir, side), mode, at });
  place.file(
    's.yml',
    `name: bad
target:
  buildFlags: ["-ldflags=-s -w"]
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
${target}
load:
  requests: [{ http: "GET /job/\${n}" }]
  latency: false
`,
  );
  return place.run(['run', 's.yml', '--base', './b', '--head', './h', '--out', 'out', '--budget', '5s']);
};

const expectAlternating = ({ code, stderr }: Ended): void => {
  expect(code).toBeOneOf([0, 1]);
  const run = runIn(out());
  expect(run.runs[0]?.settings.mode).toBe('alternate');
  expect(unaccountedIn(run)).toEqual([]);
  for (const { pairs, stage } of run.runs[0]?.launches ?? []) {
    expect(stage).toBe('judged');
    expect(pairs).toHaveLength(2);
    for (const { base, head } of pairs) expect(base.answered * head.answered).toBeGreaterThan(0);
  }
  expect(stderr).toMatch(/one after the other/);
  expect(readFileSync(path.join(out(), 'report.md'), 'utf8')).toMatch(/one after the other.*2\.5/s);
};

describe('a service that cannot run twice at once', () => {
  it('because it insists on its port is measured alternately, on that port', async () => {
    const [port = 0] = await freePorts(1);
    const ended = await measure('fixed-port', port, `  port: ${port}`);
    expectAlternating(ended);
    for (const side of ['base', 'head']) {
      const log = readFileSync(path.join(out(), `logs/bad/${side}-launch-1.log`), 'utf8');
      expect(log.match(new RegExp(`listening on 127.0.0.1:${port}`, 'g'))).toHaveLength(2);
    }
  });

  it('because it locks a file is found out, and the report quotes what it said', async () => {
    const ended = await measure('locked-file', 0, '  sides: auto');
    expectAlternating(ended);
    expect(ended.stderr).toMatch(/does not run twice at once \(.*database is locked by another process/);
  });
});
