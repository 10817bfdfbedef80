/**
 * A sentence before it is drawn: plain words and names. Words may come from anywhere (reasons quote the target), names
 * are code (functions, scenarios, files); each renderer makes both harmless in its own medium.
 */
import { visibleText } from './escape.ts';

export type InlinePart = string | { readonly code: string };
export type InlineText = readonly InlinePart[];

/** A name as code. */
export const code = (name: string): InlinePart => ({ code: name });

/** One line for terminals, logs and titles: names in backticks, no control characters. */
export const plainText = (rich: InlineText): string =>
  rich
    .map((part) => (typeof part === 'string' ? visibleText(part) : `\`${visibleText(part.code).trim()}\``))
    .join('')
    .trim();
