/**
 * The strict check of a `comparison.json` that strangers may have written: every value that a report shows has its
 * type, is finite and has a bounded length; keys that no report knows are dropped. `model` states the shape in types and
 * checks of its own files only what later steps rely on: every command loads `model`, and zod there would double the
 * start of `godyno --version` (48 to 88 ms of CPU). The compiler holds the two together, see {@link asComparison}.
 */
import { z } from 'zod';
import {
  CAPTURE_IDS,
  type Comparison,
  COST_KINDS,
  GATED_KINDS,
  LEFT_OUT_REASONS,
  METRIC_IDS,
  PERF_PLACES,
  TRACED_PARTS,
  VERDICTS,
} from '../model/index.ts';

/** Up to here numbers print without an exponent. */
const MOST = 1e21;

const number = z.number().min(-MOST).max(MOST);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const interval = z.tuple([number, number]).readonly();
/** Longer than any symbol or sentence of ours; the renderer shortens what it shows. */
const text = z.string().max(4000);
const texts = (most: number) => z.array(text).max(most);

const verdict = z.enum(VERDICTS);
const unit = z.enum(['ns', 'count', 'B', 'ms', 'ratio', 'instructions']);

const metric = z.object({
  metric: z.enum(METRIC_IDS),
  unit,
  better: z.enum(['lower', 'higher']),
  gate: z.boolean(),
  required: z.boolean(),
  base: number.nullable(),
  head: number.nullable(),
  effectRatio: number.nullable(),
  ciRatio: interval.nullable(),
  effectAbsolute: number.nullable(),
  ciAbsolute: interval.nullable(),
  ciLevel: z.number().min(0).max(1),
  pValue: number.nullable(),
  qValue: number.nullable(),
  practicalRatio: number.nullable(),
  practicalAbsolute: number.nullable(),
  smallestDetectableRatio: number.nullable(),
  verdict: z.enum([...VERDICTS, 'notJudged', 'changed']),
  reason: text.nullable(),
  decidedBy: z
    .object({
      stage: z.enum(['judged', 'latency', 'exact', 'growth', 'stored']),
      unit: z.enum(['launch', 'window', 'linkSeed', 'run']),
      n: count,
      linkSeeds: count,
    })
    .nullable(),
  unitsNeeded: number.nullable(),
  warnings: texts(50),
});

const profile = z.enum(COST_KINDS);

const countedCalls = z.object({ name: text, base: number, head: number, isChanged: z.boolean() });

const functionRow = z.object({
  profile,
  function: text,
  package: text,
  file: text,
  line: count,
  basePerRequest: number,
  headPerRequest: number,
  deltaPerRequest: number,
  held: z.object({ base: number, head: number }).exactOptional(),
  reasons: z
    .array(z.object({ reason: text, base: number, head: number }))
    .max(20)
    .exactOptional(),
  baseCumPerRequest: number,
  headCumPerRequest: number,
  unit,
  impactRatio: number,
  impactCiRatio: interval.nullable(),
  smallestDetectableRatio: number.nullable(),
  qValue: number.nullable(),
  baseCallsPerRequest: number.nullable(),
  headCallsPerRequest: number.nullable(),
  kind: z.enum(['regressed', 'improved', 'new', 'gone', 'moved', 'unclear']),
  caller: text.exactOptional(),
  withLibraries: z.object({ base: number, head: number }).exactOptional(),
  callers: z.array(countedCalls).max(10).exactOptional(),
  callees: z.array(countedCalls).max(10).exactOptional(),
  path: texts(1000),
  changedInDiff: z.boolean(),
  nearChange: z.enum(['calls', 'calledFrom']).exactOptional(),
  movedTo: text.nullable(),
  namedFor: z.literal('callees').exactOptional(),
  route: text.exactOptional(),
});

const label = z.object({
  label: text,
  value: text,
  profile,
  unit,
  samples: z.object({ base: number, head: number }),
  basePerRequest: number,
  headPerRequest: number,
  effectRatio: number.nullable(),
  ciRatio: interval.nullable(),
  impactRatio: number,
  impactCiRatio: interval,
  qValue: number.nullable(),
  verdict: z.enum(['regressed', 'improved', 'notJudged']),
});

const route = z.object({
  route: text,
  metric: z.enum(METRIC_IDS),
  unit,
  requests: z.object({ base: count, head: count }),
  base: number,
  head: number,
  effectRatio: number,
  ciRatio: interval.nullable(),
  ciLevel: number,
  pValue: number,
  qValue: number,
  verdict: z.enum(['regressed', 'improved', 'unchanged', 'notJudged']),
});

const functionGateVerdict = z.enum(['regressed', 'improved', 'unchanged', 'notJudged']);

