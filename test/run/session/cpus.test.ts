import { describe, expect, it } from 'vitest';
import { layOutCpus } from '../../../harness/run/index.ts';

type Cores = readonly (readonly number[])[];

const alone = (...cpus: readonly number[]): Cores => cpus.map((cpu) => [cpu]);

const lanesOf = (cores: Cores, wanted = 1, mostLanes: 1 | 2 = 2): readonly string[] =>
  layOutCpus({ cores, wanted, refusal: null, mostLanes }).lanes.map(
    ({ targetCpus, loaderCpus }) => `${targetCpus.join()} | ${loaderCpus.join()}`,
  );

const unpinnedBy = (cores: Cores | null, wanted: number, refusal: string | null = null): string | null => {
  const { lanes, unpinnedReason } = layOutCpus({ cores, wanted, refusal });
  expect(lanes).toEqual([]);
  return unpinnedReason;
};

describe('layOutCpus, services | loader', () => {
  it.each<[string, Cores, number, readonly string[]]>([
    ['two CPUs', alone(0, 1), 1, ['0 | 1']],
    ['two CPUs of one core', [[0, 1]], 1, ['0 | 1']],
    ['three', alone(0, 1, 2), 1, ['0 | 1,2']],
    ['four', alone(0, 1, 2, 3), 1, ['0 | 1', '2 | 3']],
    [
      'four of two cores, beside each other',
      [
        [0, 1],
        [2, 3],
      ],
      1,
      ['0 | 1', '2 | 3'],
    ],
    [
      'four of two cores, split',
      [
        [0, 2],
        [1, 3],
      ],
      1,
      ['0 | 2', '1 | 3'],
    ],
    ['four of one core', [[0, 1, 2, 3]], 1, ['0 | 1,2,3']],
    [
      'six of three cores',
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      1,
      ['0 | 1', '2 | 4,5'],
    ],
    ['eight', alone(0, 1, 2, 3, 4, 5, 6, 7), 1, ['0 | 1,2,3', '4 | 5,6,7']],
    [
      'eight of four cores',
      [
        [0, 4],
        [1, 5],
        [2, 6],
        [3, 7],
      ],
      1,
      ['0 | 1,5', '2 | 3,7'],
    ],
    ['some of a larger machine', [[2], [3, 11], [12]], 1, ['2 | 3,11,12']],
    ['four for services of two', alone(2, 3, 6, 7), 2, ['2,3 | 6,7']],
    ['six for services of two', alone(0, 1, 2, 3, 4, 5), 2, ['0,1 | 2', '3,4 | 5']],
    [
      'eight of four cores for services of two',
      [
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7],
      ],
      2,
      ['0,2 | 1,3', '4,6 | 5,7'],
    ],
  ])('%s', (_, cores, wanted, expected) => {
    expect(lanesOf(cores, wanted)).toEqual(expected);
  });

  it.each<[string, Cores, number, string]>([
    ['as many as there are', alone(0, 1, 2, 3), 1, '0 | 1,2,3'],
    [
      'not the other half of the services’ core',
      [
        [0, 1],
        [2, 3],
      ],
      1,
      '0 | 2,3',
    ],
    [
      'not the other half of it, split',
      [
        [0, 2],
        [1, 3],
      ],
      1,
      '0 | 1,3',
    ],
    [
      'but where nothing else is left',
      [
        [0, 2],
        [1, 3],
      ],
      2,
      '0,1 | 2,3',
    ],
  ])('the loader of a single lane has %s', (_, cores, wanted, expected) => {
    expect(lanesOf(cores, wanted, 1)).toEqual([expected]);
  });

  it('never has services of two lanes on one core, nor a CPU twice', () => {
    for (let cores = 1; cores <= 9; cores++) {
      for (const threads of [1, 2]) {
        const given = Array.from({ length: cores }, (_, core) =>
          Array.from({ length: threads }, (__, thread) => core + thread * cores),
        );
        for (const wanted of [1, 2, 3]) {
          if (cores * threads <= wanted) continue;
          const { lanes } = layOutCpus({ cores: given, wanted, refusal: null });
          const cpus = lanes.flatMap(({ targetCpus, loaderCpus }) => [...targetCpus, ...loaderCpus]);
          expect(new Set(cpus).size).toBe(cpus.length);
          expect(lanes.every((lane) => lane.targetCpus.length === wanted && lane.loaderCpus.length > 0)).toBe(true);
          if (lanes.length < 2) continue;
          expect(cores * threads).toBeGreaterThanOrEqual(2 * (wanted + 1));
          const services = lanes.flatMap(({ targetCpus }) => targetCpus.map((cpu) => cpu % cores));
          expect(new Set(services).size).toBe(services.length);
        }
      }
    }
  });

  it('pins nothing on one CPU, and says that the loader would share it', () => {
    expect(unpinnedBy(alone(0), 1)).toContain('share');
  });

  it('pins nothing when the services ask for every CPU', () => {
    expect(unpinnedBy(alone(0, 1), 2)).toContain('the services ask for 2 CPUs and only 2 are usable');
  });

  it('passes on why the system refuses', () => {
    expect(unpinnedBy(alone(0, 1), 1, 'taskset is not installed')).toBe('taskset is not installed');
    expect(unpinnedBy(null, 1)).toContain('does not tell');
  });
});
