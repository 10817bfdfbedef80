/** github-action-benchmark's custom format, tool `customSmallerIsBetter`: every metric of ours is better when smaller. */
import type { Comparison, MetricComparison, ScenarioComparison } from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import { effectWithInterval, intervalText } from '../words/amounts.ts';
import { visibleText } from '../text/escape.ts';
import { VERDICT_WORDS } from '../words/labels.ts';

const entry = (scenario: ScenarioComparison, metric: MetricComparison) =>
  metric.head === null
    ? []
    : [
        {
          name: visibleText(`${scenario.scenario}: ${metricDef(metric.metric).label}`),
          unit: metric.unit,
          value: metric.head,
          ...(intervalText(metric) === null ? {} : { range: intervalText(metric) }),
          extra: `base ${metric.base ?? 'unknown'} ${metric.unit}\n${effectWithInterval(metric)}\n${VERDICT_WORDS[metric.verdict]}`,
        },
      ];

/** Invalid scenarios are left out: they would become history. */
export const exportBenchmarkAction = (comparison: Comparison): string => {
  const entries = comparison.scenarios
    .filter((scenario) => scenario.verdict !== 'invalid')
    .flatMap((scenario) => scenario.metrics.flatMap((metric) => entry(scenario, metric)));
  return `${JSON.stringify(entries, null, 2)}\n`;
};
