import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InterruptedError, type TargetStartError } from '../../harness/errors.ts';
import type { ReadyCheck, TargetSpec } from '../../harness/model/index.ts';
import { canPin, runningCount, usableCpus } from '../../harness/process/index.ts';
import { freePorts, linkBinary, prepareBuild, type StartRequest, startTarget } from '../../harness/service/index.ts';
import { writtenFiles } from '../../harness/service/running/open-files.ts';
import { parseTcp, parseUnix } from '../../harness/service/running/sockets.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders, SERVICE } from './go-modules.ts';

let service = '';
let moduleDir = '';
beforeAll(async () => {
  moduleDir = makeFolder({ 'go.mod': goMod('example.com/service'), 'main.go': SERVICE });
  const build = await prepareBuild({
    side: 'head',
    sourceDir: moduleDir,
    moduleDir,
    revision: folderRevision('s'),
    spec: makeSpec(),
    workDir: makeFolder(),
    agentDir: makeFolder({ 'agent.go': 'package zzgodyno\n' }),
    signal: never,
  });
  service = (await linkBinary(build, { linkSeed: null, cpus: null }, never)).path;
}, 120_000);
afterAll(removeFolders);

const request = async (changes: Partial<TargetSpec> = {}, path = service): Promise<StartRequest> => {
  const [port = 0] = await freePorts(1);
  const folder = makeFolder();
  return {
    binary: { path },
    spec: makeSpec(changes),
    side: 'head',
    port,
    tmp: join(folder, 'tmp'),
    cpus: null,
    gomaxprocs: 1,
    logFile: join(folder, 'service.log'),
    agentSocketDir: folder,
    moduleDir,
    signal: never,
  };
};

const shell = async (script: string, changes: Partial<TargetSpec> = {}): Promise<StartRequest> =>
  request({ args: ['-c', script], ...changes }, '/bin/sh');

const UP = { method: 'GET' as const, path: '/up', timeoutSeconds: 10 };
const soon = { method: 'GET' as const, path: '/ready', timeoutSeconds: 0.6 };

test('a ready service runs in its module folder, with its settings, port, folder and CPU', async () => {
  const cpus = (await canPin()).can ? (usableCpus() ?? []).slice(0, 1) : null;
  const asked = await request({
    args: ['-d', '${tmp}', '$${x}', '${port}'],
    env: { GODEBUG: 'gctrace=0' },
    gogc: '77',
  });
  const target = await startTarget({ ...asked, cpus, heapRateBytes: 65_536 });
  const about = await (await fetch(`http://127.0.0.1:${target.port}/about`)).text();
  const args = `[-d ${asked.tmp} \${x} ${asked.port}]`;
  expect(about).toBe(`1 77 off gctrace=0,memprofilerate=65536 ${moduleDir} ${args}\n`);
  expect(existsSync(asked.tmp)).toBe(true);
  expect(target.outputTail()).toBe('listening\n');
  if (cpus !== null) {
    expect(readFileSync(`/proc/${target.pid}/status`, 'utf8')).toContain(`Cpus_allowed_list:\t${cpus.join(',')}\n`);
  }
  await target.stop();
  expect(await target.exited).toMatchObject({ asked: true });
  expect(existsSync(`/proc/${target.pid}`)).toBe(false);
  expect(readFileSync(asked.logFile, 'utf8')).toBe('listening\n');
});

test('HOME is a folder of its own for the service and its commands; the user’s own where asked, or what the scenario says', async () => {
  const homes = async (changes: Partial<TargetSpec>) => {
    const see = (name: string): string => `echo $HOME $XDG_CACHE_HOME > $TMPDIR/${name}`;
    const start = { args: ['-c', `${see('service')}; exec "$0"`, service] };
    const setup = { command: 'sh', args: ['-c', `${see('setup')}; echo $GOPATH > $TMPDIR/gopath`], env: {} };
    const asked = await request({ ...start, setup: [{ ...setup, timeoutSeconds: 10 }], ...changes }, '/bin/sh');
    await (await startTarget(asked)).stop();
    const read = (name: string): string => readFileSync(join(asked.tmp, name), 'utf8').trim();
    expect(read('setup')).toBe(read('service'));
    const [home = '', cache = ''] = read('service').split(' ');
    return { tmp: asked.tmp, home, cache, gopath: read('gopath') };
  };
  const own = await homes({});
  expect([own.home, own.cache]).toEqual([`${own.tmp}-home`, `${own.tmp}-home/.cache`]);
  expect(own.gopath).not.toContain(own.tmp);
  expect((await homes({ home: 'user' })).home).toBe(process.env['HOME']);
  expect((await homes({ env: { HOME: '/x' } })).home).toBe('/x');
});

