/** The parts of a matrix, one scenario or some each, as one comparison with one claim. Pure. */
import { UsageError } from '../errors.ts';
import { type Comparison, worstVerdict } from '../model/index.ts';
import type { Claim } from './claim.ts';
import type { Received } from './untrusted-result.ts';

const refuse = (what: string, hint: string): never => {
  throw new UsageError('MERGE_REFUSED', what, hint);
};

/** What must agree, or the merged report would tell something untrue of one part. */
const AGREEMENTS = [
  { name: 'base', of: ({ base }: Comparison): unknown => base.revision },
  { name: 'head', of: ({ head }: Comparison): unknown => head.revision },
  { name: 'seed', of: ({ seed }: Comparison): unknown => seed },
  { name: 'method', of: ({ method }: Comparison): unknown => method },
] as const;

const requireAgreement = (first: Received, part: Received): void => {
  const differing = AGREEMENTS.find(({ of }) => of(part.comparison) !== of(first.comparison));
  if (differing === undefined) return;
  const { name, of } = differing;
  refuse(
    `${first.where} and ${part.where} differ in ${name}: ${String(of(first.comparison))} and ${String(of(part.comparison))}`,
    'Parts of one report compare the same two revisions with the same --seed.',
  );
};

const requireDistinct = (parts: readonly Received[]): void => {
  const owners = new Map<string, string>();
  for (const { where, comparison } of parts) {
    for (const { scenario } of comparison.scenarios) {
      const other = owners.get(scenario);
      if (other !== undefined)
        refuse(`The scenario ${scenario} is in ${other} and in ${where}`, 'Give each part scenarios of its own.');
      owners.set(scenario, where);
    }
  }
};

const mergedWaivers = (parts: readonly Received[]): Pick<Comparison, 'waivers'> => {
  if (parts.every(({ comparison }) => comparison.waivers === undefined)) return {};
  return {
    waivers: {
      verdictWithout: worstVerdict(
        parts.map(({ comparison }) => comparison.waivers?.verdictWithout ?? comparison.verdict),
      ),
      applied: parts.flatMap(({ comparison }) => comparison.waivers?.applied ?? []),
      remarks: [...new Set(parts.flatMap(({ comparison }) => comparison.waivers?.remarks ?? []))],
    },
  };
};

const mergedNew = (parts: readonly Received[]): Pick<Comparison, 'newOnHead'> => {
  const newOnHead = parts.flatMap(({ comparison }) => comparison.newOnHead ?? []);
  return newOnHead.length === 0 ? {} : { newOnHead };
};

/** One comparison of all parts. Throws UsageError `MERGE_REFUSED` when they do not belong together. */
export const mergeReceived = (parts: readonly Received[]): Comparison => {
  const [first] = parts;
  if (first === undefined) return refuse('There is nothing to merge', 'Name the folders of the parts.');
  for (const part of parts) requireAgreement(first, part);
  requireDistinct(parts);
  const { took, ...common } = first.comparison;
  return {
    ...common,
    // Several parts were measured at the same time, or elsewhere: what one of them took says nothing of the whole.
    ...(parts.length === 1 && took !== undefined && { took }),
    verdict: worstVerdict(parts.map(({ comparison }) => comparison.verdict)),
    scenarios: parts.flatMap(({ comparison }) => comparison.scenarios),
    ...mergedNew(parts),
    ...mergedWaivers(parts),
  };
};

/** The claim of all parts together; null when one has none or they name different pull requests. */
export const mergeClaims = (parts: readonly Received[]): Claim | null => {
  const claims = parts.map(({ claim }) => claim);
  const [first] = claims;
  if (first === undefined || first === null) return null;
  const same = (claim: Claim | null): claim is Claim =>
    claim !== null &&
    claim.repository === first.repository &&
    claim.pullRequest === first.pullRequest &&
    claim.headSha === first.headSha &&
    claim.key === first.key;
  if (!claims.every(same)) return null;
  const args = [...new Set(claims.flatMap((claim) => claim.args))];
  // A part without words measured the default scenarios; the merged line then names none either.
  return { ...first, shard: '', args: claims.some((claim) => claim.args.length === 0) ? [] : args.slice(0, 50) };
};
