/** What a new user does to five services, as data: where they come from, the lines edited after `init`, where faults go. */
import path from 'node:path';
import { root } from './campaign.ts';
import type { Edit, Site } from './demo-variant.ts';

export type Origin =
  | { readonly kind: 'module'; readonly module: string }
  | { readonly kind: 'clone'; readonly url: string; readonly tag: string }
  | { readonly kind: 'folder'; readonly folder: string };

export interface Newcomer {
  readonly origin: Origin;
  readonly what: string;
  /** Files that the team has in place of those that come with the service, by path. */
  readonly ownFiles?: Readonly<Record<string, string>>;
  /** Written by `init`. */
  readonly scenarioFile: string;
  /** `to` holds the edited lines, at most five in all. */
  readonly edits: readonly (Omit<Edit, 'file'> & { readonly why: string })[];
  readonly site: Site;
  /** What Go calls the same code where it is inlined elsewhere. */
  readonly alsoNamed?: string;
  /** Of the scenario's requests call the site, each once. */
  readonly shareOfRequests: number;
  /** What is leaked with every call, round by round. */
  readonly leaks: readonly Leak[];
}

export type Leak = 'heap' | 'goroutine';

/** Of a pull request. */
export type Change =
  | { readonly kind: 'none' }
  | { readonly kind: 'slow'; readonly rounds: number }
  | { readonly kind: 'leak'; readonly leak: Leak };

/**
 * Nothing listens there: every check ends at once, and none leaves the machine. The service waits 0.8 s before each
 * endpoint's first check, so with many of them its state changes for seconds.
 */
const GATUS_CONFIG = ['front-end', 'back-end']
  .map(
    (name) =>
      `  - { name: ${name}, group: core, url: "http://127.0.0.1:9/", interval: 5m, conditions: ["[STATUS] == 200"] }\n`,
  )
  .join('');

const SIGNED_IN = 'headers: { x-gotify-key: "${client}" }';