test('a folder that it insists on is its own and begins empty, for its commands, too; or the reason is said', async () => {
  const fixed = makeFolder({ 'mine.db': 'mine' });
  const script = `ls ${fixed} > $TMPDIR/seen; echo new > ${fixed}/its.db; exec "$0"`;
  const setup = {
    command: 'sh',
    args: ['-c', `ls ${fixed}; touch ${fixed}/made-by-setup`],
    env: {},
    timeoutSeconds: 10,
  };
  const asked = await request({ private: [fixed], setup: [setup], args: ['-c', script, service] }, '/bin/sh');
  const started = startTarget(asked);
  const refused = await started.then(
    () => null,
    (error: unknown) => error,
  );
  if (refused !== null) {
    expect(refused).toMatchObject({ code: 'PRIVATE_FOLDER_REFUSED', exitCode: 5 });
    expect(refused).toMatchObject({ hint: expect.stringContaining('user namespaces') as string });
    return;
  }
  const target = await started;
  const written = await writtenFiles(target.pid);
  await target.stop();
  expect(readFileSync(join(asked.tmp, 'seen'), 'utf8')).toBe('made-by-setup\n');
  expect(readdirSync(fixed)).toEqual(['mine.db']);
  expect(readdirSync(`${asked.tmp}-private/0`)).toEqual(['its.db', 'made-by-setup']);
  expect([...written.values()]).toEqual([]);
  const missing = startTarget(await request({ private: [join(fixed, 'nowhere')] }));
  await expect(missing).rejects.toMatchObject({
    code: 'PRIVATE_FOLDER_MISSING',
    hint: expect.stringContaining('mkdir -p') as string,
    exitCode: 5,
  });
});

test('a service that misses something in its own home says how to have the user’s', async () => {
  const lost = await shell('echo "open $HOME/.kube/config: no such file"; exit 1');
  await expect(startTarget(lost)).rejects.toMatchObject({
    hint: expect.stringContaining('target.home: user') as string,
  });
  const words = ['-c', 'echo "no password in $HOME/.pgpass"; exit 2'];
  const setup = startTarget(await request({ setup: [{ command: 'sh', args: words, env: {}, timeoutSeconds: 10 }] }));
  await expect(setup).rejects.toMatchObject({ hint: expect.stringContaining('target.home: user') as string });
  const plain = await shell('echo "no such flag"; exit 1');
  await expect(startTarget(plain)).rejects.toMatchObject({ hint: expect.not.stringContaining('home') as string });
});

test('a service that ends before it is ready: its exit code and its last words', async () => {
  const failed = startTarget(await shell('echo "no database" >&2; exit 3'));
  await expect(failed).rejects.toMatchObject({ code: 'TARGET_EXITED', exitCode: 5 });
  await expect(failed).rejects.toThrow(/^head: the service ended with exit code 3 before.*\nno database$/s);
  await expect(startTarget(await shell('kill -9 $$'))).rejects.toThrow('ended by signal SIGKILL');
});

test('a base that ends early is offered the ways to a file that only head has, a head is not', async () => {
  const hintOn = async (side: 'base' | 'head'): Promise<string> =>
    startTarget({ ...(await shell('cat new.yml')), side }).then(
      () => expect.unreachable(),
      ({ hint }: TargetStartError) => hint,
    );
  expect(await hintOn('base')).toMatch(/only head has .*\$\{scenarioDir\}.*target\.base/);
  expect(await hintOn('head')).not.toContain('only head has');
});

test('a service that ends because its GODEBUG asks for what Go no longer has: the setting, and where to take it out', async () => {
  const words = 'fatal error: removed GODEBUG "asynctimerchan" set to old value "1" in environment';
  const failed = startTarget(await shell(`echo '${words}' >&2; exit 2`));
  await expect(failed).rejects.toMatchObject({
    code: 'TARGET_EXITED',
    hint: expect.stringMatching(/no longer has the setting asynctimerchan=1.*target\.env/) as string,
  });
});

