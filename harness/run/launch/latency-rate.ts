/** At which steady rate latency is measured. */
import { UsageError } from '../../errors.ts';
import type { Session } from '../session/session.ts';
import type { RequestRate } from './warm-up.ts';

/** `auto`: this share of what both sides together carried in couples. */
const LATENCY_RATE_RATIO = 0.4;
/** More than this for both sides together is a queue, not a latency. */
const LATENCY_MOST_RATIO = 0.6;
/** On two cores the loader stays punctual up to here. */
const LATENCY_MOST_PER_SECOND = 1000;

/** null: there is no latency phase here. Throws {@link UsageError} for a rate that would measure the queue. */
export const latencyRateOf = (session: Session, { couplesPerSecond }: RequestRate): number | null => {
  const { latency } = session.plan.scenario.load;
  if (latency === null || !session.settings.pinned || session.settings.mode === 'alternate') return null;
  if (latency === 'auto') {
    return Math.max(1, Math.min(LATENCY_MOST_PER_SECOND, couplesPerSecond * LATENCY_RATE_RATIO));
  }
  const mostPerSide = couplesPerSecond * LATENCY_MOST_RATIO;
  if (latency.ratePerSecond > mostPerSide) {
    throw new UsageError(
      'RATE_TOO_HIGH',
      `load.latency.rate is ${latency.ratePerSecond}/s per side; base and head together carry about ${Math.floor(couplesPerSecond)}/s per side here, and above ${Math.floor(mostPerSide)}/s one measures the queue`,
      `Set load.latency.rate to ${Math.floor(mostPerSide)}/s or less, or leave it out.`,
    );
  }
  return latency.ratePerSecond;
};
