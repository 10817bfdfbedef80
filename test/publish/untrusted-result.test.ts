import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UsageError } from '../../harness/errors.ts';
import type { Comparison } from '../../harness/model/index.ts';
import {
  type Claim,
  claimFromEvent,
  MOST_ZIP_BYTES,
  readReceivedFolder,
  readReceivedZip,
} from '../../harness/publish/index.ts';
import { HOSTILE } from '../report/hostile.ts';
import { comparisonOf, scenarioOf, STORIES } from '../builders/comparisons.ts';
import { writeZip, type ZipFile } from './zip-writer.ts';

const CLAIM: Claim = {
  schemaVersion: 1,
  repository: 'acme/shop',
  pullRequest: 7,
  headSha: 'b81e07d2c9aa55443322110099887766f5e4d3c2',
  key: 'default',
  shard: '',
  args: ['scenarios/demo.yml'],
  flags: ['--budget', '2m'],
};

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const story = STORIES['regressed-cpu']!;
const honest = (comparison: unknown = story, claim: unknown = CLAIM): readonly ZipFile[] => [
  { name: 'comparison.json', content: json(comparison) },
  { name: 'pull-request.json', content: json(claim) },
];
const read = (files: readonly ZipFile[]) => readReceivedZip(writeZip(files), 'artifact x');
/** The story with keys of its scenario, or of its first metric, replaced. */
const withScenario = (keys: object): unknown => ({ ...story, scenarios: [{ ...story.scenarios[0], ...keys }] });
const withMetric = (keys: object): unknown =>
  withScenario({ metrics: [{ ...story.scenarios[0]!.metrics[0], ...keys }] });

test.each(Object.entries(STORIES))('%s comes out of an artifact exactly as it went in', (_name, comparison) => {
  const received = read(honest(comparison));
  expect(received.comparison).toEqual(comparison);
  expect(received.claim).toEqual(CLAIM);
});

test('accepted regressions and rows named for their callees survive the check', () => {
  const rich: Comparison = {
    ...story,
    scenarios: story.scenarios.map((one) => ({
      ...one,
      functions: one.functions.map((row) => ({ ...row, namedFor: 'callees' as const, nearChange: 'calls' as const })),
    })),
    waivers: {
      verdictWithout: 'unchanged',
      applied: [
        {
          scenario: 'demo',
          metric: 'cpuNsPerRequest',
          ceiling: 0.03,
          kind: 'ratio',
          reason: 'safer encoder',
          expires: '2027-01-31',
          source: 'godyno.waivers:2',
          effect: 0.0219,
        },
      ],
      remarks: ['godyno.waivers:3 has expired'],
    },
  };
  expect(read(honest(rich)).comparison).toEqual(rich);
});

test('hostile names pass as text: making them harmless is the renderer’s work', () => {
  const named = comparisonOf(HOSTILE.slice(0, 100).map((name) => scenarioOf(name.slice(0, 4000), 'unchanged')));
  expect(read(honest(named)).comparison).toEqual(named);
});

test('an artifact without a claim is one that names no pull request', () => {
  expect(read([{ name: 'comparison.json', content: json(story) }]).claim).toBeNull();
});

