/**
 * `npm run prove:exact`, what exact mode and the CPU duet each say of one change, measured in one run: work of seven
 * kinds worth some 3 % of a request's CPU, put into a function of the demo that every request calls. And the question
 * the duet must not get wrong: one more allocation, which costs nothing that matters.
 *
 * node test/prove/exact-and-duet.ts [kind[=runs] …]     appends to docs/evidence/exact-and-duet.jsonl
 * node test/prove/exact-and-duet.ts --table
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MetricComparison, MetricId } from '../../harness/model/index.ts';
import { changedScenario, evidenceOf, measureOnce, nextSeed } from './campaign.ts';
import { markdownTable, percent, shareOf } from './evidence-table.ts';
import { addUnusedFunctions, SERVICES } from './services.ts';

interface Kind {
  readonly what: string;
  /** Statements for `(*visits).record`, and what else its file needs. */
  readonly body: string;
  readonly imports: readonly string[];
  readonly extra: string;
}

const repeated = (times: number, statement: string): string =>
  `	for i := 0; i < ${times}; i++ {\n		${statement}\n	}\n`;

const KINDS = {
  loop: {
    what: 'a loop of additions and shifts, 7,000 rounds',
    body: repeated(7000, 'zzX ^= zzX<<13 ^ zzX>>7 ^ uint64(i)'),
    imports: [],
    extra: 'var zzX uint64 = 1\n',
  },
  alloc: {
    what: '200 objects of 64 bytes',
    body: repeated(200, 'zzKept = make([]byte, 64)'),
    imports: [],
    extra: 'var zzKept []byte\n',
  },
  hash: {
    what: 'SHA-256 of 1 KiB, 20 times',
    body: repeated(20, 'zzSum = sha256.Sum256(zzBytes[:])'),
    imports: ['crypto/sha256'],
    extra: 'var zzBytes [1024]byte\nvar zzSum [32]byte\n',
  },
  walk: {
    what: '150 steps through 64 MiB in random order',
    body: repeated(150, 'zzAt = zzNext[zzAt]'),
    imports: ['math/rand'],
    extra: `var zzNext = zzCycle(8 << 20)
var zzAt int64

func zzCycle(n int) []int64 {
	order, next := rand.New(rand.NewSource(1)).Perm(n), make([]int64, n)
	for i, at := range order {
		next[at] = int64(order[(i+1)%n])
	}
	return next
}
`,
  },
  syscalls: {
    what: '40 reads of 16 bytes from /dev/zero',
    body: repeated(40, '_, _ = syscall.Pread(zzFile, zzBytes[:], 0)'),
    imports: ['syscall'],
    extra: 'var zzBytes [16]byte\nvar zzFile, _ = syscall.Open("/dev/zero", syscall.O_RDONLY, 0)\n',
  },
  lock: {
    what: 'a lock that its holder keeps while it yields',
    body: '	zzLock.Lock()\n	runtime.Gosched()\n	zzLock.Unlock()\n',
    imports: ['runtime'],
    extra: 'var zzLock sync.Mutex\n',
  },
  placement: { what: '50 functions that nobody calls', body: '', imports: [], extra: '' },
  one: {
    what: 'one object of 64 bytes',
    body: '	zzKept = make([]byte, 64)\n',
    imports: [],
    extra: 'var zzKept []byte\n',
  },
} as const satisfies Record<string, Kind>;
type KindName = keyof typeof KINDS;

interface Told {
  readonly verdict: string;
  readonly effectRatio: number | null;
  readonly ciRatio: readonly [number, number] | null;
}

interface Row {
  readonly kind: KindName;
  readonly verdict: string;
  readonly metrics: Partial<Readonly<Record<MetricId, Told>>>;
  readonly exactRefusal: string | null;
  readonly named: string | null;
  readonly said: string | null;
}

const evidence = evidenceOf<Row>('exact-and-duet');

const SHOWN: readonly MetricId[] = [
  'cpuNsPerRequest',
  'instructionsPerRequest',
  'syscallsPerRequest',
  'mallocsPerRequest',
  'allocBytesPerRequest',
  'mutexWaitNsPerRequest',
];

const toldOf = ({ verdict, effectRatio, ciRatio }: MetricComparison): Told => ({ verdict, effectRatio, ciRatio });