test('a service that listens elsewhere: the message says where', async () => {
  const [other = 0] = await freePorts(1);
  const failed = startTarget(await request({ env: { PORT: String(other) }, ready: soon }));
  await expect(failed).rejects.toMatchObject({ code: 'TARGET_NOT_READY', hint: expect.stringContaining('${port}') });
  await expect(failed).rejects.toThrow(`it listens on 127.0.0.1:${other}. Its last output:\nlistening`);
  expect(runningCount()).toBe(0);
});

test('a service that answers 503, or nothing at all, is told apart', async () => {
  const sad = startTarget(await request({ ready: { ...soon, path: '/sad' } }));
  await expect(sad).rejects.toThrow(/GET \/sad on port \d+ was not ready within 0\.6 s: the service answered 503/);
  const deaf = startTarget(await shell('sleep 60', { ready: soon }));
  await expect(deaf).rejects.toThrow(/takes no connections and listens nowhere yet.*\(it wrote nothing\)/s);
  const mute = startTarget(await request({ ready: { ...soon, path: '/mute' } }));
  await expect(mute).rejects.toThrow(/the service took the connection and did not answer/);
  expect(runningCount()).toBe(0);
});

test('a service behind TLS, or behind a unix socket, is reached where the scenario says so', async () => {
  for (const [how, changes] of [
    ['tls', { tls: { serverName: null } }],
    ['unix', { socket: '${tmp}/s.sock' }],
  ] as const) {
    const asked = await request({ args: [how, '${tmp}/s.sock'], ...changes });
    const target = await startTarget(asked);
    expect(target.endpoint).toEqual({
      host: '127.0.0.1',
      port: asked.port,
      ...changes,
      ...(how === 'unix' && { socket: join(asked.tmp, 's.sock') }),
    });
    await target.stop();
  }
});

test('where the scenario does not say so, the message does', async () => {
  const tls = startTarget(await request({ args: ['tls'], ready: soon }));
  await expect(tls).rejects.toThrow('the service speaks TLS (HTTPS), and was asked in plain HTTP');
  await expect(tls).rejects.toThrow(/client sent an HTTP request to an HTTPS server\n\(and \d+ more like it\)/);
  await expect(tls).rejects.toMatchObject({ hint: expect.stringContaining('target.tls: true') as string });
  const plain = startTarget(await request({ tls: { serverName: null }, ready: soon }));
  await expect(plain).rejects.toMatchObject({ hint: expect.stringContaining('leave target.tls out') as string });
  const asked = await request({ args: ['unix', '${tmp}/s.sock'], ready: soon });
  const unix = startTarget(asked);
  await expect(unix).rejects.toThrow(`it listens on the unix socket ${asked.tmp}/s.sock`);
  await expect(unix).rejects.toMatchObject({ hint: expect.stringContaining('target.socket: ${tmp}/s.sock') as string });
  const moved = startTarget(await request({ ready: { ...soon, path: '/moved' } }));
  await expect(moved).rejects.toThrow('the service answered 302 to /login');
});

test.each([
  ['a further port', ['tcp', '127.0.0.1:${port.admin}'], { port: '${port.admin}' }],
  [
    'a further port, over TLS',
    ['tcp', '127.0.0.1:${port.admin}', 'tls'],
    { port: '${port.admin}', tls: true as const },
  ],
  ['a unix socket', ['unix', '${tmp}/a.sock'], { socket: '${tmp}/a.sock' }],
  ['a port that it insists on, where that was moved to', ['tcp', '127.0.0.1:${port.admin}'], { port: '9090' }],
])(
  'a service that is asked on %s is ready once it answers there and takes connections for the load',
  async (_, args, at) => {
    const asked = await request({ args: ['admin', ...args], ready: { ...UP, at } });
    const [admin = 0] = await freePorts(1);
    const target = await startTarget({ ...asked, ports: { admin }, moved: [{ from: 9090, to: admin }] });
    expect((await fetch(`http://127.0.0.1:${target.port}/ready`)).status).toBe(200);
    await target.stop();
  },
);

test('a connection that is taken is enough where nothing is to be asked', async () => {
  const [admin = 0] = await freePorts(1);
  const asked = await request({
    args: ['admin', 'tcp', '127.0.0.1:${port.admin}'],
    ready: { ...UP, path: '/nowhere', connects: true, at: { port: '${port.admin}' } },
  });
  await (await startTarget({ ...asked, ports: { admin } })).stop();
  const deaf = await shell('sleep 60', { ready: { ...soon, connects: true } });
  await expect(startTarget(deaf)).rejects.toThrow(
    `head: port ${deaf.port} took no connection within 0.6 s: the service takes no connections and listens nowhere yet`,
  );
});