const functionGate = z.object({
  pattern: text,
  profile: z.enum(GATED_KINDS),
  failRatio: number,
  verdict: functionGateVerdict,
  reason: text.nullable(),
  matched: count,
  functions: z
    .array(
      z.object({
        function: text,
        unit,
        basePerRequest: number,
        headPerRequest: number,
        effectRatio: number,
        ciRatio: interval,
        qValue: number.nullable(),
        movedTo: text.nullable(),
        verdict: functionGateVerdict,
      }),
    )
    .max(5),
});

const attribution = z.object({
  source: z.enum(['exact', 'explain', 'judged']),
  samples: z.object({ base: count, head: count }).nullable(),
  diffuse: text.nullable(),
  culprit: text.nullable(),
  warnings: texts(50),
});

const sides = z.object({ base: number, head: number });

const counted = z.object({
  launches: sides,
  requests: count,
  instructionsPerNs: number,
  syscalls: z.array(countedCalls).max(500),
  mallocs: sides.nullable(),
  replies: z
    .array(z.object({ route: text, requests: count, of: count, what: z.enum(['body', 'length']), firstBytes: sides }))
    .max(1000),
  varyingRoutes: texts(1000),
  routes: z.array(countedCalls).max(1000).exactOptional(),
  pathSamples: sides.nullable(),
  knownCallersRatio: number.exactOptional(),
});

const toolchain = z.object({
  versions: z.object({ base: text, head: text }),
  goLines: z.object({ base: text, head: text }).nullable(),
  isOnly: z.boolean(),
  binaryBytes: sides,
  gates: z.array(z.enum(METRIC_IDS)).max(METRIC_IDS.length),
  known: texts(100),
  costs: z
    .array(
      z.object({
        profile,
        of: z.enum(['go', 'runtime', 'module', 'dependencies']),
        package: text,
        unit,
        basePerRequest: number,
        headPerRequest: number,
        deltaPerRequest: number,
        impactRatio: number,
        isCertain: z.boolean(),
      }),
    )
    .max(1000),
});

const environment = z.object({
  os: text,
  arch: text,
  kernel: text,
  cpuModel: text,
  cpus: count,
  memoryBytes: count,
  nodeVersion: text,
  ci: text.nullable(),
  loader: text,
  fingerprint: text,
});

/** More than any machine has. */
const cpuList = z.array(count).max(4096);

const settings = z.object({
  mode: z.enum(['together', 'alternate']),
  pinned: z.boolean(),
  unpinnedReason: text.nullable(),
  targetCpus: cpuList,
  loaderCpus: cpuList,
  lanes: z
    .array(z.object({ targetCpus: cpuList, loaderCpus: cpuList }))
    .max(16)
    .exactOptional(),
  cpuSource: z.enum(['schedstat', 'cgroup', 'rusage']),
  gomaxprocs: count,
  gogc: text,
  gomemlimit: text,
  inFlight: count,
  latencyRatePerSecond: number.nullable(),
});

const answerSample = z.object({ status: count, bytes: count, body: text.nullable() });

const seconds = number.nonnegative();

const scenarioTime = z.object({
  wholeSeconds: seconds.exactOptional(),
  buildSeconds: seconds,
  linkWaitSeconds: seconds,
  startSeconds: seconds,
  warmUpSeconds: seconds,
  windowsSeconds: seconds,
  contentionSeconds: seconds,
  collectingSeconds: seconds,
  latencySeconds: seconds,
  growthSeconds: seconds,
  allocationsSeconds: seconds,
  explainSeconds: seconds,
  routesSeconds: seconds.exactOptional(),
  exactSeconds: seconds.exactOptional(),
  exactBuildSeconds: seconds.exactOptional(),
  stopSeconds: seconds.exactOptional(),
  otherSeconds: seconds.exactOptional(),
  cpuVerdictSeconds: seconds.exactOptional(),
});

