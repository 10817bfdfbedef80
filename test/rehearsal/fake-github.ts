/**
 * A small stateful GitHub on loopback: the REST calls a publisher makes and the runner's artifact service (v4).
 *
 * Permissions live in the token's name, `ghs_x:contents=read,pull_requests=write`; a bare token may do everything, a
 * missing scope is answered with 403 as GitHub does. What was asked is in the journal.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakePull {
  readonly number: number;
  state: string;
  readonly head: {
    sha: string;
    readonly ref: string;
    readonly repo: { readonly full_name: string; readonly fork: boolean };
  };
  readonly base: { readonly ref: string; readonly sha: string; readonly repo: { readonly full_name: string } };
}

export interface FakeComment {
  readonly id: number;
  readonly issue: number;
  body: string;
  readonly user: { readonly login: string };
  readonly html_url: string;
}

export interface FakeArtifact {
  readonly id: number;
  readonly run: number;
  readonly name: string;
  readonly mime: string;
  content: Buffer;
  digest: string | null;
  readonly createdAt: string;
  expired: boolean;
  done: boolean;
}

export interface FakeCheck {
  readonly id: number;
  readonly name: string;
  readonly head_sha: string;
  readonly conclusion: string;
  readonly output: { readonly title: string; readonly summary: string };
}

export interface FakeGitHub {
  readonly url: string;
  readonly pulls: Map<number, FakePull>;
  readonly comments: FakeComment[];
  readonly checks: FakeCheck[];
  readonly artifacts: FakeArtifact[];
  /** `METHOD /path status`, in order. */
  readonly journal: string[];
  /** Of these many next REST calls the answer is this status, then all is well. */
  fail: (status: number, times: number) => void;
  /** As {@link FakeGitHub.fail}, for calls whose `METHOD /path` fits, with the words and headers of the refusal. */
  refuse: (calls: RegExp, times: number, refused: Refusal) => void;
  addComment: (issue: number, body: string, login: string) => FakeComment;
  addArtifact: (run: number, name: string, content: Buffer) => FakeArtifact;
  /** The runner's variables for a job of this run. */
  runnerEnv: (run: number) => Readonly<Record<string, string>>;
  stop: () => Promise<void>;
}

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Reply {
  readonly status?: number;
  readonly json?: unknown;
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

type Values = Readonly<Record<string, string>>;
interface Call {
  readonly values: Values;
  readonly body: Record<string, unknown>;
  readonly url: URL;
}
interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly scopes: readonly string[];
  readonly level: 'read' | 'write';
  readonly run: (call: Call) => Reply;
}

const refusal = (status: number, message: string): Reply => ({
  status,
  json: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
});

const BOT = 'github-actions[bot]';
/** GitHub refuses longer comments. */
const LONGEST_BODY = 65_536;

const permissionsOf = (request: IncomingMessage): Readonly<Record<string, string>> | 'all' | 'none' => {
  const token = (request.headers.authorization ?? '').replace(/^(?:bearer|token) /i, '');
  if (token === '') return 'none';
  const list = token.split(':')[1];
  if (list === undefined) return 'all';
  return Object.fromEntries(list.split(',').map((pair) => pair.split('=') as [string, string]));
};

const mayCall = (request: IncomingMessage, route: Route): boolean => {
  const permissions = permissionsOf(request);
  if (permissions === 'all') return true;
  if (permissions === 'none') return false;
  return route.scopes.some(
    (scope) => permissions[scope] === 'write' || (route.level === 'read' && permissions[scope] === 'read'),
  );
};

const paged = (
  items: readonly unknown[],
  url: URL,
): { readonly items: readonly unknown[]; readonly headers: Values } => {
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), 100);
  const page = Number(url.searchParams.get('page') ?? 1);
  const next = new URL(url);
  next.searchParams.set('page', String(page + 1));
  const more: Values = page * size < items.length ? { link: `<${next.href}>; rel="next"` } : {};
  return { items: items.slice((page - 1) * size, page * size), headers: more };
};

