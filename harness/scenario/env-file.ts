/**
 * Files of `NAME=value` lines, as Docker and dotenv read them in their common part. `parseEnv` of node:util (24.21) is no
 * help here: it passes over lines that are wrong, cuts `a#b` to `a` and `"a \"b\""` at its second quote, and gives a name
 * whose value is only spaces the whole next line.
 */
import type { FileProblem } from './csv.ts';

const LINE = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/;
const QUOTED = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')(?:\s+#.*)?$/;

/** `${…}` with the dollar that keeps it from being filled in. */
const literal = (value: string): string => value.replaceAll(/\$\{[^}]*\}/g, (whole) => `$${whole}`);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** The value a line gives; undefined when its quotes do not match. */
const readValue = (text: string): string | undefined => {
  const [, double, single] = QUOTED.exec(text) ?? [];
  if (double !== undefined) return double.replaceAll(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
  if (single !== undefined) return single;
  return /^["']/.test(text) ? undefined : text.replace(/(?:^|\s+)#.*$/, '');
};

/** Names and values of `text`, placeholders escaped because such files are taken literally; or what is wrong. */
export const parseEnvFile = (text: string): Readonly<Record<string, string>> | FileProblem[] => {
  const entries: [string, string][] = [];
  const problems: FileProblem[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .forEach((line, index) => {
      if (/^\s*(?:#|$)/.test(line)) return;
      const [, name, rest = ''] = LINE.exec(line) ?? [];
      const value = name === undefined ? undefined : readValue(rest);
      if (name !== undefined && value !== undefined) entries.push([name, literal(value)]);
      else {
        const message =
          name === undefined ? 'expected a line such as NAME=value' : `the quotes of ${name} do not match`;
        problems.push({ line: index + 1, message });
      }
    });
  return problems.length > 0 ? problems : Object.fromEntries(entries);
};
