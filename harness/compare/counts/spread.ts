/** How far the values of launches lie apart. */
import type { BySide } from '../../model/index.ts';

export const range = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);

/** No launch of one side lies among the other's. */
export const isApart = ({ base, head }: BySide<readonly number[]>): boolean =>
  Math.min(...head) > Math.max(...base) || Math.max(...head) < Math.min(...base);
