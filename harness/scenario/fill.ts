/** A valid scenario file → the Scenario that travels, with nothing left open. */
import { createHash } from 'node:crypto';
import {
  type BodyExpectation,
  type Capture,
  type DataTable,
  type FunctionGate,
  GATED_KINDS,
  type GateLimit,
  type GateSpec,
  type GenerateCommand,
  type LoadSpec,
  METRIC_IDS,
  type MetricId,
  placeholdersOf,
  type PrepareRequest,
  type ReadyCheck,
  type RequestSpec,
  type Scenario,
  type SetupCommand,
  type SideSpec,
  type TargetSpec,
} from '../model/index.ts';
import { bodyOf } from './bodies.ts';
import type { FileContents, ReadFiles } from './files.ts';
import { mergeStatusRanges } from './http.ts';
import type { ScenarioInput } from './schema.ts';

type RequestInput = ScenarioInput['load']['requests'][number];
type PrepareInput = ScenarioInput['load']['prepare'][number];
type CaptureInput = PrepareInput['capture'];
type GenerateInput = ScenarioInput['target']['generate'][number];
type SetupInput = ScenarioInput['target']['setup'][number];

const BUDGET_SECONDS = 120;
/** Tight mode needs up to 80 launches of 3 s: reference figures in docs/method.md. */
const TIGHT_BUDGET_SECONDS = 240;
const SETUP_TIMEOUT_SECONDS = 60;
const GENERATE_TIMEOUT_SECONDS = 600;

