/** What was replayed, as a short text that is another one when anything of it is: the mix, its order, its data. */
import { createHash } from 'node:crypto';
import type { RequestSpec } from '../../model/index.ts';
import type { LoadPlan } from './messages.ts';
import { createSchedule } from './schedule.ts';

const asSent = ({ method, path, headers, body }: RequestSpec): string => JSON.stringify([method, path, headers, body]);

/** sha256 (hex, 16 digits) of the first `count` requests before values of a side (its port, what it was answered). */
export const requestsDigest = (plan: Pick<LoadPlan, 'seed' | 'requests' | 'data'>, count: number): string => {
  const { seed, requests, data } = plan;
  const rows = data?.rows.length ?? 0;
  const schedule = createSchedule({ seed, weights: requests.map(({ weight }) => weight), rows });
  const texts = requests.map(asSent);
  const hash = createHash('sha256');
  for (let number = 0; number < count; number++) {
    const row = rows === 0 ? [] : (data?.rows[schedule.rowOf(number)] ?? []);
    hash.update(JSON.stringify([texts[schedule.routeOf(number)], row]));
  }
  return hash.digest('hex').slice(0, 16);
};
