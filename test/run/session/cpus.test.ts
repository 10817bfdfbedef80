import { describe, expect, it } from 'vitest';
import { layOutCpus } from '../../../harness/run/index.ts';

describe('layOutCpus', () => {
  it('gives the first CPU to the services and all others to the loader', () => {
    expect(layOutCpus([0, 1], 1, null).lanes).toEqual([{ targetCpus: [0], loaderCpus: [1] }]);
    expect(layOutCpus([2, 3, 6, 7], 2, null).lanes).toEqual([{ targetCpus: [2, 3], loaderCpus: [6, 7] }]);
  });

  it('pins nothing on one CPU, and says that the loader would share it', () => {
    const layout = layOutCpus([0], 1, null);
    expect(layout.lanes).toEqual([]);
    expect(layout.unpinnedReason).toContain('share');
  });

  it('pins nothing when the services ask for every CPU', () => {
    expect(layOutCpus([0, 1], 2, null).lanes).toEqual([]);
  });

  it('passes on why the system refuses', () => {
    expect(layOutCpus([0, 1], 1, 'taskset is not installed').unpinnedReason).toBe('taskset is not installed');
    expect(layOutCpus(null, 1, null).lanes).toEqual([]);
  });
});