const change = (folder: string, kind: KindName): void => {
  if (kind === 'placement') addUnusedFunctions(folder, 'demo');
  const { body, imports, extra } = KINDS[kind];
  const file = path.join(folder, 'visits.go');
  const text = readFileSync(file, 'utf8')
    .replace('func (v *visits) record(route string) int64 {\n', (line) => line + body)
    .replace('import (\n', (line) => line + imports.map((name) => `	"${name}"\n`).join(''));
  writeFileSync(file, `${text}\n${extra}`);
};

const runOnce = async (work: string, kind: KindName): Promise<Row> => {
  const sides = { base: path.join(work, 'b'), head: path.join(work, 'h') };
  const out = path.join(work, 'out');
  for (const folder of [sides.base, sides.head, out]) rmSync(folder, { recursive: true, force: true });
  for (const folder of Object.values(sides)) cpSync(SERVICES.demo.source(), folder, { recursive: true });
  change(sides.head, kind);
  const scenario = changedScenario(SERVICES.demo.scenarioFile(), path.join(work, 'scenario'), SERVICES.demo.changes, {
    load: { latency: false },
    // One object more is asked of the duet alone.
    measure: { exact: kind === 'one' ? 'off' : 'always', explain: false },
  });
  const { scenario: found } = await measureOnce(scenario, sides, out, ['--seed', String(nextSeed())]);
  const metrics = SHOWN.flatMap((id) => {
    const row = found.metrics.find(({ metric }) => metric === id);
    return row === undefined ? [] : [[id, toldOf(row)] as const];
  });
  return {
    kind,
    verdict: found.verdict,
    metrics: Object.fromEntries(metrics),
    exactRefusal: found.exact?.refusal ?? null,
    named: found.attribution?.culprit ?? null,
    said: found.attribution?.warnings[0] ?? null,
  };
};

const tell = (told: Told | undefined): string =>
  told === undefined || told.effectRatio === null
    ? '–'
    : `${told.verdict} ${percent(told.effectRatio)}${told.ciRatio === null ? '' : ` (${percent(told.ciRatio[0])}…${percent(told.ciRatio[1])})`}`;

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const jobs = (words.length > 0 ? words : Object.keys(KINDS)).map((word) => {
  const [kind = '', runs = '1'] = word.split('=');
  if (!(kind in KINDS)) throw new Error(`"${word}" is none of ${Object.keys(KINDS).join(', ')}`);
  return { kind: kind as KindName, runs: Number(runs) };
});
if (!process.argv.includes('--table')) {
  const work = mkdtempSync(path.join(tmpdir(), 'xd'));
  try {
    for (const { kind, runs } of jobs) {
      for (let run = 0; run < runs; run++) {
        const row = await runOnce(work, kind);
        evidence.append(row);
        console.log(
          `${kind}: ${row.verdict}; CPU ${tell(row.metrics.cpuNsPerRequest)}; instructions ${row.exactRefusal ?? tell(row.metrics.instructionsPerRequest)}; ${row.said ?? ''}`,
        );
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const rows = evidence.rows();
const latest = (Object.keys(KINDS) as KindName[]).flatMap((kind) => rows.findLast((row) => row.kind === kind) ?? []);
console.log(`
${markdownTable(
  ['change', 'CPU duet', 'exact mode', 'allowed system calls', 'allocations', 'lock waiting', 'what the report says'],
  latest.map(({ kind, metrics, exactRefusal, said }) => [
    KINDS[kind].what,
    tell(metrics.cpuNsPerRequest),
    exactRefusal ?? tell(metrics.instructionsPerRequest),
    tell(metrics.syscallsPerRequest),
    tell(metrics.mallocsPerRequest),
    tell(metrics.mutexWaitNsPerRequest),
    said ?? '–',
  ]),
)}
`);
const nulls = rows.filter(({ kind }) => kind === 'one' || kind === 'placement');
const alarms = nulls.filter(({ metrics }) => metrics.cpuNsPerRequest?.verdict === 'regressed');
console.log(
  `CPU called regressed where nothing but one object or placement changed: ${shareOf(alarms.length, nulls.length)}`,
);
console.log(`${nulls.length - alarms.length} passed, ${alarms.length} failed`);
process.exitCode = alarms.length === 0 ? 0 : 1;
