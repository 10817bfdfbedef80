/** Names of functions as scenarios write them. */
import { collapseGenerics } from '../../profile/index.ts';

/** Any text; a star behind a bracket is that of a pointer: `(*cache)`. */
const WILDCARD = /(?<!\()\*/;

const literally = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

/** Whether the pattern may fit several functions. */
export const isWild = (pattern: string): boolean => WILDCARD.test(collapseGenerics(pattern));

/** By canonical name: type arguments count as little as in reports. */
export const fits = (pattern: string): ((name: string) => boolean) => {
  const parts = collapseGenerics(pattern).split(WILDCARD).map(literally);
  const whole = new RegExp(`^${parts.join('.*')}$`, 's');
  return (name) => whole.test(collapseGenerics(name));
};
