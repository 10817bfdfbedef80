import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../harness/service/index.ts';
import { type BadMode, makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, makePlace, type Place, removeClean } from './cli.ts';
import { runIn, unaccountedIn } from './results.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
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

const logOf = (side: string): string => readFileSync(path.join(out(), `logs/bad/${side}-launch-1.log`), 'utf8');

const expectMode = ({ code, stderr }: Ended, mode: 'together' | 'alternate'): void => {
  expect(code, stderr).toBeOneOf([0, 1]);
  const run = runIn(out());
  expect(run.runs[0]?.settings.mode, stderr).toBe(mode);
  expect(unaccountedIn(run)).toEqual([]);
  for (const { pairs } of run.runs[0]?.launches ?? [])
    for (const { base, head } of pairs) expect(base.answered * head.answered).toBeGreaterThan(0);
};

interface Check {
  readonly name: string;
  readonly state: string;
  readonly found: string;
}

/** What doctor says of both sides of what was measured. */
const bothSides = async (): Promise<Check | undefined> => {
  const { stdout } = await place.run(['doctor', 's.yml', '--base', './b', '--head', './h', '--json']);
  return (JSON.parse(stdout) as readonly Check[]).find(({ name }) => name === 'target bad: both sides');
};

describe('a service that insists on a port runs twice at once', () => {
  it('on its main port: each side has a free one instead, and believes it has its own', async () => {
    const [port = 0] = await freePorts(1);
    const ended = await measure('fixed-port', port, `  port: ${port}`);
    expectMode(ended, 'together');
    expect(readFileSync(path.join(out(), 'report.md'), 'utf8')).toContain(`insists on port ${port}`);
    const addresses = ['base', 'head'].map((side) => /listening on 127.0.0.1:(\d+)/.exec(logOf(side))?.[1]);
    expect(new Set([...addresses, String(port)]).size).toBe(3);
  });

  it('beside its main port: found out although it starts without, and moved', async () => {
    const [port = 0] = await freePorts(1);
    const ended = await measure('fixed-ports', port, '  sides: auto');
    expectMode(ended, 'together');
    expect(ended.stderr).toContain(`Both sides listen on port ${port}`);
    expect(await bothSides()).toMatchObject({
      state: 'ok',
      found: expect.stringMatching(
        new RegExp(`^run side by side, port ${port}, which the service insists on, moved.*; both ready in `),
      ) as string,
    });
  });

  it('and so does one that locks a file in the temporary folder, which is its own', async () => {
    expectMode(await measure('locked-file', 0, '  sides: auto'), 'together');
  });
});

describe('a service that cannot run twice at once', () => {
  it('is found out and measured alternately, and the report quotes what it said', async () => {
    const [number = 0] = await freePorts(1);
    const ended = await measure('locked-machine', number, '  sides: auto');
    expect(await bothSides()).toMatchObject({
      state: 'warn',
      found: expect.stringMatching(/^run one after the other: .*database is locked by another process/) as string,
    });
    rmSync(`/tmp/godyno-bad-${number}.lock`, { force: true });
    expectMode(ended, 'alternate');
    for (const { pairs, stage } of runIn(out()).runs[0]?.launches ?? []) {
      expect(stage).toBe('judged');
      expect(pairs).toHaveLength(2);
    }
    expect(ended.stderr).toMatch(/one after the other/);
    expect(readFileSync(path.join(out(), 'report.md'), 'utf8')).toMatch(/one after the other.*2\.5/s);
    expect(ended.stderr).toMatch(/does not run twice at once \(.*database is locked by another process/);
  });

  it('nor is one whose sides write to the same file, without a word of complaint', async () => {
    const [number = 0] = await freePorts(1);
    const ended = await measure('shared-file', number, '  sides: auto');
    rmSync(`/tmp/godyno-bad-${number}.data`, { force: true });
    expectMode(ended, 'alternate');
    expect(ended.stderr).toContain(
      `does not run twice at once (both sides have /tmp/godyno-bad-${number}.data open for writing)`,
    );
  });
});