describe('refused', () => {
  const refusals: readonly (readonly [what: string, files: () => readonly ZipFile[], says: RegExp])[] = [
    ['nothing to read', () => [{ name: 'report.md', content: Buffer.from('# hi') }], /no comparison\.json/],
    ['a name in a folder', () => [{ name: '../comparison.json', content: json(story) }], /no comparison\.json/],
    ['a link', () => [{ name: 'comparison.json', content: Buffer.from('/etc/passwd'), mode: 0o120777 }], /is a link/],
    ['encryption', () => [{ name: 'comparison.json', content: json(story), flags: 1 }], /encrypted/],
    ['an unknown method', () => [{ name: 'comparison.json', content: json(story), method: 12 }], /method 12/],
    ['a wrong checksum', () => [{ name: 'comparison.json', content: json(story), claimedCrc: 1 }], /damaged/],
    ['a wrong length', () => [{ name: 'comparison.json', content: json(story), claimedBytes: 3 }], /damaged/],
    ['a name twice', () => [...honest(), ...honest()], /twice/],
    [
      'a bomb that admits its size',
      () => [{ name: 'comparison.json', content: Buffer.alloc(20_000_000, 32) }],
      /20000000 bytes, at most/,
    ],
    [
      'a bomb that lies about its size',
      () => [{ name: 'comparison.json', content: Buffer.alloc(20_000_000, 32), claimedBytes: 100 }],
      /cannot be unpacked, or is over/,
    ],
    [
      'too many files',
      () => Array.from({ length: 101 }, (_, index) => ({ name: `f${index}`, content: Buffer.from('') })),
      /101 files/,
    ],
    ['no JSON', () => [{ name: 'comparison.json', content: Buffer.from('{') }], /not complete JSON/],
    ['another version', () => honest({ ...story, schemaVersion: 2 }), /schema version 2/],
    ['no scenario', () => honest({ ...story, scenarios: [] }), /scenarios/],
    [
      '201 scenarios',
      () => honest({ ...story, scenarios: Array.from({ length: 201 }, () => story.scenarios[0]) }),
      /scenarios/,
    ],
    ['an unknown verdict', () => honest({ ...story, verdict: 'splendid' }), /verdict/],
    ['a foreign metric', () => honest(withMetric({ metric: 'x' })), /metrics\.0\.metric/],
    ['text for a number', () => honest(withMetric({ base: '1' })), /metrics\.0\.base/],
    ['an endless name', () => honest(withScenario({ scenario: 'x'.repeat(5000) })), /scenario/],
    ['a claim with more keys', () => honest(story, { ...CLAIM, body: 'hello' }), /pull-request\.json/],
    ['a claim of another commit form', () => honest(story, { ...CLAIM, headSha: 'HEAD' }), /headSha/],
    ['a claim with an option as scenario', () => honest(story, { ...CLAIM, args: ['--out'] }), /args/],
    ['a claim whose flags hold a command', () => honest(story, { ...CLAIM, flags: ['; rm -rf ~'] }), /flags/],
  ];
  test.each(refusals)('%s', (_what, files, says) => {
    expect(() => read(files())).toThrow(UsageError);
    expect(() => read(files())).toThrow(says);
  });

  test('a number beyond every measurement', () => {
    const text = JSON.stringify(story).replace(/"base":\d+/, '"base":1e999');
    expect(() => read([{ name: 'comparison.json', content: Buffer.from(text) }])).toThrow(/base/);
  });

  test('a zip over the limit is not even opened', () => {
    expect(() => readReceivedZip(Buffer.alloc(MOST_ZIP_BYTES + 1), 'artifact x')).toThrow(/at most/);
  });
});

test('whatever bytes are changed, the answer is a result or a refusal, never a crash', () => {
  const zip = writeZip(honest());
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(zip.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(zip.length),
      (changes, cut) => {
        const copy = Buffer.from(zip);
        for (const [at, byte] of changes) copy[at] = byte;
        for (const bytes of [copy, copy.subarray(0, cut)]) {
          try {
            readReceivedZip(bytes, 'artifact x');
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
          }
        }
      },
    ),
    { numRuns: 400 },
  );
});

describe('a folder', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'received-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const put = (name: string, value: unknown): void => {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), JSON.stringify(value));
  };

  test('with a result is that result; markdown beside it is never looked at', async () => {
    put('comparison.json', story);
    put('pull-request.json', CLAIM);
    writeFileSync(path.join(dir, 'report.md'), '@everyone');
    expect(await readReceivedFolder(dir)).toEqual([{ where: dir, comparison: story, claim: CLAIM }]);
  });

  test('of folders gives the results below it in the order of names', async () => {
    put('b/comparison.json', STORIES['regressed-alloc']);
    put('a/comparison.json', story);
    put('c/other.json', {});
    const places = (await readReceivedFolder(dir)).map(({ where }) => path.basename(where));
    expect(places).toEqual(['a', 'b']);
  });

  test('a link in the place of a file is refused, and so is a link to a folder left alone', async () => {
    put('real/comparison.json', story);
    symlinkSync(path.join(dir, 'real'), path.join(dir, 'linked'));
    expect(await readReceivedFolder(dir)).toHaveLength(1);
    symlinkSync('/etc/hostname', path.join(dir, 'comparison.json'));
    await expect(readReceivedFolder(dir)).rejects.toThrow(/a link/);
  });

  test('without a result names the folder', async () => {
    await expect(readReceivedFolder(dir)).rejects.toThrow(/There is no comparison\.json in/);
  });
});

describe('the claim of an event', () => {
  const words = { key: 'default', shard: '', args: [], flags: [] };
  test('comes from a pull_request payload', () => {
    const event = {
      pull_request: {
        number: 7,
        head: { sha: CLAIM.headSha, ref: 'x' },
        base: { ref: 'main', repo: { full_name: 'acme/shop' } },
      },
    };
    expect(claimFromEvent(event, words)).toEqual({ ...CLAIM, ...words });
  });
  test.each([null, {}, { workflow_run: {} }, { pull_request: { number: '7' } }])('is none for %j', (event) => {
    expect(claimFromEvent(event, words)).toBeNull();
  });
});
