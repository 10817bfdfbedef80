import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isMissing, probeEngines, startPerfCounter } from '../../harness/exact/index.ts';
import { stopAll } from '../../harness/process/index.ts';
import { testFolder } from './counted-program.ts';

const folder = testFolder();
afterAll(async () => {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
});

const signal = AbortSignal.timeout(60_000);
const request = { cacheDir: path.join(folder, 'cache'), workDir: folder, signal };
const { perf } = await probeEngines(request);

const helper = (): string => {
  const name = readdirSync(request.cacheDir).find((each) => each.startsWith('perf-'));
  return path.join(request.cacheDir, name ?? 'perf-was-not-built');
};

/** The kernel answers with the count, the time it was wanted, and the time it was kept. */
const BELIEVED_TEST = `package main

import (
	"encoding/binary"
	"testing"
)

func answer(count, wanted, kept uint64) (all [24]byte) {
	for i, value := range []uint64{count, wanted, kept} {
		binary.NativeEndian.PutUint64(all[8*i:], value)
	}
	return all
}

func TestBelieved(t *testing.T) {
	if count, err := believed(answer(77, 5, 5)); count != 77 || err != nil {
		t.Fatal(count, err)
	}
	if _, err := believed(answer(77, 5, 4)); err == nil || err.Error() != "the counter was shared: it ran for 4 of 5 ns" {
		t.Fatal(err)
	}
}
`;

describe('the CPU’s own counter', () => {
  it('either counts or says why not', () => {
    expect(existsSync(helper())).toBe(true);
    if (isMissing(perf)) expect(perf.reason).toMatch(/does not open: \w+|cannot be read: \w+|opens but counted \d+/);
    else expect(perf.kind).toBe('perf');
  });

  it('of a process that is gone is an error that names it', async () => {
    await expect(startPerfCounter({ kind: 'perf', helper: helper() }, 2 ** 22 + 1, signal)).rejects.toThrow(
      /there is no process 4194305/,
    );
  });

  it('counts more, the more there is to do; where there is none, the reason comes at once', async () => {
    const counting = startPerfCounter({ kind: 'perf', helper: helper() }, process.pid, signal);
    if (isMissing(perf)) {
      await expect(counting).rejects.toThrow(/gave no answer: thread \d+: /);
      return;
    }
    const counter = await counting;
    const first = await counter.read();
    let sum = 0;
    for (let i = 0; i < 1_000_000; i++) sum += i % 7;
    const second = await counter.read();
    await counter.stop();
    expect(sum).toBeGreaterThan(0);
    expect(second - first).toBeGreaterThan(1_000_000);
  });

  it('is not believed when others had it for a part of the time', () => {
    const dir = path.join(folder, 'helper');
    mkdirSync(dir);
    cpSync(path.resolve(import.meta.dirname, '../../harness/exact/perf/main.go'), path.join(dir, 'main.go'));
    writeFileSync(path.join(dir, 'go.mod'), 'module perf\n\ngo 1.22\n');
    writeFileSync(path.join(dir, 'main_test.go'), BELIEVED_TEST);
    const said = execFileSync('go', ['test', '-vet=off', '.'], {
      cwd: dir,
      env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
      encoding: 'utf8',
    });
    expect(said).toMatch(/^ok/);
  }, 60_000);

  it('is not looked for without Go, and says so', async () => {
    const bare = await probeEngines({ ...request, cacheDir: path.join(folder, 'other'), path: folder });
    expect(bare.perf).toMatchObject({ reason: expect.stringContaining('go') as string });
    expect(isMissing(bare.qemu)).toBe(true);
  });
});
