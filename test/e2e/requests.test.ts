import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makePlace, type Place, removeClean } from './cli.ts';
import { comparisonIn, rowOf, runIn, unaccountedIn } from './results.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
  cpSync(path.resolve(import.meta.dirname, '../targets/visitors'), path.join(place.dir, 'v'), { recursive: true });
});
afterEach(() => {
  removeClean(place);
});

const out = (): string => path.join(place.dir, 'out');
const run = async (load: string) => {
  place.file(
    's.yml',
    `target: { args: ["\${tmp}/s.sock"], socket: "\${tmp}/s.sock", env: { TLS: "1" }, tls: true, ready: GET /healthz }
${load}
measure: { exact: off, explain: false }
`,
  );
  return place.run(['run', 's.yml', '--base', './v', '--head', './v', '--out', 'out', '--budget', '4s']);
};

it('visitors who signed in by cookie, over TLS and a unix socket, are answered all and as expected', async () => {
  writeFileSync(
    path.join(place.dir, 'blob.bin'),
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  );
  const ended = await run(`load:
  users: 3
  prepare:
    - { http: POST /login, form: { user: "u&\${user}" }, followRedirects: true, capture: { me: $.user } }
  requests:
    - { http: "GET /me?as=\${me}", expect: { body: { json: { $.id: 9007199254740993 }, contains: "u&" } } }
    - { http: HEAD /me }
    - { http: POST /upload, multipart: { title: "t \${n}", file: { file: blob.bin } }, expect: { body: { matches: "^blob.bin 256 t \\\\d+$" } } }
  latency: false`);
  expect(ended.code, ended.stderr).toBe(0);
  expect(unaccountedIn(runIn(out()))).toEqual([]);
  expect(rowOf(comparisonIn(out()), 'errorRatio')).toMatchObject({ base: 0, head: 0 });
  expect(runIn(out()).runs[0]).not.toHaveProperty('failedRequests');
});

it('what those who did not sign in are answered is on the terminal, in the report and in the run', async () => {
  const ended = await run(`load:
  requests: [{ name: upload, http: POST /upload }, { name: me, http: GET /me }]
  latency: false`);
  expect(ended.code, ended.stderr).toBe(3);
  const upload = 'both sides, `upload`: `POST /upload`: status 401; the answer begins `sign in`';
  for (const text of [ended.stderr, readFileSync(path.join(out(), 'report.md'), 'utf8')]) {
    expect(text).toContain(upload);
    expect(text).toContain('`GET /me`: status 302 to /login');
    expect(text).toContain('Redirects are not followed');
  }
  expect(runIn(out()).runs[0]?.failedRequests).toHaveLength(4);
});