const hasType = (headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');

const fillExpect = ({ status, body }: RequestInput['expect']): RequestSpec['expect'] => ({
  status: mergeStatusRanges(status),
  ...(body !== undefined && { body: withoutUndefined(body) as BodyExpectation }),
});

const fillRequest = (
  request: Omit<RequestInput, 'weight' | 'capture'>,
  weight: number,
  contents: FileContents,
): RequestSpec => {
  const { body, type } = bodyOf(request, contents);
  const { headers, http } = request;
  return {
    name: request.name ?? `${http.method} ${http.path}`,
    weight,
    method: http.method,
    path: http.path,
    headers: type !== null && !hasType(headers) ? { 'content-type': type, ...headers } : headers,
    body,
    expect: fillExpect(request.expect),
    ...(!request.cookies && { cookies: false as const }),
  };
};

const fillLoadRequest = (request: RequestInput, contents: FileContents): RequestSpec => {
  const capture = fillCapture(request.capture);
  const isEmpty = Object.keys(capture).length === 0;
  return { ...fillRequest(request, request.weight, contents), ...(!isEmpty && { capture }) };
};

const fillCapture = (input: CaptureInput): PrepareRequest['capture'] =>
  Object.fromEntries(
    Object.entries(input).map(([name, capture]) => [
      name,
      typeof capture === 'string' ? capture : (withoutUndefined(capture) as Capture),
    ]),
  );

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;

const fillPrepare = (request: PrepareInput, contents: FileContents): PrepareRequest => ({
  ...fillRequest(request, 1, contents),
  capture: fillCapture(request.capture),
  repeat: request.repeat,
  ...(request.once && { once: true as const }),
  ...(request.side !== undefined && { side: request.side }),
  ...(request.followRedirects && { followRedirects: true as const }),
});

const inShell = (line: string) => ({ command: 'sh', args: ['-c', line] });

const fillSetup = (setup: SetupInput): SetupCommand => {
  if (typeof setup === 'string') return { ...inShell(setup), env: {}, timeoutSeconds: SETUP_TIMEOUT_SECONDS };
  if (!Array.isArray(setup)) {
    return { command: setup.command, args: setup.args, env: setup.env, timeoutSeconds: setup.timeout };
  }
  const [command = '', ...args] = setup;
  return { command, args, env: {}, timeoutSeconds: SETUP_TIMEOUT_SECONDS };
};

const fillGo = ({ base, head }: NonNullable<ScenarioInput['target']['go']>): NonNullable<TargetSpec['go']> => ({
  ...(base !== undefined && { base }),
  ...(head !== undefined && { head }),
});

const fillGenerate = (input: GenerateInput): GenerateCommand => {
  const plain = { env: {}, timeoutSeconds: GENERATE_TIMEOUT_SECONDS, inputs: [], outputs: [] };
  if (typeof input === 'string') return { ...inShell(input), ...plain };
  if (Array.isArray(input)) {
    const [command = '', ...args] = input;
    return { command, args, ...plain };
  }
  const { command, args, env, timeout, inputs, outputs } = input;
  const words = args === undefined ? inShell(command) : { command, args };
  return { ...words, env, timeoutSeconds: timeout, inputs, outputs };
};

const fillTls = (tls: ScenarioInput['target']['tls']): Pick<TargetSpec, 'tls'> => {
  if (tls === undefined || tls === false) return {};
  return { tls: { serverName: tls === true ? null : tls.serverName } };
};

type ReadyInput = ScenarioInput['target']['ready'];

/** Of a service of which only a connection is asked. */
const NOTHING_ASKED = { method: 'GET', path: '/' } as const;

const fillReady = (ready: ReadyInput, timeoutSeconds: number): ReadyCheck => {
  if ('method' in ready) return { ...ready, timeoutSeconds };
  const { http, port, socket, tls } = ready;
  const isElsewhere = tls || socket !== undefined || (port !== undefined && port !== '${port}');
  const at = {
    ...(port !== undefined && { port }),
    ...(socket !== undefined && { socket }),
    ...(tls && { tls: true as const }),
  };
  return {
    ...(http ?? NOTHING_ASKED),
    timeoutSeconds,
    ...(isElsewhere && { at }),
    ...(http === undefined && { connects: true as const }),
  };
};

type OwnInput = NonNullable<ScenarioInput['target']['base']>;

const fillOwn = (own: OwnInput, readyTimeout: number): SideSpec => {
  const { package: name, args, env, cwd, generate, setup, seed, ready } = own;
  return {
    ...(name !== undefined && { package: name }),
    ...(args !== undefined && { args }),
    ...(env !== undefined && { env }),
    ...(cwd !== undefined && { cwd }),
    ...(generate !== undefined && { generate: generate.map(fillGenerate) }),
    ...(setup !== undefined && { setup: setup.map(fillSetup) }),
    ...(seed !== undefined && { seed: seed.map(fillSetup) }),
    ...(ready !== undefined && { ready: fillReady(ready, readyTimeout) }),
  };
};

const ownOf = ({ base, head, readyTimeout }: ScenarioInput['target']): Pick<TargetSpec, 'own'> =>
  base === undefined && head === undefined
    ? {}
    : {
        own: {
          ...(base !== undefined && { base: fillOwn(base, readyTimeout) }),
          ...(head !== undefined && { head: fillOwn(head, readyTimeout) }),
        },
      };

const fillTarget = (target: ScenarioInput['target'], files: ReadFiles): TargetSpec => ({
  package: target.package,
  module: target.module,
  args: target.args,
  env: { ...files.env, ...target.env },
  buildFlags: target.buildFlags,
  buildEnv: target.buildEnv,
  ...(target.go !== undefined && { go: fillGo(target.go) }),
  generate: target.generate.map(fillGenerate),
  include: target.include,
  cwd: target.cwd,
  ...(target.home === 'user' && { home: 'user' as const }),
  ...(target.private.length > 0 && { private: target.private }),
  ports: [],
  setup: target.setup.map(fillSetup),
  seed: target.seed.map(fillSetup),
  ready: fillReady(target.ready, target.readyTimeout),
  ...fillTls(target.tls),
  ...(target.socket !== undefined && { socket: target.socket }),
  stopTimeoutSeconds: target.stopTimeout,
  cpus: target.cpus,
  gogc: target.gogc,
  gomemlimit: target.gomemlimit,
  sides: target.sides,
  ...ownOf(target),
  port: target.port ?? null,
});

/** Names in `${port.name}`, wherever they stand. */
const withPorts = (target: TargetSpec, load: LoadSpec): TargetSpec => {
  const names = placeholdersOf(JSON.stringify([target, load.requests, load.prepare]))
    .map((name) => /^(?:\w+:)?port\.(\w+)$/.exec(name)?.[1])
    .filter((name) => name !== undefined);
  return { ...target, ports: [...new Set(names)].toSorted() };
};

const fillData = (file: string | undefined, files: ReadFiles): DataTable | null =>
  file === undefined || files.data === undefined ? null : { file, ...files.data };

const fillLatency = (latency: ScenarioInput['load']['latency']): LoadSpec['latency'] => {
  if (latency === false) return null;
  return latency === 'auto' ? 'auto' : { ratePerSecond: latency.rate };
};

const fillLoad = (load: ScenarioInput['load'], files: ReadFiles, contents: FileContents): LoadSpec => ({
  requests: load.requests.map((request) => fillLoadRequest(request, contents)),
  prepare: load.prepare.map((request) => fillPrepare(request, contents)),
  data: fillData(load.data, files),
  inFlight: load.inFlight,
  timeoutSeconds: load.timeout,
  ...(load.users > 1 && { users: load.users }),
  ...(load.cookies !== 'auto' && { cookies: load.cookies }),
  latency: fillLatency(load.latency),
});

/** The metric's own. */
const DEFAULT_LIMIT: GateLimit = { failRatio: null, failAbsolute: null };

type GateInput = NonNullable<ScenarioInput['gates'][MetricId]>;

const fillGate = (gate: GateInput): GateSpec | boolean => {
  if (typeof gate === 'boolean') return gate;
  if (gate === 'default') return true;
  const { fail = DEFAULT_LIMIT, toolchain } = gate;
  return toolchain === undefined ? fail : { ...fail, toolchain };
};

const fillGates = (gates: ScenarioInput['gates']): Readonly<Record<string, GateSpec | boolean>> => {
  const named: Record<string, GateSpec | boolean> = {};
  for (const metric of METRIC_IDS) {
    const gate = gates[metric];
    if (gate !== undefined) named[metric] = fillGate(gate);
  }
  return named;
};

const fillFunctionGates = ({ functions = {} }: ScenarioInput['gates']): Pick<Scenario, 'functionGates'> => {
  const functionGates = Object.entries(functions).flatMap(([pattern, limits]) =>
    GATED_KINDS.flatMap((profile): readonly FunctionGate[] => {
      const failRatio = limits[profile];
      return failRatio === undefined ? [] : [{ pattern, profile, failRatio }];
    }),
  );
  return functionGates.length === 0 ? {} : { functionGates };
};

/** JSON with the keys of every mapping in order, so that equal values have equal text. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const wordsOf = ({ command, args, env }: SetupCommand) => ({ command, args, env });

/** Keys that older scenarios could not have count only where they say something: those keep their digests. */
const withoutEmpty = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(value).filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0)),
  ) as Partial<T>;

