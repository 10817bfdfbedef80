import { describe, expect, it } from 'vitest';
import { lanesFor, layOutCpus } from '../../../harness/run/index.ts';
import { parseScenario } from '../../../harness/scenario/index.ts';

/** What a scenario with these lines below `target` and `measure` says about launches at the same time. */
const wants = (target: string, measure = '') =>
  lanesFor(
    parseScenario(
      `target: { ready: GET /, ${target} }\nload: { requests: [{ http: GET / }] }\nmeasure: { ${measure} }\n`,
      's.yml',
      new Map(),
    ),
  );

const NOTHING = { againstTwo: null };

describe('launches at the same time', () => {
  it.each([
    ['a plain service', ''],
    ['a folder that is the launch’s own', 'setup: ["mkdir -p ${tmp}/data"]'],
    ['its port', 'seed: ["curl -fsS localhost:${port}/seed"]'],
    ['a named port', 'seed: ["curl -fsS localhost:${port.admin}/seed"]'],
    ['its port by the environment', 'seed: ["curl -fsS localhost:$PORT/seed"]'],
    ['its folder in a variable of the command', 'setup: [{ command: make, args: [data], env: { DIR: "${tmp}" } }]'],
  ])('are two for %s', (_, target) => {
    expect(wants(target)).toEqual(NOTHING);
  });

  it('are one where a command prepares what all launches have in common', () => {
    const reason =
      'the command "sh -c make migrate" names neither ${tmp} nor ${port}, so launches may share what it prepares';
    expect(wants('setup: ["make migrate"]')).toEqual({ againstTwo: reason });
    expect(wants('seed: ["true ${tmp}", "make migrate"]')).toEqual({ againstTwo: reason });
    expect(wants('base: { setup: ["make migrate"] }')).toEqual({ againstTwo: reason });
  });

  it('are as many as the scenario says, whatever speaks against it', () => {
    expect(wants('setup: ["make migrate"]', 'lanes: 2')).toEqual({ mostLanes: 2 });
    expect(wants('', 'lanes: 1')).toEqual({ mostLanes: 1 });
  });

  it('are one where sides take turns, or only instructions are counted', () => {
    expect(wants('sides: alternate', 'lanes: 2')).toEqual({ mostLanes: 1 });
    expect(wants('', 'exact: only')).toEqual({ mostLanes: 1 });
  });

  it('have a reason to be one only where there are CPUs for two', () => {
    const laidOut = (cpus: number, request: ReturnType<typeof wants>) => {
      const cores = Array.from({ length: cpus }, (_, cpu) => [cpu]);
      const { lanes, oneLaneReason } = layOutCpus({ cores, wanted: 1, refusal: null, ...request });
      return [lanes.length, oneLaneReason];
    };
    expect(laidOut(4, NOTHING)).toEqual([2, null]);
    expect(laidOut(4, { againstTwo: 'it is so' })).toEqual([1, 'it is so']);
    expect(laidOut(2, { againstTwo: 'it is so' })).toEqual([1, null]);
    expect(laidOut(4, { mostLanes: 1 })).toEqual([1, null]);
  });
});
