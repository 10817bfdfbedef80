/** What would make a finished run worthless is found before anything is built: exit code 2, and nothing left. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place } from '../e2e/cli.ts';
import { commitAll, git } from '../e2e/git.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
  place.file(
    's.yml',
    'name: s\ntarget: { ready: GET / }\nload: { requests: [{ http: GET / }] }\nmeasure: { exact: "off" }\n',
  );
  place.file('b/main.go', 'package main\n\nfunc main() {}\n');
  place.file('b/go.mod', 'module b\n\ngo 1.22\n');
});
afterEach(() => place.remove());

const RUN = ['run', 's.yml', '--base', './b', '--head', './b', '--out', 'out'];

const refusedEarly = async (
  args: readonly string[],
  said: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const { code, stderr } = await place.run(args, { env });
  expect(stderr).toMatch(said);
  expect(code).toBe(2);
  expect(stderr).not.toContain('building');
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(existsSync(path.join(place.dir, 'out'))).toBe(false);
};

const eventOf = (pullRequest: object): Readonly<Record<string, string>> => ({
  GITHUB_EVENT_PATH: place.file('event.json', JSON.stringify({ pull_request: pullRequest })),
});
const PULL = { number: 7, head: { sha: 'a'.repeat(40) }, base: { repo: { full_name: 'acme/shop' } } };

describe('refused before anything is measured:', () => {
  test.each([
    ['s cpuNsPerRequest +3 until 2027-01-31: no unit', /godyno\.waivers:2: the ceiling/],
    ['s cpuNsPerReqest +3% until 2027-01-31: no such metric', /godyno\.waivers:2: "cpuNsPerReqest" is no metric/],
    ['s cpuNsPerRequest +3% until tomorrow: no day', /godyno\.waivers:2: "tomorrow" is no day/],
    ['cpuNsPerRequest +3%', /godyno\.waivers:2: .*is no waiver/],
  ])('a waiver %j', async (line, said) => {
    place.file('godyno.waivers', `# known\n${line}\n`);
    await refusedEarly(RUN, said);
  });

  test('a file of waivers that is a folder', async () => {
    place.file('godyno.waivers/x', '');
    await refusedEarly(RUN, /godyno\.waivers cannot be read/);
  });

  test('a commit whose trailer is no waiver, with a way out that git offers', async () => {
    git(place.dir, 'init', '-q', '-b', 'main');
    commitAll(place.dir, 'first');
    place.file('b/main.go', 'package main\n\nfunc main() { println() }\n');
    const commit = commitAll(place.dir, 'second\n\nGodyno-Waiver: s cpuNsPerRequest +3% til 2027-01-31: typo');
    const said = new RegExp(`commit ${commit.slice(0, 7)}: .*is no waiver[^]*Reword that commit`);
    await refusedEarly(['run', 's.yml', '--base', 'HEAD^1', '--head', 'HEAD', '--out', 'out'], said);
  });

  test('an event of GitHub’s that cannot be read', async () => {
    await refusedEarly(RUN, /GITHUB_EVENT_PATH names .*gone\.json/, { GITHUB_EVENT_PATH: '/gone.json' });
  });

  test('a key that the publisher would refuse', async () => {
    await refusedEarly(RUN, /the comment’s key.* cannot be published/, {
      ...eventOf(PULL),
      GODYNO_KEY: 'k'.repeat(101),
    });
  });

  test.each([
    ['baseline record', ['baseline', 'record', 's.yml', '--head', './b', '--out', 'out']],
    ['calibrate', ['calibrate', 's.yml', '--head', './b', '--out', 'out']],
  ])('a place where %s cannot store what it measures', async (_, args) => {
    place.file('file', '');
    await refusedEarly([...args, '--baselines', 'file/below'], /Cannot (?:read|write) .*file\/below/);
  });

  test.each(['base', 'head'])('a folder without Go files as --%s, which was mistyped', async (side) => {
    place.file('docs/README.md', 'nothing to build');
    const args = [...RUN, `--${side}`, './docs'];
    await refusedEarly(args, new RegExp(`--${side} is the folder .*/docs, which holds no Go files`));
  });

  test('a broken baseline beside the one that is to be recorded', async () => {
    place.file('baselines/s/one/baseline.json', '{');
    const args = ['baseline', 'record', 's.yml', '--head', './b', '--out', 'out'];
    await refusedEarly(args, /baselines\/s\/one/);
  });
});

test('a waiver for a scenario that is not measured is remarked at once, since it may be mistyped', async () => {
  place.file('godyno.waivers', 'ss cpuNsPerRequest +3% until 2027-01-31: mistyped\n');
  const { stderr } = await place.run(['run', 's.yml', '--base', './gone', '--head', './b', '--out', 'out']);
  expect(stderr).toContain('godyno.waivers:1: the waiver is for ss, which is not measured here');
});

/** In a folder that holds nothing: a wrong flag is named before what else is missing. */
test.each([
  [['run', '--budget', '3'], /--budget .*'3' is invalid. Expected a duration/],
  [['baseline', 'record', '--budget', '0s'], /--budget .*'0s' is invalid/],
  [['calibrate', '--budget', 'x'], /--budget .*'x' is invalid/],
  [['prove', '--budget', '-1m'], /--budget .*'-1m' is invalid/],
  [['prove', '--faults', 'cpu,typo'], /typo/],
  [['prove', '--size', 'cpu=large'], /"large" is no size of cpu/],
  [['run', '--base-go', '1.27'], /--base-go 1\.27: expected/],
  [['run', '--head-go', './gone'], /--head-go: the chosen Go .*gone is not there/],
  [['run', '--exact', 'sometimes'], /--exact/],
  [['run', '--baselines', 'file'], /--baselines file is a file, not a folder/],
  [['baseline', 'record', '--baselines', 'file'], /--baselines file is a file/],
  [['baseline', 'list', '--baselines', 'file'], /--baselines file is a file/],
  [['calibrate', '--baselines', 'file'], /--baselines file is a file/],
  [['report', 'gone', '--format', 'pdf'], /"pdf" is no format/],
  [['export', 'gone', '--format', 'pdf'], /"pdf" is no format/],
  [['top', 'gone', '--by', 'file'], /--by .*'file' is invalid/],
  [['init', '--yes', '--module', 'gone'], /--module gone is not there/],
  [['init', '--yes', '--module', '.'], /--module . holds no go.mod/],
  [['merge', 'gone'], /There is no folder gone/],
  [['publish', 'gone', '--dry-run'], /There is no folder gone/],
  [['publish', 'gone', '--report-url', 'javascript:alert(1)'], /--report-url .*is invalid/],
  [['publish', 'gone', '--repository', 'name'], /--repository .*'name' is invalid. Expected owner\/name/],
] as const)('godyno %j is refused for its flag, before anything is looked for', async (args, said) => {
  place.file('file', '');
  for (const name of ['s.yml', 'b']) rmSync(path.join(place.dir, name), { recursive: true });
  const { code, stderr } = await place.run(args);
  expect(stderr).toMatch(said);
  expect(stderr).not.toMatch(/no scenario|There is no file/);
  expect(code).toBe(2);
  expect(readdirSync(place.dir)).toEqual(['file']);
});

test('prove refuses a function that is not there before it builds or measures', async () => {
  git(place.dir, 'init', '-q', '-b', 'main');
  commitAll(place.dir, 'first');
  const args = ['prove', 's.yml', '--head', './b', '--function', 'main.nowhere', '--out', 'out'];
  await refusedEarly(args, /No fault can be planted in main\.nowhere/);
});