const decisiveReady = ({ timeoutSeconds: _patience, ...asked }: ReadyCheck) => asked;

/** sha256 (hex) over what decides what is measured. How long to wait for a start or stop, and file names, do not. */
const digestOf = (target: TargetSpec, load: LoadSpec): string => {
  const { stopTimeoutSeconds: _stop, ready, setup, generate, include, cwd, ports, seed, ...service } = target;
  const decisive = {
    target: {
      ...service,
      ...withoutEmpty({ generate: generate.map(wordsOf), include, ports, seed: seed.map(wordsOf) }),
      ...(cwd === '.' ? {} : { cwd }),
      ready: decisiveReady(ready),
      setup: setup.map(wordsOf),
    },
    load: { ...load, data: load.data && { columns: load.data.columns, rows: load.data.rows } },
  };
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex');
};

/** `scenarios/httpbin.yml` → `httpbin`, within what a name may hold. */
export const nameFromFile = (file: string): string => {
  const base = file.split(/[/\\]/).at(-1) ?? '';
  const name = base.replace(/\.(?:ya?ml|json)$/i, '').replaceAll(/[^\w.-]+/g, '-');
  return name.replace(/^[^A-Za-z0-9]+/, '').slice(0, 64) || 'scenario';
};

/** Fills every default that depends on something else. */
export const fillScenario = (
  input: ScenarioInput,
  file: string,
  files: ReadFiles,
  contents: FileContents,
): Scenario => {
  const load = fillLoad(input.load, files, contents);
  const target = withPorts(fillTarget(input.target, files), load);
  const { budget, tight, exact, lanes, routes, trace, perf, labels, explain } = input.measure;
  return {
    name: input.name ?? nameFromFile(file),
    description: input.description ?? null,
    file,
    digest: digestOf(target, load),
    target,
    load,
    measure: {
      budgetSeconds: budget ?? (tight ? TIGHT_BUDGET_SECONDS : BUDGET_SECONDS),
      tight,
      exact,
      ...(lanes === 'auto' ? {} : { lanes }),
      ...(routes === 'auto' ? {} : { routes }),
      ...(trace === 'auto' ? {} : { trace }),
      ...(perf === 'auto' ? {} : { perf }),
      ...(labels !== undefined && { labels: [...new Set(labels)] }),
      explain,
    },
    gates: fillGates(input.gates),
    ...fillFunctionGates(input.gates),
  };
};
