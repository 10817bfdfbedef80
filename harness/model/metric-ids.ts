/** The metrics by name, in the order in which reports show them. What each is: metrics/table. */

export const METRIC_IDS = [
  'cpuNsPerRequest',
  'instructionsPerRequest',
  'syscallsPerRequest',
  'mallocsPerRequest',
  'allocBytesPerRequest',
  'gcCpuNsPerRequest',
  'gcCyclesPerRequest',
  'mutexWaitNsPerRequest',
  'blockWaitNsPerRequest',
  'latencyP50Ms',
  'latencyP90Ms',
  'latencyP99Ms',
  'liveHeapBytes',
  'heapGrowthBytesPerRequest',
  'goroutines',
  'goroutineGrowthPerRequest',
  'peakRssBytes',
  'errorRatio',
] as const;
export type MetricId = (typeof METRIC_IDS)[number];
