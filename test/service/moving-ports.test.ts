import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../harness/process/index.ts';
import { freePorts, linkBinary, prepareBuild } from '../../harness/service/index.ts';
import { movedPortsEnv, movingPorts } from '../../harness/service/building/moving-ports.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders } from './go-modules.ts';

let agentDir = '';
beforeAll(() => {
  agentDir = makeFolder({ 'agent.go': 'package zzgodyno\n' });
});
afterAll(removeFolders);

/** Listens on its own ports, calls itself there, and tells where that was. */
const INSISTS = `package main

import (
	"io"
	"net"
)

func main() {
	plain, err := net.Listen("tcp", "127.0.0.1:80")
	if err != nil {
		println(err.Error())
		return
	}
	datagrams, err := net.ListenPacket("udp", "localhost:53")
	if err != nil {
		println(err.Error())
		return
	}
	other, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		caller, _ := plain.Accept()
		io.WriteString(caller, "mine")
		caller.Close()
	}()
	self, err := net.Dial("tcp", "localhost:80")
	if err != nil {
		println(err.Error())
		return
	}
	text, _ := io.ReadAll(self)
	println(plain.Addr().String(), datagrams.LocalAddr().String(), string(text), other.Addr().(*net.TCPAddr).Port > 0)
}
`;

test('a service that insists on ports gets others, TCP and UDP, and finds itself there; ports it does not insist on stay', async () => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/insists'), 'main.go': INSISTS });
  const build = await prepareBuild({
    side: 'head',
    sourceDir: folder,
    moduleDir: folder,
    revision: folderRevision('a'),
    spec: makeSpec({}),
    movesPorts: true,
    workDir: makeFolder(),
    agentDir,
    signal: never,
  });
  expect(build.unmovable).toBeNull();
  const { path } = await linkBinary(build, { linkSeed: null, cpus: null }, never);
  const [http = 0, dns = 0] = await freePorts(2);
  const env = movedPortsEnv([
    { from: 80, to: http },
    { from: 53, to: dns },
  ]);
  const { stderr } = await runCommand({ file: path, args: [], cwd: '/', env, timeoutSeconds: 20 }, never);
  expect(stderr.trim()).toBe(`127.0.0.1:${http} 127.0.0.1:${dns} mine true`);
}, 60_000);

test('a package net that opens sockets in another way is refused with a sentence', () => {
  const goroot = makeFolder({
    'src/net/ipsock_posix.go': 'package net\n\nfunc internetSocket(ctx context.Context) {\n}\n',
  });
  expect(movingPorts(goroot, makeFolder())).toMatch(/package net opens sockets in a way/);
  expect(movingPorts(makeFolder(), makeFolder())).toMatch(/^there is no .*ipsock_posix\.go$/);
});

test.each(['go1.27.3', 'local'])('the patch fits Go %s', async (toolchain) => {
  const asked = { file: 'go', args: ['env', 'GOROOT'], cwd: '/', env: { GOTOOLCHAIN: toolchain }, timeoutSeconds: 120 };
  const goroot = (await runCommand(asked, never)).stdout.trim();
  const replaced = movingPorts(goroot, makeFolder());
  const patched = Object.entries(replaced).find(([file]) => file === join(goroot, 'src/net/ipsock_posix.go'));
  expect(readFileSync(patched?.[1] ?? '', 'utf8')).toContain('laddr, raddr = godynoMove(mode, laddr, raddr)');
});
