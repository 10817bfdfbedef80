import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { goFlagsFrom, requireGo, withGoBeside, withGoFlags, withHeadsGo } from '../../harness/measure/go-choice.ts';
import { parseScenario } from '../../harness/scenario/index.ts';

const scenario = (go: string) =>
  withGoBeside(
    parseScenario(
      `target: { ready: GET /, ${go} }\nload: { requests: [{ http: GET / }] }`,
      'scenarios/shop.yml',
      new Map(),
    ),
  );

const here = (...path: readonly string[]): string => join(process.cwd(), ...path);

describe('the Go of each side', () => {
  it('is the flag’s before the scenario’s, paths being relative to where they are written', () => {
    const given = scenario('go: { base: 1.26.8, head: ../sdk/go }');
    // Any file passes for the program itself.
    const path = './package.json';
    expect(given.target.go).toEqual({ base: 'go1.26.8', head: here('sdk/go') });
    expect(withGoFlags([given], goFlagsFrom({ headGo: path }))[0]?.target.go).toEqual({
      base: 'go1.26.8',
      head: here(path),
    });
    expect(withGoFlags([given], goFlagsFrom({ baseGo: '1.27.3' }))[0]?.target.go).toEqual({
      base: 'go1.27.3',
      head: here('sdk/go'),
    });
  });

  it('is not said where nobody chooses one', () => {
    expect(withGoFlags([scenario('cpus: 1')], {})[0]?.target).not.toHaveProperty('go');
    expect(withHeadsGo(scenario('go: { base: 1.26.8 }')).target).not.toHaveProperty('go');
  });

  it('is the head’s on both where one tree is measured against itself', () => {
    expect(withHeadsGo(scenario('go: { base: 1.26.8, head: 1.27.3 }')).target.go).toEqual({
      base: 'go1.27.3',
      head: 'go1.27.3',
    });
  });

  it('is refused, by a flag or by any scenario, where nothing lies at its path', () => {
    expect(() => goFlagsFrom({ headGo: './gone' })).toThrow(/^--head-go: the chosen Go .*\/gone is not there$/);
    const chosen = [scenario('cpus: 1'), scenario('go: { base: 1.26.8, head: ../sdk/gone }')];
    expect(() => requireGo(chosen)).toThrow(
      /^scenarios\/shop\.yml, target\.go of head: the chosen Go .*gone is not there$/,
    );
  });

  it.each(['1.27', 'stable', ''])('is refused as "%s" with what to write instead', (baseGo) => {
    expect(() => goFlagsFrom({ baseGo })).toThrow(
      expect.objectContaining({ code: 'GO_CHOICE', exitCode: 2, message: expect.stringContaining('--base-go') }),
    );
  });
});
