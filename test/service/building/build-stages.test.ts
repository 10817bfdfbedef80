import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BuildStage,
  type OnStage,
  watchBuild,
  watchListing,
} from '../../../harness/service/building/build-stages.ts';
import { linkBinary, prepareBuild, type PreparedBuild } from '../../../harness/service/index.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders } from '../go-modules.ts';

let agentDir = '';
beforeAll(() => {
  agentDir = makeFolder({ 'agent.go': 'package zzgodyno\n' });
});
afterAll(removeFolders);

const heard = (): { readonly stages: BuildStage[]; readonly onStage: OnStage } => {
  const stages: BuildStage[] = [];
  return { stages, onStage: (stage) => void stages.push(stage) };
};

/** All of `text`, cut wherever the pipe likes. */
const inChunks = (text: string, cuts: readonly number[]): readonly string[] => {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index]));
};

const PACKAGES = ['internal/abi', 'runtime', 'net/http', 'example.com/t/store', 'example.com/t'];
const facts = { importPath: 'example.com/t' };

describe('what `go build -v` says', () => {
  it('is followed package by package, however it is cut, and the main package begins the link', () => {
    const said = 'runtime\nnet/http\n# net/http\nnet/http: a warning\nexample.com/t/store\nexample.com/t\n';
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        const { stages, onStage } = heard();
        const { hearing } = watchBuild({ packages: PACKAGES, facts }, onStage);
        for (const chunk of inChunks(said, cuts)) hearing.onStderr?.(chunk);
        expect(stages).toEqual([
          { kind: 'compiling', compiled: 0, packages: 5 },
          { kind: 'compiling', compiled: 1, packages: 5 },
          { kind: 'compiling', compiled: 2, packages: 5 },
          { kind: 'compiling', compiled: 3, packages: 5 },
          { kind: 'linking' },
        ]);
      }),
    );
  });

  it('asks nothing of go where nobody listens', () => {
    const result = { exitCode: 1, signal: null, stdout: '', stderr: 'runtime\n', timedOut: false };
    const { flags, hearing, cleaned } = watchBuild({ packages: PACKAGES, facts }, undefined);
    expect([flags, hearing, cleaned(result)]).toEqual([[], {}, result]);
    expect(watchListing(undefined)).toEqual({});
  });
});

it('modules that are fetched are counted, and nothing else is', () => {
  const { stages, onStage } = heard();
  const { onStderr } = watchListing(onStage);
  onStderr?.('go: downloading example.com/a v1.0.0\ngo: finding x\ngo: downloading example.com/b v1.');
  onStderr?.('2.0\n');
  expect(stages).toEqual([{ kind: 'listing' }, { kind: 'fetching', modules: 1 }, { kind: 'fetching', modules: 2 }]);
});

/** Never compiled before. */
const store = (): string => `package store\n\nconst Name = ${JSON.stringify(randomUUID())}\n`;

const main = (body: string): string => `package main\n\nimport "example.com/t/store"\n\nfunc main() { ${body} }\n`;

const prepare = async (body: string, onStage?: OnStage): Promise<PreparedBuild> => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/t'), 'store/store.go': store(), 'main.go': main(body) });
  return prepareBuild({
    side: 'head',
    sourceDir: folder,
    moduleDir: folder,
    revision: folderRevision('a'),
    spec: makeSpec(),
    workDir: makeFolder(),
    agentDir,
    onStage,
    signal: never,
  });
};

describe('a build that is watched', () => {
  it('is listed, compiled and linked in this order', async () => {
    const { stages, onStage } = heard();
    const build = await prepare('println(store.Name)', onStage);
    expect(new Set(stages.map(({ kind }) => kind))).toEqual(new Set(['listing']));
    expect(build.packages).toEqual(expect.arrayContaining(['runtime', 'example.com/t/store', 'example.com/t']));
    await linkBinary(build, { linkSeed: null, cpus: null, onStage }, never);
    const compiled = stages.findLast((stage) => stage.kind === 'compiling');
    expect(compiled?.compiled).toBeGreaterThanOrEqual(1);
    expect(compiled?.packages).toBe(build.packages.length);
    expect(stages.at(-1)).toEqual({ kind: 'linking' });
  });

  it('fails with the words of one that is not', async () => {
    const { stages, onStage } = heard();
    const build = await prepare('println(store.Name, missing)');
    const errorOf = async (request: { readonly onStage?: OnStage }): Promise<unknown> =>
      linkBinary(build, { linkSeed: null, cpus: null, ...request }, never).catch((error: unknown) => error);
    const watched = await errorOf({ onStage });
    const plain = await errorOf({});
    expect(stages.at(-1)?.kind).toBe('linking');
    expect(watched).toEqual(plain);
    expect(watched).toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/failed:\n# example\.com\/t\n.*undefined: missing$/) as string,
    });
  });
});