test('a service that is not ready elsewhere says where it was asked, and what it did there', async () => {
  const [admin = 0, other = 0] = await freePorts(2);
  const wrong = async (ready: Partial<ReadyCheck>, ...more: readonly string[]) =>
    startTarget({
      ...(await request({
        args: ['admin', 'tcp', '127.0.0.1:${port.admin}', ...more],
        ready: { ...soon, path: '/up', ...ready },
      })),
      ports: { admin, other },
    });
  const sad = wrong({ path: '/down', at: { port: '${port.admin}' } });
  await expect(sad).rejects.toThrow(`GET /down on port ${admin} was not ready within 0.6 s: the service answered 503`);
  const elsewhere = wrong({ at: { port: '${port.other}' } });
  await expect(elsewhere).rejects.toThrow(/GET \/up on port \d+ .* takes no connections there; it listens on 127/);
  await expect(elsewhere).rejects.toMatchObject({ hint: expect.stringContaining('Check target.ready') as string });
  const secret = wrong({ at: { port: '${port.admin}' } }, 'tls');
  await expect(secret).rejects.toMatchObject({
    hint: expect.stringContaining('tls: true under target.ready') as string,
  });
});

test('a path longer than a unix socket may have is refused before anything starts', async () => {
  const long = startTarget(await request({ socket: `\${tmp}/${'s'.repeat(100)}` }));
  await expect(long).rejects.toMatchObject({ code: 'SOCKET_TOO_LONG', exitCode: 2 });
});

test('an answer counts for more than a try that the deadline cut short', async () => {
  // Below the time after which a try without an answer is given up.
  const sulky = startTarget(await request({ ready: { ...soon, path: '/sulky', timeoutSeconds: 1.5 } }));
  await expect(sulky).rejects.toThrow(/the service answered 503/);
});

test('a taken port is named before anything is started', async () => {
  const asked = await request();
  const server = createServer().listen(asked.port, '127.0.0.1');
  await delay(20);
  await expect(startTarget(asked)).rejects.toMatchObject({ code: 'PORT_TAKEN', exitCode: 5 });
  server.close();
  expect(existsSync(asked.logFile)).toBe(false);
});

test('setup commands run first, in the setup folder, with the side’s values; a failing one is shown', async () => {
  const command = { command: '/bin/sh', env: { NAME: 'n-${port}' }, timeoutSeconds: 10 };
  const write = { ...command, args: ['-c', 'pwd > ${tmp}/a; echo "$NAME" "$PORT" $1 >> ${tmp}/a', '-', '${binary}'] };
  const setupDir = makeFolder();
  const asked = await request({ setup: [write] });
  const target = await startTarget({ ...asked, setupDir });
  await target.stop();
  const written = readFileSync(join(asked.tmp, 'a'), 'utf8');
  expect(written).toBe(`${setupDir}\nn-${asked.port} ${asked.port} ${service}\n`);
  const bad = startTarget(await request({ setup: [{ ...command, args: ['-c', 'echo out; echo no >&2; exit 9'] }] }));
  await expect(bad).rejects.toMatchObject({ code: 'SETUP_FAILED' });
  await expect(bad).rejects.toThrow(/exit code 9:\nout\nno/);
  const slow = startTarget(await request({ setup: [{ ...command, args: ['-c', 'sleep 60'], timeoutSeconds: 0.1 }] }));
  await expect(slow).rejects.toThrow('did not end within 0.1 s');
});

test('seed commands find a ready service by its port; a failing one stops it and is shown', async () => {
  const command = { command: '/bin/sh', env: {}, timeoutSeconds: 10 };
  const fetchIt =
    'exec 3<>"/dev/tcp/127.0.0.1/$PORT"; printf "GET /ready HTTP/1.0\\r\\n\\r\\n" >&3; head -1 <&3 > ${tmp}/a';
  const asked = await request({ seed: [{ ...command, command: 'bash', args: ['-c', fetchIt] }] });
  const target = await startTarget(asked);
  expect(readFileSync(join(asked.tmp, 'a'), 'utf8')).toContain('200 OK');
  await target.stop();
  const bad = startTarget(await request({ seed: [{ ...command, args: ['-c', 'echo no rows >&2; exit 9'] }] }));
  await expect(bad).rejects.toMatchObject({ code: 'SEED_FAILED', exitCode: 5 });
  await expect(bad).rejects.toThrow(/head: the seed command .* exit code 9:\nno rows/);
  expect(runningCount()).toBe(0);
});

