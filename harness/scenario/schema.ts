/**
 * The scenario file: this one schema, its sections beside it, is the source of the types, the validation,
 * docs/scenario.schema.json and docs/scenario.md. Every key carries its description; a default stands where the key is
 * declared.
 */
import { z } from 'zod';
import { METRICS, metricDef, profileKind, TIGHT_CPU } from '../metrics/index.ts';
import { GATED_KINDS, type GatedKind, METRIC_IDS, type MetricId } from '../model/index.ts';
import { formatPercent } from '../units/index.ts';
import { limitExpected, parseFunctionLimit, parseGate, SHARE_EXPECTED } from './gates.ts';
import { duration, expected, rate, text, wholeNumber, word } from './scalars.ts';
import { mapping, yesNo } from './schema-words.ts';
import { prepareRequest, request } from './schema-requests.ts';
import { target } from './schema-target.ts';

const load = () =>
  mapping({
    requests: z
      .array(request(), expected('a list of requests'))
      .min(1, expected('at least one request'))
      .describe(
        'The requests of the mix, in random order by weight from one seeded schedule; both sides get the same.',
      ),
    prepare: z
      .array(prepareRequest(), expected('a list of requests'))
      .prefault([])
      .describe(
        'Requests sent in order after each start, before the load: sign-in, test data. The cookies they set go with all later requests.',
      ),
    users: wholeNumber(1000)
      .prefault(1)
      .describe(
        'Users that take turns: `prepare` is sent for each, each keeps its own cookies and captured values; `${user}` counts from 0.',
      ),
    cookies: z
      .enum(['auto', 'all', 'prepare', 'off'], expected('auto, all, prepare or off'))
      .prefault('auto')
      .describe(
        'auto: cookies that answers to `prepare` set go with all requests, and answers under load change them; where `prepare` set none, none are kept. all: kept in any case. prepare: answers under load change nothing. off: none.',
      ),
    data: word('a file name')
      .optional()
      .describe('A CSV file beside the scenario, first row the column names, for `${data.column}`.')
      .meta({ example: 'items.csv' }),
    inFlight: wholeNumber(256)
      .prefault(1)
      .describe('Requests in flight per side while cost is measured; above 1 for services that batch.'),
    timeout: duration().prefault('10s').describe('How long one request may take.'),
    latency: z
      .union(
        [
          z.literal(false),
          z.literal('auto'),
          mapping({
            rate: rate().describe('Requests per second and side.').meta({ example: '200/s' }),
          }),
        ],
        expected('{ rate: 200/s }, auto or false'),
      )
      .prefault('auto')
      .describe(
        'The latency phase: requests at a fixed rate, whether or not earlier ones were answered. auto: 40 % of the measured capacity; false: no such phase.',
      )
      .meta({ kind: 'mapping, "auto" or false' }),
  });

const measure = () =>
  mapping({
    budget: duration()
      .optional()
      .describe('Wall clock for this scenario, builds excluded. Default 2m, in tight mode 4m.')
      .meta({ example: '2m' }),
    tight: yesNo()
      .prefault(false)
      .describe(
        `Look for CPU changes from ${formatPercent(TIGHT_CPU.practicalRatio)} on instead of ${formatPercent(METRICS.cpuNsPerRequest.practicalRatio)}; takes longer.`,
      ),
    exact: z
      .enum(['auto', 'always', 'only', 'off'], expected('auto, always, only or off'))
      .prefault('auto')
      .describe(
        'Exact mode, instructions counted under emulation. auto: where it can run, else calls are counted to explain a gate that has fired; always: an error where it cannot; only: nothing else; off: never.',
      ),
    lanes: z
      .union([z.literal('auto'), z.literal(1), z.literal(2)], expected('auto, 1 or 2'))
      .prefault('auto')
      .describe(
        'Launches at the same time, each with CPUs of its own. auto: two where there are CPUs (four, or 2 × (`target.cpus` + 1)) and nothing speaks against it; 1: never two, for services that slow each other down through the memory they share; 2: also where a file, a command or memory speaks against it.',
      )
      .meta({ kind: 'auto, 1 or 2' }),
    routes: z
      .enum(['auto', 'always', 'off'], expected('auto, always or off'))
      .prefault('auto')
      .describe(
        'Measure each request name by itself, in unjudged launches whose windows send one name after the other. auto: where CPU or allocations moved, nothing else says in which name, and there is time left; always: whatever moved, so that a change is seen which the mix of all names hides; off: never.',
      ),
    trace: z
      .enum(['auto', 'always', 'off'], expected('auto, always or off'))
      .prefault('auto')
      .describe(
        'Follow requests of both sides through execution traces, in unjudged launches: what they wait for, and what scheduler, collector, system calls and network took of them. auto: one where latency moved, three where it regressed and there is time; always: three, whatever moved; off: never.',
      ),
    perf: z
      .enum(['auto', 'always', 'off'], expected('auto, always or off'))
      .prefault('auto')
      .describe(
        'Sample both sides with Linux perf, in three unjudged launches: what C and the kernel take of a request, and below which Go function. auto: where CPU regressed and calls into C or the kernel have a part in it; always: whatever moved; off: never.',
      ),
    labels: z
      .array(z.string().min(1).max(100), expected('a list of label keys'))
      .min(1, 'expected at least one label key')
      .max(10)
      .optional()
      .describe(
        'Keys of labels that the service sets itself with `pprof.Do`, such as `[endpoint, tenant]`: CPU and goroutines are told by their values, those of goroutines that a labelled one began included. Collects CPU samples enough to tell a function by, whatever moved.',
      )
      .meta({ example: '[endpoint, tenant]' }),
    explain: yesNo()
      .prefault(true)
      .describe('After a CPU regression, collect enough profile samples to name the function.'),
  });

