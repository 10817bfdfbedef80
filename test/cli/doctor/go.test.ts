import { afterAll, describe, expect, it } from 'vitest';
import { checkGoOf, checkGoOfBase } from '../../../harness/cli/doctor/go.ts';
import { parseScenario } from '../../../harness/scenario/index.ts';
import { prepareBuild, type PreparedBuild } from '../../../harness/service/index.ts';
import { folderRevision, goMod, HELLO, makeFolder, makeSpec, never, removeFolders } from '../../service/go-modules.ts';

afterAll(removeFolders);

const scenario = (go: string) =>
  parseScenario(
    `target: { ready: GET /, ${go} }\nload: { requests: [{ http: GET / }] }`,
    'scenarios/shop.yml',
    new Map(),
  );

const makeModule = (): string => makeFolder({ 'go.mod': goMod('example.com/t'), 'main.go': HELLO });

const prepare = async (moduleDir: string): Promise<PreparedBuild> =>
  prepareBuild({
    side: 'head',
    sourceDir: moduleDir,
    moduleDir,
    revision: folderRevision('a'),
    spec: makeSpec(),
    workDir: makeFolder(),
    signal: never,
  });

describe('the doctor on the target’s Go', () => {
  it('says where it lies, and warns where exact mode cannot replace its files', async () => {
    const build = await prepare(makeModule());
    const { facts } = build;
    expect(await checkGoOf(build, scenario('cpus: 1'), never)).toMatchObject({
      name: 'target shop: go',
      state: 'ok',
      found: expect.stringContaining(facts.goVersion),
    });
    const elsewhere = { ...build, facts: { ...facts, goEnv: { ...facts.goEnv, GOROOT: '/nowhere' } } };
    expect(await checkGoOf(elsewhere, scenario('cpus: 1'), never)).toMatchObject({
      state: 'warn',
      found: expect.stringContaining('does not see files that are laid over'),
    });
  });

  it('tries the base’s only where it is another one, and fails when it cannot be had', async () => {
    const moduleDir = makeModule();
    expect(await checkGoOfBase(scenario('go: 1.27.3'), moduleDir, never)).toEqual([]);
    const buildEnv = 'buildEnv: { GOPROXY: off }';
    expect(await checkGoOfBase(scenario(`go: { base: 1.26.99 }, ${buildEnv}`), moduleDir, never)).toMatchObject([
      { name: 'target shop: go of base', state: 'fail', found: expect.stringContaining('go1.26.99 cannot be had') },
    ]);
  });
});
