import { describe, expect, it } from 'vitest';
import { withoutGoNoise } from '../../../harness/compare/functions/go-noise.ts';
import { toolchainChange } from '../../../harness/compare/toolchain/change.ts';
import type { FunctionComparison, ScenarioRun, ToolchainChange } from '../../../harness/model/index.ts';
import { buildOf } from '../../builders/builds.ts';
import { fileOf, runOf } from '../../builders/synthetic-run.ts';

const TWO = { base: buildOf('go1.26.8'), head: buildOf('go1.27.3') };
const ONE = { base: buildOf('go1.27.3'), head: buildOf('go1.27.3') };

const changeOf = (...files: readonly string[]): ToolchainChange | undefined => {
  const run = runOf([], { builds: TWO });
  const diff = files.map((file) => ({
    file,
    status: 'modified' as const,
    renamedFrom: null,
    headLines: [],
    baseLines: [],
  }));
  return toolchainChange(run, fileOf([run], { diff }), []);
};

describe('Go’s own functions between two versions', () => {
  const rows = ['moved', 'new', 'gone', 'regressed'].flatMap((kind) =>
    ['encoding/json', 'main', 'github.com/x/y'].map(
      (path) =>
        ({ kind, package: path, function: `${path}.f`, movedTo: kind === 'moved' ? 'x' : null }) as FunctionComparison,
    ),
  );
  const kept = (builds: ScenarioRun['builds'], toolchain: ToolchainChange | undefined): readonly string[] =>
    withoutGoNoise(rows, runOf([], { builds }), toolchain)
      .filter(({ kind }) => kind !== 'unclear')
      .map((row) => `${row.kind} ${row.package}`);
  const all = rows.map((row) => `${row.kind} ${row.package}`);

  it('are neither new, gone nor moved where nothing but Go changed; those of others may be', () => {
    const noise = ['moved encoding/json', 'new encoding/json', 'gone encoding/json'];
    expect(kept(TWO, changeOf('go.mod'))).toEqual(all.filter((text) => !noise.includes(text)));
  });

  it('may be new or gone where other code changed, which may call them anew', () => {
    expect(kept(TWO, changeOf('go.mod', 'main.go'))).toEqual(all.filter((text) => text !== 'moved encoding/json'));
  });

  it('are what they are where one Go has built both sides', () => {
    expect(kept(ONE, undefined)).toEqual(all);
  });

  it('point nowhere once they are no move', () => {
    const [moved] = withoutGoNoise(rows, runOf([], { builds: TWO }), changeOf('go.mod'));
    expect(moved).toMatchObject({ kind: 'unclear', movedTo: null });
  });
});
