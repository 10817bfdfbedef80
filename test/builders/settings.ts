import type { RunFile, RunSettings } from '../../harness/model/index.ts';

/** Both sides together on one CPU, the loader on another. */
export const settings: RunSettings = {
  mode: 'together',
  pinned: true,
  unpinnedReason: null,
  targetCpus: [0],
  loaderCpus: [1],
  cpuSource: 'schedstat',
  gomaxprocs: 1,
  gogc: '100',
  gomemlimit: 'off',
  inFlight: 1,
  latencyRatePerSecond: null,
};

export const environment: RunFile['environment'] = {
  os: 'linux',
  arch: 'x64',
  kernel: '6.1',
  cpuModel: 'Test CPU',
  cpus: 2,
  memoryBytes: 8e9,
  nodeVersion: '24.0.0',
  ci: null,
  loader: 'autocannon 9.0.0',
  fingerprint: 'f1',
};