const limit = (metric: MetricId) =>
  z.union([z.string(), z.number()], { error: limitExpected(metric) }).transform((written, context) => {
    const parsed = parseGate(metric, written);
    if (typeof parsed !== 'string') return parsed;
    context.issues.push({ code: 'custom', input: written, message: parsed });
    return z.NEVER;
  });

const gateExample = (metric: MetricId): string => `{ fail: ${/"[^"]*"/.exec(limitExpected(metric))?.[0] ?? '…'} }`;

const gate = (metric: MetricId) =>
  z
    .union(
      [
        z.boolean(),
        z.literal('default'),
        mapping({
          fail: limit(metric).optional().describe('The smallest worsening that fails.'),
          toolchain: z
            .union([limit(metric), z.literal(false)])
            .optional()
            .describe('The same where two versions of Go built the sides; false: it does not fail then.'),
        }).refine(({ fail, toolchain }) => fail !== undefined || toolchain !== undefined, {
          error: 'expected `fail`, `toolchain` or both',
        }),
      ],
      expected(`${gateExample(metric)}, true, false or default`),
    )
    .optional()
    .describe(`${metricDef(metric).about}. \`fail\`: ${limitExpected(metric).slice('expected '.length)}.`)
    .meta({ kind: 'gate' });

const functionLimit = (kind: GatedKind) =>
  z
    .union([z.string(), z.number()], { error: SHARE_EXPECTED })
    .transform((written, context) => {
      const parsed = parseFunctionLimit(written);
      if (typeof parsed === 'number') return parsed;
      context.issues.push({ code: 'custom', input: written, message: parsed });
      return z.NEVER;
    })
    .optional()
    .describe(`The smallest worsening of its own ${profileKind(kind).noun} that fails.`);

const LONGEST_PATTERN = 1000;

const functionGates = () =>
  z
    .record(
      z.string().min(1, expected('the name of a function')).max(LONGEST_PATTERN, expected('a shorter name')),
      mapping(
        Object.fromEntries(GATED_KINDS.map((kind) => [kind, functionLimit(kind)])) as Record<
          GatedKind,
          ReturnType<typeof functionLimit>
        >,
        '{ cpu: "+20%" }',
      ).refine((limits) => Object.values(limits).some((limit) => limit !== undefined), {
        error: `expected ${GATED_KINDS.join(', ')} or several of them, such as { cpu: "+20%" }`,
        // An unknown key says enough.
        when: ({ issues }) => issues.length === 0,
      }),
      { error: 'expected function names with limits such as "main.encode": { cpu: "+20%" }' },
    )
    .optional()
    .describe(
      'Limits of single functions by their full names as reports have them; `*` stands for any text, but in `(*T)` for itself.',
    )
    .meta({ kind: 'mapping', example: { 'main.encode': { cpu: '+20%' } } });

const gates = () =>
  mapping({
    ...(Object.fromEntries(METRIC_IDS.map((metric) => [metric, gate(metric)])) as Record<
      MetricId,
      ReturnType<typeof gate>
    >),
    functions: functionGates(),
  });

export const scenarioSchema = mapping({
  $schema: z.string().optional().describe('Address of the JSON schema, for editors; ignored.'),
  name: z
    .string(expected('a name'))
    .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, expected('a name of at most 64 letters, digits, ".", "-" and "_"'))
    .optional()
    .describe('Name in reports and file paths; left out, the file name without its ending.')
    .meta({ example: 'httpbin' }),
  description: text().optional().describe('What this scenario stands for, for people.'),
  target: target().describe('The Go service: how to build, start and stop it.'),
  load: load().describe('The requests that it gets.'),
  measure: measure().prefault({}).describe('How long and how closely to measure.'),
  gates: gates()
    .prefault({})
    .describe(
      'Which metrics fail the run, and from which worsening on. Named here, a metric must be judged; `true` or `default` keeps its default limit, `false` removes it; unnamed ones keep the defaults. `toolchain` is the limit for changes of Go itself.',
    ),
});

/** A scenario file after validation, defaults filled, before files are read in. */
export type ScenarioInput = z.output<typeof scenarioSchema>;
