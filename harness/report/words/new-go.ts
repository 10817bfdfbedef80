/** The section about another Go: what it costs by package, and what it is known to do otherwise. */
import { metricDef, profileKind } from '../../metrics/index.ts';
import {
  COST_KINDS,
  type CostKind,
  type GroupCost,
  type MetricComparison,
  type ScenarioComparison,
  type ToolchainChange,
} from '../../model/index.ts';
import { formatCount, formatQuantity, formatSignedPercent } from '../../units/index.ts';
import { sideText, signedAmount } from './amounts.ts';
import type { NewGo } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

/** Parts named per kind of profile. */
const MOST_PARTS = 5;
/** Of those that are not certain, and hold so much of the difference. */
const MOST_UNSURE = 2;
const LEAST_SHARE = 0.1;
/** Counted instructions differ for certain nearly everywhere; below this part of all they are not worth a word. */
const LEAST_IMPACT = 0.001;

/** `go1.26.8 → go1.27.3`; what go.mod says, where only that differs. */
export const bumpText = ({ versions: { base, head }, goLines }: ToolchainChange): string => {
  const line = goLines === null ? '' : `go.mod's go line ${goLines.base} → ${goLines.head}`;
  if (base === head) return line;
  return line === '' ? `${base} → ${head}` : `${base} → ${head}, ${line}`;
};

/** What comes first of all: `only the Go toolchain changed (go1.26.8 → go1.27.3): `. */
export const bumpClause = ({ toolchain }: ScenarioComparison): string => {
  if (toolchain === undefined) return '';
  const { versions, goLines, isOnly } = toolchain;
  const isLine = versions.base === versions.head && goLines !== null;
  const what = isLine ? "go.mod's go line" : 'the Go toolchain';
  const how = isLine ? `${goLines.base} → ${goLines.head}` : bumpText(toolchain);
  return isOnly ? `only ${what} changed (${how}): ` : `${what} changed as well as other code (${how}): `;
};

const PART_WORDS: Readonly<Record<Exclude<GroupCost['of'], 'go'>, string>> = {
  runtime: "Go's runtime by itself",
  module: 'your own code',
  dependencies: 'dependencies',
};

export const partName = ({ of, package: path }: GroupCost): InlineText =>
  of === 'go' ? [code(path)] : [PART_WORDS[of]];

const changeOf = ({ basePerRequest: base, headPerRequest: head, deltaPerRequest, unit }: GroupCost): string =>
  base > 0 ? formatSignedPercent(head / base - 1) : `${signedAmount(deltaPerRequest, unit)}, new`;

/** The line says once that they are instructions. */
const amountOf = (value: number, { unit }: GroupCost): string =>
  unit === 'instructions' ? formatCount(value) : sideText(value, unit);

/** `` `encoding/json` 4.7 KiB → 9.7 KiB (+107 %)``. */
const partText = (cost: GroupCost): InlineText => [
  ...partName(cost),
  ` ${amountOf(cost.basePerRequest, cost)} → ${amountOf(cost.headPerRequest, cost)} (${changeOf(cost)})`,
];

const listed = (parts: readonly InlineText[]): InlineText =>
  parts.flatMap((part, index) => (index === 0 ? part : [', ', ...part]));

const isTelling = (cost: GroupCost): boolean => cost.isCertain && Math.abs(cost.impactRatio) >= LEAST_IMPACT;

/** Counts are certain of the smallest difference. */
const SAME: Readonly<Partial<Record<CostKind, string>>> = { instructions: 'by less than 0.1 % of a request' };

/** What calls into them costs; of counts, which know no callers, what they execute themselves. */
const HOW: Readonly<Partial<Record<CostKind, string>>> = { instructions: ' of their own' };

const MOVED: ReadonlySet<MetricComparison['verdict']> = new Set(['regressed', 'improved', 'changed']);

const movedBy = (profile: CostKind, { metrics }: ScenarioComparison): number => {
  const row = metrics.find(({ metric }) => profileKind(profile).explains.includes(metric));
  return row !== undefined && MOVED.has(row.verdict) ? (row.effectRatio ?? 0) : 0;
};

/** Where the whole moved and no part did for certain: those that moved with it most. */
const unsureLine = (
  profile: CostKind,
  own: readonly GroupCost[],
  scenario: ScenarioComparison,
): readonly InlineText[] => {
  const moved = movedBy(profile, scenario);
  if (moved === 0) return [];
  const along = own.filter(({ impactRatio }) => impactRatio / moved >= LEAST_SHARE).slice(0, MOST_UNSURE);
  if (along.length === 0) return [];
  return [
    [
      `${profileKind(profile).title}${HOW[profile] ?? ''} per request: no part for certain; most of it perhaps `,
      ...listed(along.map(partText)),
      '.',
    ],
  ];
};

const kindLine = (
  profile: CostKind,
  scenario: ScenarioComparison,
  { costs }: ToolchainChange,
): readonly InlineText[] => {
  const own = costs.filter((cost) => cost.profile === profile);
  const changed = own.filter(isTelling);
  if (changed.length === 0) return unsureLine(profile, own, scenario);
  const left = changed.length - MOST_PARTS;
  const more = left > 0 ? `, and ${left} more` : '';
  const same = changed.length < own.length ? `; all other parts ${SAME[profile] ?? 'as before, or not certain'}` : '';
  return [
    [
      `${profileKind(profile).title}${HOW[profile] ?? ''} per request: `,
      ...listed(changed.slice(0, MOST_PARTS).map(partText)),
      `${more}${same}.`,
    ],
  ];
};