test('the working folder is the scenario’s choice below the module folder, or a folder of its own', async () => {
  const source = makeFolder({ 'deploy/config.yml': '' });
  const whereFrom = async (cwd: string) => {
    const asked = { ...(await request({ cwd })), moduleDir: source };
    const target = await startTarget(asked);
    const about = await (await fetch(`http://127.0.0.1:${target.port}/about`)).text();
    await target.stop();
    return { about, tmp: asked.tmp };
  };
  expect((await whereFrom('deploy')).about).toContain(`${join(source, 'deploy')} `);
  const own = await whereFrom('${tmp}');
  expect(own.about).toContain(`${own.tmp} `);
  await expect(whereFrom('nowhere')).rejects.toMatchObject({ code: 'CWD_MISSING', exitCode: 5 });
});

test('further ports have the names of the scenario, are checked like the main one, and are told to requests', async () => {
  const [admin = 0] = await freePorts(1);
  const asked = await request({ args: ['${port.admin}'], ports: ['admin'] });
  const target = await startTarget({ ...asked, ports: { admin } });
  expect(await (await fetch(`http://127.0.0.1:${target.port}/about`)).text()).toContain(`[${admin}]`);
  expect(target.values).toEqual({ tmp: asked.tmp, 'port.admin': String(admin) });
  await target.stop();
  const server = createServer().listen(admin, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  await expect(startTarget({ ...asked, ports: { admin } })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  server.close();
});

test('a placeholder without a value is refused, one from `values` is filled', async () => {
  const asked = await request({ args: ['${token}'] });
  await expect(startTarget(asked)).rejects.toMatchObject({ code: 'UNKNOWN_PLACEHOLDER', exitCode: 2 });
  const target = await startTarget({ ...asked, values: { token: 'secret' } });
  expect(await (await fetch(`http://127.0.0.1:${target.port}/about`)).text()).toContain('[secret]');
  await target.stop();
});

test('an abort while it starts leaves nothing running, and ends with the abort’s reason', async () => {
  const abort = new AbortController();
  const started = startTarget({ ...(await shell('sleep 60')), signal: abort.signal });
  setTimeout(() => abort.abort(new InterruptedError()), 100);
  await expect(started).rejects.toBeInstanceOf(InterruptedError);
  expect(runningCount()).toBe(0);
});

test('an end that nobody asked for is seen as such', async () => {
  const target = await startTarget(await request());
  process.kill(target.pid, 'SIGKILL');
  expect(await target.exited).toEqual({ exitCode: null, signal: 'SIGKILL', asked: false });
});

test('free ports are distinct, of five digits, and never given out twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 11_999 }), async (count, startAt) => {
      const ports = [...(await freePorts(count, startAt)), ...(await freePorts(count, startAt))];
      expect(new Set(ports).size).toBe(2 * count);
      expect(ports.every((port) => String(port).length === 5)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('the kernel’s socket tables are read as proc(5) describes them', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0',
    '   1: 0100007F:1F91 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 100 0 0 10 0',
    '   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 7 1 0',
  ].join('\n');
  expect(parseTcp(table)).toEqual([
    { address: '127.0.0.1:8080', port: 8080, peerPort: 0, kind: 'listens', inode: '4242' },
    { address: '127.0.0.1:8081', port: 8081, peerPort: 80, kind: 'connected', inode: '4243' },
    { address: '[::1]:80', port: 80, peerPort: 0, kind: 'listens', inode: '7' },
  ]);
  const unix = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '000000004a40b1db: 00000002 00000000 00010000 0001 01  1051 /tmp/a b/s.sock',
    '000000004a40b1dc: 00000003 00000000 00000000 0001 03  1052 /tmp/connected.sock',
    '000000004a40b1dd: 00000002 00000000 00010000 0001 01 20391',
  ].join('\n');
  expect(parseUnix(unix)).toEqual([
    { address: '/tmp/a b/s.sock', port: null, peerPort: null, kind: 'listens', inode: '1051' },
    { address: '/tmp/connected.sock', port: null, peerPort: null, kind: 'connected', inode: '1052' },
  ]);
});