/** The run a runner's token belongs to, from its scope; never what the caller says. */
const runOfRunner = (request: IncomingMessage): number => {
  const payload = (request.headers.authorization ?? '').split('.')[1] ?? '';
  const { scp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { scp: string };
  return Number(/Actions\.Results:(\d+)/.exec(scp)?.[1]);
};

/** Protobuf's wrapped strings come as `{value: …}` or plain. */
const plain = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const inner = typeof value === 'object' && value !== null && 'value' in value ? value.value : '';
  return typeof inner === 'string' ? inner : '';
};

export const startFakeGitHub = async (): Promise<FakeGitHub> => {
  const pulls = new Map<number, FakePull>();
  const comments: FakeComment[] = [];
  const checks: FakeCheck[] = [];
  const artifacts: FakeArtifact[] = [];
  const journal: string[] = [];
  const uploads = new Map<string, { artifact: FakeArtifact; blocks: Map<string, Buffer> }>();
  const failing = { calls: /^/, times: 0, refused: { status: 0, message: '' } as Refusal };
  let nextId = 1000;
  let origin = '';

  const bodyRefusal = (body: unknown): Reply | null => {
    if (typeof body !== 'string' || body === '') return refusal(422, 'Validation Failed');
    return body.length > LONGEST_BODY ? refusal(422, 'Body is too long (maximum is 65536 characters)') : null;
  };
  const addComment = (issue: number, body: string, login: string): FakeComment => {
    const id = nextId++;
    const comment = {
      id,
      issue,
      body,
      user: { login },
      html_url: `https://github.com/acme/shop/pull/${issue}#issuecomment-${id}`,
    };
    comments.push(comment);
    return comment;
  };
  const newArtifact = (run: number, name: string, mime: string): FakeArtifact => {
    const artifact: FakeArtifact = {
      id: nextId++,
      run,
      name,
      mime,
      content: Buffer.alloc(0),
      digest: null,
      createdAt: new Date(1_800_000_000_000 + nextId * 1000).toISOString(),
      expired: false,
      done: false,
    };
    artifacts.push(artifact);
    return artifact;
  };
  const shownArtifact = (artifact: FakeArtifact) => ({
    id: artifact.id,
    name: artifact.name,
    size_in_bytes: artifact.content.length,
    expired: artifact.expired,
    created_at: artifact.createdAt,
    digest: artifact.digest,
    archive_download_url: `${origin}/repos/acme/shop/actions/artifacts/${artifact.id}/zip`,
    workflow_run: { id: artifact.run },
  });
  const byId = (values: Values): FakeArtifact | undefined => artifacts.find(({ id }) => id === Number(values['id']));

  const route = (
    method: string,
    path: string,
    scopes: readonly string[],
    level: 'read' | 'write',
    run: (call: Call) => Reply,
  ): Route => ({
    method,
    pattern: new RegExp(`^/repos/acme/shop${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
    scopes,
    level,
    run,
  });
  const routes: readonly Route[] = [
    route('GET', '/pulls/:n', ['pull_requests'], 'read', ({ values }) => {
      const pull = pulls.get(Number(values['n']));
      return pull === undefined ? refusal(404, 'Not Found') : { json: pull };
    }),
    route('GET', '/pulls', ['pull_requests'], 'read', ({ url }) => {
      const head = url.searchParams.get('head');
      const fits = [...pulls.values()].filter(
        (pull) => head === null || `${pull.head.repo.full_name.split('/')[0]}:${pull.head.ref}` === head,
      );
      const { items, headers } = paged(fits, url);
      return { json: items, headers };
    }),
    route('GET', '/issues/:n/comments', ['issues', 'pull_requests'], 'read', ({ values, url }) => {
      const { items, headers } = paged(
        comments.filter(({ issue }) => issue === Number(values['n'])),
        url,
      );
      return { json: items, headers };
    }),
    route('POST', '/issues/:n/comments', ['issues', 'pull_requests'], 'write', ({ values, body }) => {
      const refused = bodyRefusal(body['body']);
      if (refused !== null) return refused;
      if (!pulls.has(Number(values['n']))) return refusal(404, 'Not Found');
      return { status: 201, json: addComment(Number(values['n']), String(body['body']), BOT) };
    }),
    route('PATCH', '/issues/comments/:id', ['issues', 'pull_requests'], 'write', ({ values, body }) => {
      const comment = comments.find(({ id }) => id === Number(values['id']));
      if (comment === undefined) return refusal(404, 'Not Found');
      const refused = bodyRefusal(body['body']);
      if (refused !== null) return refused;
      comment.body = String(body['body']);
      return { json: comment };
    }),
    route('POST', '/check-runs', ['checks'], 'write', ({ body }) => {
      const { name, head_sha: sha, conclusion, output } = body;
      const known = ['success', 'failure', 'neutral', 'cancelled', 'skipped', 'timed_out', 'action_required'];
      if (typeof name !== 'string' || typeof sha !== 'string' || !known.includes(String(conclusion)))
        return refusal(422, 'Invalid request');
      const shown = output as FakeCheck['output'];
      if (shown.summary.length > 65_535) return refusal(422, 'summary is too long (maximum is 65535 characters)');
      const check = {
        id: nextId++,
        name,
        head_sha: sha,
        conclusion: String(conclusion),
        output: shown,
        html_url: `${origin}/check`,
      };
      checks.push(check);
      return { status: 201, json: check };
    }),
    route('GET', '/actions/runs/:run/artifacts', ['actions'], 'read', ({ values, url }) => {
      const own = artifacts.filter((artifact) => artifact.done && artifact.run === Number(values['run']));
      const { items, headers } = paged(own.map(shownArtifact), url);
      return { json: { total_count: own.length, artifacts: items }, headers };
    }),
    route('GET', '/actions/artifacts/:id/zip', ['actions'], 'read', ({ values }) => {
      const artifact = byId(values);
      if (artifact === undefined) return refusal(404, 'Not Found');
      if (artifact.expired) return refusal(410, 'Artifact has expired');
      return { status: 302, headers: { location: `${origin}/_blob/${artifact.id}?sig=${randomUUID()}` } };
    }),
  ];

  /** The runner's own service, Twirp over JSON; field names as its protobuf has them. */
  const twirp: Readonly<Record<string, (body: Record<string, unknown>, run: number) => Reply>> = {
    CreateArtifact: (body, run) => {
      const name = String(body['name']);
      if (artifacts.some((one) => one.run === run && one.name === name))
        return {
          status: 409,
          json: { code: 'already_exists', msg: 'an artifact with this name already exists on the workflow run' },
        };
      const artifact = newArtifact(run, name, plain(body['mime_type']) || 'application/zip');
      const key = randomUUID();
      uploads.set(key, { artifact, blocks: new Map() });
      return { json: { ok: true, signed_upload_url: `${origin}/_upload/${key}?sig=${randomUUID()}` } };
    },
    FinalizeArtifact: (body, run) => {
      const artifact = artifacts.find((one) => one.run === run && one.name === body['name']);
      if (artifact === undefined || artifact.content.length !== Number(body['size']))
        return { status: 400, json: { code: 'invalid_argument', msg: `size ${String(body['size'])}` } };
      artifact.done = true;
      artifact.digest = plain(body['hash']) || null;
      return { json: { ok: true, artifact_id: String(artifact.id) } };
    },
  };

  const upload = (url: URL, raw: Buffer): Reply => {
    const found = uploads.get(url.pathname.split('/')[2] ?? '');
    if (found === undefined) return { status: 404, json: {} };
    const { artifact, blocks } = found;
    const part = url.searchParams.get('comp');
    if (part === 'block') blocks.set(url.searchParams.get('blockid') ?? '', raw);
    else if (part === 'blocklist') {
      const ids = [...raw.toString().matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]+)</g)].map(([, id = '']) => id);
      artifact.content = Buffer.concat(ids.map((id) => blocks.get(id) ?? Buffer.alloc(0)));
    } else artifact.content = raw;
    return {
      status: 201,
      headers: {
        etag: '"1"',
        'last-modified': new Date().toUTCString(),
        'x-ms-request-id': randomUUID(),
        'x-ms-version': '2024-11-04',
        'x-ms-request-server-encrypted': 'true',
      },
      bytes: Buffer.alloc(0),
    };
  };

  const answer = (request: IncomingMessage, url: URL, raw: Buffer): Reply => {
    if (url.pathname.startsWith('/_upload/')) return upload(url, raw);
    if (url.pathname.startsWith('/_blob/')) {
      if (failing.times > 0 && failing.calls.test('GET /_blob')) {
        failing.times--;
        return { status: failing.refused.status, json: {}, headers: failing.refused.headers ?? {} };
      }
      // A real blob store refuses a request that carries somebody's bearer token.
      if (request.headers.authorization !== undefined) return { status: 400, json: {} };
      const artifact = artifacts.find(({ id }) => id === Number(url.pathname.split('/')[2]));
      return artifact === undefined ? { status: 404, json: {} } : { bytes: artifact.content };
    }
    const body = raw.length > 0 ? (JSON.parse(raw.toString()) as Record<string, unknown>) : {};
    const call = /^\/twirp\/github\.actions\.results\.api\.v1\.ArtifactService\/(\w+)$/.exec(url.pathname)?.[1];
    if (call !== undefined) return twirp[call]?.(body, runOfRunner(request)) ?? refusal(404, call);
    if (failing.times > 0 && failing.calls.test(`${request.method ?? ''} ${url.pathname}`)) {
      failing.times--;
      const { status, message, headers = {} } = failing.refused;
      return { ...refusal(status, message), headers };
    }
    if (url.pathname === '/user') return refusal(403, 'Resource not accessible by integration');
    for (const one of routes) {
      const found = request.method === one.method ? one.pattern.exec(url.pathname) : null;
      if (found === null) continue;
      if (!mayCall(request, one)) return refusal(403, 'Resource not accessible by integration');
      return one.run({ values: { ...found.groups }, body, url });
    }
    return refusal(404, 'Not Found');
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', origin);
      let reply: Reply;
      try {
        reply = answer(request, url, Buffer.concat(chunks));
      } catch (error) {
        reply = refusal(500, String(error));
      }
      const status = reply.status ?? 200;
      if (!url.pathname.startsWith('/_')) journal.push(`${request.method ?? ''} ${url.pathname} ${status}`);
      const bytes = reply.bytes ?? Buffer.from(reply.json === undefined ? '' : JSON.stringify(reply.json));
      const type = reply.bytes === undefined ? 'application/json; charset=utf-8' : 'application/octet-stream';
      response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...reply.headers });
      response.end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url: origin,
    pulls,
    comments,
    checks,
    artifacts,
    journal,
    fail: (status, times) =>
      Object.assign(failing, { calls: /^/, times, refused: { status, message: 'failing as told' } }),
    refuse: (calls, times, refused) => Object.assign(failing, { calls, times, refused }),
    addComment,
    addArtifact: (run, name, content) => {
      const artifact = newArtifact(run, name, 'application/zip');
      const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      return Object.assign(artifact, { content, digest, done: true });
    },
    runnerEnv: (run) => {
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const token = `${part({ alg: 'none' })}.${part({ scp: `Actions.Results:${run}:job`, exp: 4_000_000_000 })}.unsigned`;
      return { ACTIONS_RESULTS_URL: `${origin}/`, ACTIONS_RUNTIME_TOKEN: token };
    },
    stop: async () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};
