/** Patterns of -test.bench that mean one benchmark, or what somebody asked for. */

/** Go's regexp.QuoteMeta. */
const quoted = (text: string): string => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** That benchmark and no other: element by element, as Go matches them. */
export const patternOf = (name: string): string =>
  name
    .split('/')
    .map((element) => `^${quoted(element)}$`)
    .join('/');

/** Top-level part and what follows, at the first slash outside of brackets (Go's splitRegexp). */
const splitPattern = (expression: string): readonly [top: string, rest: string | null] => {
  let brackets = 0;
  let parentheses = 0;
  for (let at = 0; at < expression.length; at++) {
    const character = expression[at];
    if (character === '\\') at++;
    else if (character === '[') brackets++;
    else if (character === ']') brackets = Math.max(0, brackets - 1);
    else if (character === '(' && brackets === 0) parentheses++;
    else if (character === ')' && brackets === 0) parentheses--;
    else if (character === '/' && brackets === 0 && parentheses === 0) {
      return [expression.slice(0, at), expression.slice(at + 1)];
    }
  }
  return [expression, null];
};

/** For -test.list: which top-level benchmarks. */
export const topOf = (expression: string): string => splitPattern(expression)[0];

/** For -test.bench: one top-level benchmark, and of its sub-benchmarks those asked for. */
export const withinTop = (top: string, expression: string): string => {
  const [, rest] = splitPattern(expression);
  return rest === null ? patternOf(top) : `${patternOf(top)}/${rest}`;
};
