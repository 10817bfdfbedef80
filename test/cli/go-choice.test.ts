import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withGoBeside, withGoFlags, withHeadsGo } from '../../harness/cli/go-choice.ts';
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
    expect(given.target.go).toEqual({ base: 'go1.26.8', head: here('sdk/go') });
    expect(withGoFlags([given], { headGo: './go' })[0]?.target.go).toEqual({ base: 'go1.26.8', head: here('go') });
    expect(withGoFlags([given], { baseGo: '1.27.3' })[0]?.target.go).toEqual({
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

  it.each(['1.27', 'stable', ''])('is refused as "%s" with what to write instead', (baseGo) => {
    expect(() => withGoFlags([scenario('cpus: 1')], { baseGo })).toThrow(
      expect.objectContaining({ code: 'GO_CHOICE', exitCode: 2, message: expect.stringContaining('--base-go') }),
    );
  });
});