const scenario = z.object({
  scenario: text,
  verdict,
  reason: text.nullable(),
  pairs: count,
  launches: count,
  linkSeeds: count,
  discardedPairs: count,
  durationSeconds: number,
  took: scenarioTime.exactOptional(),
  stop: z.enum(['decided', 'launches', 'budget', 'invalid', 'recorded']),
  exact: z
    .object({
      engine: z.enum(['qemu', 'perf', 'cover']),
      aaSpreadRatio: number,
      refusal: text.nullable(),
      unsteadyReason: text.exactOptional(),
      namelessReason: text.exactOptional(),
      counted: counted.exactOptional(),
    })
    .nullable(),
  metrics: z.array(metric).max(METRIC_IDS.length),
  routes: z.array(route).max(5000).exactOptional(),
  labels: z.array(label).max(5000).exactOptional(),
  functions: z.array(functionRow).max(5000),
  functionGates: z.array(functionGate).max(300).exactOptional(),
  attribution: attribution.nullable(),
  diagnosis: z
    .array(
      z.object({
        capture: z.enum(CAPTURE_IDS),
        because: z.array(z.enum(METRIC_IDS)).max(METRIC_IDS.length),
        leftOut: z.enum(LEFT_OUT_REASONS).nullable(),
        budgetMinutes: count.exactOptional(),
      }),
    )
    .max(CAPTURE_IDS.length)
    .exactOptional(),
  traced: z
    .object({
      launches: count,
      requests: sides,
      parts: z
        .array(
          z.object({
            part: z.enum(TRACED_PARTS),
            basePerRequest: number,
            headPerRequest: number,
            ciPerRequest: z.tuple([number, number]).nullable(),
            isCertain: z.boolean(),
          }),
        )
        .max(TRACED_PARTS.length),
    })
    .exactOptional(),
  perf: z
    .object({
      launches: count,
      samples: sides,
      places: z
        .array(
          z.object({
            place: z.enum(PERF_PLACES),
            basePerRequest: number,
            headPerRequest: number,
            ciPerRequest: z.tuple([number, number]).nullable(),
          }),
        )
        .max(PERF_PLACES.length),
      rows: z
        .array(
          z.object({
            place: z.enum(['C', 'kernel']),
            function: text.nullable(),
            below: text.nullable(),
            calledIn: text.nullable(),
            basePerRequest: number,
            headPerRequest: number,
            qValue: number.nullable(),
            kind: z.enum(['regressed', 'improved']),
            mostly: text.nullable(),
          }),
        )
        .max(20),
    })
    .exactOptional(),
  stuck: z
    .array(
      z.object({
        function: text,
        file: text,
        line: count,
        state: text,
        startedBy: text.nullable(),
        count,
        launches: count,
        seconds: number,
        stack: texts(20),
      }),
    )
    .max(100)
    .exactOptional(),
  waitsApart: z
    .array(
      z.object({
        profile,
        whose: z.enum(['server', 'background']),
        function: text,
        basePerRequest: number,
        headPerRequest: number,
      }),
    )
    .max(20)
    .exactOptional(),
  toolchain: toolchain.exactOptional(),
  builtDifferently: texts(50).exactOptional(),
  module: text.exactOptional(),
  loader: z.object({ verdict: z.enum(['ok', 'suspect', 'invalid']), reasons: texts(50) }),
  environment,
  settings,
  baseFound: text.exactOptional(),
  warnings: texts(200),
  answers: z
    .array(
      z.object({
        route: text,
        what: z.enum(['less', 'more', 'status', 'body']),
        answers: count,
        of: count,
        request: text,
        base: answerSample,
        head: answerSample,
      }),
    )
    .max(1000)
    .exactOptional(),
  failedRequests: z
    .array(
      z.object({
        side: z.enum(['base', 'head', 'both']),
        route: text,
        request: text,
        how: text,
        body: text.nullable(),
      }),
    )
    .max(50)
    .exactOptional(),
});

const revision = z.object({ revision: text, label: text });

const waivers = z.object({
  verdictWithout: verdict,
  applied: z
    .array(
      z.object({
        scenario: text,
        metric: z.enum(METRIC_IDS),
        ceiling: number,
        kind: z.enum(['ratio', 'absolute']),
        reason: text,
        expires: z.string().regex(/^\d{4}-\d\d-\d\d$/),
        source: text,
        effect: number,
      }),
    )
    .max(500),
  remarks: texts(500),
});

export const comparisonSchema = z
  .object({
    schemaVersion: z.literal(1),
    godynoVersion: text,
    verdict,
    base: revision,
    head: revision,
    seed: count,
    method: z.enum(['duet', 'shared-base', 'same-machine', 'other-machine']),
    scenarios: z.array(scenario).max(200),
    newOnHead: z
      .array(z.object({ scenario: text, reason: text, figures: texts(200) }))
      .max(200)
      .exactOptional(),
    waivers: waivers.exactOptional(),
    took: z
      .object({
        wholeSeconds: seconds,
        sourcesSeconds: seconds,
        readingSeconds: seconds.exactOptional(),
        reportingSeconds: seconds.exactOptional(),
      })
      .exactOptional(),
  })
  .refine(({ scenarios, newOnHead = [] }) => scenarios.length + newOnHead.length > 0, {
    path: ['scenarios'],
    error: 'expected at least one',
  });

type ComparisonValues = z.infer<typeof comparisonSchema>;

/** Every key demanded, all the way down. */
type Whole<T> = T extends readonly (infer Item)[]
  ? readonly Whole<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]-?: Whole<T[Key]> }
    : T;

/** Fails to compile when a comparison has a key that the schema above drops: whoever adds one adds it there, too. */
type KeepsEveryKey = Whole<ComparisonValues> extends Whole<Comparison> ? ComparisonValues : never;

export const asComparison = (value: KeepsEveryKey): Comparison => value;
