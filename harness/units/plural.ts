/** A number of things, with the noun that fits it. */
import { formatCount } from './quantity.ts';

/** `1 launch`, `1,200 launches`; `many` where an s alone does not make it. */
export const formatNumberOf = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${Math.round(count) === 1 ? one : many}`;