export const NEWCOMERS = {
  gotify: {
    origin: { kind: 'module', module: 'github.com/gotify/server/v2@v2.6.1' },
    what: 'Gin, SQLite by cgo, sign-in, embedded page that git ignores, fixed port',
    scenarioFile: 'scenarios/server.yml',
    edits: [
      {
        why: 'sign in, and a token that may send',
        from: 'load:\n',
        to: `load:
  prepare: [{ http: POST /client, headers: { authorization: "Basic YWRtaW46YWRtaW4=" }, body: { name: ci }, capture: { client: $.token } }, { http: POST /application, ${SIGNED_IN}, body: { name: ci }, capture: { app: $.token } }]
`,
      },
      {
        why: 'the messages, signed in',
        from: '# - { http: "GET /message" }   # answered 401',
        to: `- { http: "GET /message", ${SIGNED_IN} }`,
      },
      {
        why: 'the applications, signed in',
        from: '# - { http: "GET /application" }   # answered 401',
        to: `- { http: "GET /application", ${SIGNED_IN} }`,
      },
      {
        why: 'what the service is for: sending',
        from: '# - { http: "POST /message", body: "…" }   # in the source, not tried',
        to: '- { http: "POST /message", headers: { x-gotify-key: "${app}" }, body: { message: "hello ${n}" } }',
      },
    ],
    site: {
      function: 'github.com/gotify/server/v2/router.logFormatter',
      file: 'router/router.go',
      after: 'func logFormatter(param gin.LogFormatterParams) string {\n',
      what: 'every request is logged',
      fault: 'burn',
    },
    shareOfRequests: 1,
    leaks: ['heap', 'goroutine', 'heap'],
  },
  gatus: {
    origin: { kind: 'clone', url: 'https://github.com/TwiN/gatus', tag: 'v5.36.0' },
    what: 'Fiber on fasthttp, configuration file, embedded page, fixed port, checks in the background',
    ownFiles: { 'config.yaml': `endpoints:\n${GATUS_CONFIG}` },
    scenarioFile: 'scenarios/gatus.yml',
    edits: [
      {
        why: 'the page asks for it again and again',
        from: '- { http: "GET /api/v1/endpoints/statuses" }',
        to: '- { http: "GET /api/v1/endpoints/statuses?page=1&pageSize=20", weight: 6 }',
      },
      {
        why: 'an endpoint that the configuration has',
        from: '# - { http: "GET /api/v1/endpoints/1/statuses" }   # answered 404',
        to: '- { http: "GET /api/v1/endpoints/core_front-end/statuses?page=1", weight: 3 }',
      },
      {
        why: 'its badge',
        from: '# - { http: "GET /api/v1/endpoints/1/health/badge.svg" }   # answered 404',
        to: '- { http: "GET /api/v1/endpoints/core_front-end/health/badge.svg" }',
      },
      {
        why: 'it checks its endpoints from the start on: requests come when the last first result is there',
        from: 'load:\n',
        to: `  seed: ['until curl -s http://127.0.0.1:\${port}/api/v1/endpoints/core_back-end/statuses | grep -q success; do sleep 0.1; done']
load:
`,
      },
    ],
    site: {
      function: 'github.com/TwiN/gatus/v5/api.extractPageAndPageSizeFromRequest',
      file: 'api/util.go',
      after:
        'func extractPageAndPageSizeFromRequest(c *fiber.Ctx, maximumNumberOfResults int) (page, pageSize int) {\n',
      what: 'every list of results',
      fault: 'burn',
    },
    shareOfRequests: 10 / 16,
    leaks: ['goroutine', 'heap', 'goroutine'],
  },
  etcd: {
    origin: { kind: 'clone', url: 'https://github.com/etcd-io/etcd', tag: 'v3.7.1' },
    what: 'a workspace of 14 modules, gRPC behind a JSON gateway, Raft, bbolt, two listeners',
    scenarioFile: 'scenarios/server.yml',
    edits: [
      {
        why: 'a key to read',
        from: 'load:\n',
        to: 'load:\n  prepare: [{ http: POST /v3/kv/put, body: { key: Zm9v, value: YmFy } }]\n',
      },
      {
        why: 'what the service is for: reading',
        from: '# - { http: "GET /members" }   # answered 404',
        to: '- { name: range, weight: 8, http: POST /v3/kv/range, body: { key: Zm9v } }',
      },
      {
        why: 'and writing',
        from: '# - { http: "GET /leases" }   # answered 404',
        to: '- { name: put, http: POST /v3/kv/put, body: { key: Zm9v, value: YmFy } }',
      },
    ],
    site: {
      function: 'go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc.newUnaryInterceptor.func1',
      file: 'server/etcdserver/api/v3rpc/interceptor.go',
      after:
        'func newUnaryInterceptor(s *etcdserver.EtcdServer) grpc.UnaryServerInterceptor {\n	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {\n',
      what: 'every call, a closure',
      fault: 'burn',
    },
    alsoNamed: 'go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc.Server.newUnaryInterceptor.func4',
    shareOfRequests: 9 / 10,
    leaks: ['heap', 'goroutine', 'heap'],
  },
  inbucket: {
    origin: { kind: 'module', module: 'github.com/inbucket/inbucket/v3@v3.2.0' },
    what: 'gorilla/mux, html/template, three listeners, mail that comes in by SMTP',
    scenarioFile: 'scenarios/inbucket.yml',
    edits: [
      {
        why: 'mail to look at, sent by SMTP',
        from: 'load:\n',
        to: `  seed: ["for n in 1 2 3; do printf 'Subject: hello\\\\r\\\\n\\\\r\\\\nThe lamp is ready.\\\\r\\\\n' | curl -sS --mail-from a@example.com --mail-rcpt box@example.com -T - smtp://127.0.0.1:\${port.smtp}; done"]
load:
`,
      },
      {
        why: 'a mailbox with mail',
        from: '- { http: "GET /api/v1/mailbox/1" }',
        to: '- { http: "GET /api/v1/mailbox/box" }',
      },
      {
        why: 'one message',
        from: '# - { http: "GET /api/v1/mailbox/1/1" }   # answered 404',
        to: '- { http: "GET /api/v1/mailbox/box/latest", weight: 3 }',
      },
      {
        why: 'its source',
        from: '# - { http: "GET /api/v1/mailbox/1/1/source" }   # answered 404',
        to: '- { http: "GET /api/v1/mailbox/box/latest/source" }',
      },
    ],
    site: {
      function: 'github.com/inbucket/inbucket/v3/pkg/server/web.NewContext',
      file: 'pkg/server/web/context.go',
      after: 'func NewContext(req *http.Request) (*Context, error) {\n',
      what: 'every request but the two pages',
      fault: 'burn',
    },
    shareOfRequests: 7 / 10,
    leaks: ['goroutine', 'heap', 'goroutine'],
  },
  shop: {
    origin: { kind: 'folder', folder: path.join(root, 'test/targets/shop') },
    what: 'net/http, html/template, sign-in with a cookie, 240 lines',
    scenarioFile: 'scenarios/shop.yml',
    edits: [
      {
        why: 'sign in; the cookie goes with all that follows',
        from: 'load:\n',
        to: 'load:\n  prepare: [{ http: POST /login, form: { name: ann, password: secret }, expect: { status: 303 } }]\n',
      },
      {
        why: 'words to look for',
        from: '- { http: "GET /search" }',
        to: '- { http: "GET /search?q=lamp" }',
      },
      {
        why: 'the cart, signed in',
        from: '# - { http: "GET /cart" }   # answered 303',
        to: '- { http: "GET /cart" }',
      },
      {
        why: 'something into it',
        from: '# - { http: "POST /cart", body: "…" }   # in the source, not tried',
        to: '- { http: "POST /cart", form: { product: "7", count: "1" }, expect: { status: 303 } }',
      },
    ],
    site: {
      function: 'main.setHeaders',
      file: 'main.go',
      after: 'func setHeaders(header http.Header, r *http.Request) {\n',
      what: 'every request',
      fault: 'burn',
    },
    shareOfRequests: 1,
    leaks: ['heap', 'goroutine', 'heap'],
  },
} as const satisfies Record<string, Newcomer>;

export type NewcomerName = keyof typeof NEWCOMERS;