/** Of a measurement that is not worth judging nothing is said, "as before" least of all. */
const costLines = (scenario: ScenarioComparison, toolchain: ToolchainChange): readonly InlineText[] => {
  const { costs } = toolchain;
  if (scenario.verdict === 'invalid') return [];
  const lines = COST_KINDS.flatMap((profile) => kindLine(profile, scenario, toolchain));
  if (lines.length > 0 || costs.length === 0) return lines;
  return [['No package of Go, nor your own code, costs more or less for certain.']];
};

/** Another go line moves a few bytes; that is no news. */
const LEAST_WEIGHT = 0.005;

const binaryLine = ({ binaryBytes: { base, head } }: ToolchainChange): readonly InlineText[] =>
  base > 0 && Math.abs(head / base - 1) >= LEAST_WEIGHT
    ? [
        [
          `The binary, with godyno's agent in it: ${formatQuantity(base, 'B')} → ${formatQuantity(head, 'B')} (${formatSignedPercent(head / base - 1)}).`,
        ],
      ]
    : [];

const limitText = ({ practicalRatio, practicalAbsolute, unit }: MetricComparison): string => {
  if (practicalRatio !== null) return formatSignedPercent(practicalRatio);
  return practicalAbsolute === null ? '' : signedAmount(practicalAbsolute, unit);
};

/** Gates that the scenario gave another limit for such a change. */
const gateLines = ({ metrics, toolchain }: ScenarioComparison): readonly InlineText[] => {
  const own = metrics.filter(({ metric }) => toolchain?.gates.includes(metric));
  return own.map((metric): InlineText => {
    const name = metricDef(metric.metric).label;
    const limit = metric.gate ? `fails from ${limitText(metric)} on` : 'does not fail';
    return [`The gate on ${name} ${limit} where Go itself changes (`, code(`gates.${metric.metric}.toolchain`), ').'];
  });
};

/** Text with names in backticks. */
const richFrom = (text: string): InlineText =>
  text.split('`').map((part, index) => (index % 2 === 0 ? part : code(part)));

const RELEASE = /^(1\.\d+): /;

/** `Known to be different in Go 1.27`; of several releases each line says its own. */
const knownOf = ({ known }: ToolchainChange): Pick<NewGo, 'knownTitle' | 'known'> => {
  const releases = new Set(known.map((text) => RELEASE.exec(text)?.[1]));
  const [release] = releases;
  const isOne = releases.size === 1 && release !== undefined;
  return {
    knownTitle: `Known to be different ${isOne ? `in Go ${release}` : 'between the two'}`,
    known: known.map((text) => richFrom(`${isOne ? text.replace(RELEASE, '') : `Go ${text}`}.`)),
  };
};

/** Null where both sides have one Go. */
export const newGoOf = (scenario: ScenarioComparison): NewGo | null => {
  const { toolchain } = scenario;
  if (toolchain === undefined) return null;
  return {
    title: `${bumpText(toolchain)}${toolchain.isOnly ? ', and nothing else changed' : '; other code changed, too'}`,
    costs: [...costLines(scenario, toolchain), ...binaryLine(toolchain), ...gateLines(scenario)],
    ...knownOf(toolchain),
  };
};

/** What accounts for at least this share of a change is behind it. */
export const LEAST_SHARE_OF_CHANGE = 0.5;

/**
 * The part of the program (a package of Go, its runtime, the module's code or dependencies) that accounts for most of a
 * metric's change; undefined where both sides have one Go, or no part does.
 */
export const partBehindChange = (
  { toolchain }: ScenarioComparison,
  { base, head, unit }: MetricComparison,
  profiles: readonly CostKind[],
): GroupCost | undefined => {
  if (toolchain === undefined || base === null || head === null || base === head) return undefined;
  const change = head - base;
  return toolchain.costs.find(
    (cost) =>
      // Where the module's own code changed as well, its functions say more than that it is own code.
      (cost.of !== 'module' || toolchain.isOnly) &&
      cost.isCertain &&
      cost.unit === unit &&
      profiles.includes(cost.profile) &&
      cost.deltaPerRequest / change >= LEAST_SHARE_OF_CHANGE,
  );
};

const isJson = ({ of, package: path, isCertain, deltaPerRequest }: GroupCost): boolean =>
  of === 'go' && path.startsWith('encoding/json') && isCertain && deltaPerRequest > 0;

/** Where json/v2 came in between, and encoding/json costs more. */
const withoutJsonV2 = ({ costs, known }: ToolchainChange): InlineText =>
  costs.some(isJson) && known.some((text) => text.includes(NO_JSON_V2))
    ? [' What it costs without json/v2 is measured with ', code('target.buildEnv: { GOEXPERIMENT: nojsonv2 }'), '.']
    : [];

const NO_JSON_V2 = 'GOEXPERIMENT=nojsonv2';

/** What to do about a red run in which no line of code changed. */
export const newGoToDo = ({ verdict, toolchain, metrics }: ScenarioComparison): InlineText | null => {
  const [first] = metrics.filter((metric) => metric.gate && metric.verdict === 'regressed');
  if (verdict !== 'regressed' || toolchain?.isOnly !== true || first === undefined) return null;
  if (toolchain.versions.base === toolchain.versions.head)
    return [
      'Nothing but the go line of go.mod has changed: a ',
      code('godebug'),
      ' line there keeps a setting as it was.',
    ];
  return [
    'Nothing but Go has changed. To take the new one as it is, accept the difference, or give such changes a limit of their own with ',
    code(`gates.${first.metric}.toolchain`),
    '.',
    ...withoutJsonV2(toolchain),
  ];
};
