/** Limits as sentences name them: out of the table, so that no sentence keeps an old one. */
import { formatPercent } from '../units/index.ts';
import { ALTERNATE_LIMITS, METRICS, ONE_LAYOUT_LIMITS } from './table.ts';

/** The smallest ratio that fails, and the one that "unchanged" rules out. */
export interface RatioLimits {
  readonly practicalRatio: number;
  readonly equivalentRatio: number;
}

/** `3 and 6 %`. */
export const limitsText = ({ practicalRatio, equivalentRatio }: RatioLimits): string =>
  `${formatPercent(practicalRatio).replace(' %', '')} and ${formatPercent(equivalentRatio)}`;

export const ONE_LAYOUT_TEXT = limitsText(ONE_LAYOUT_LIMITS);

/** Of sides that were measured one after the other. */
export const ALTERNATE_TEXT = limitsText(ALTERNATE_LIMITS);

/** Of CPU otherwise. */
export const USUAL_TEXT = limitsText(METRICS.cpuNsPerRequest);
