/**
 * `${name}` placeholders in arguments, environment, paths, headers and bodies. `$${` stands for a literal `${`.
 *
 * In requests a value is encoded for where it stands; `${raw:name}`, `${url:name}` and `${json:name}` say how instead.
 */
const PLACEHOLDER = /\$?\$\{([^}]*)\}/g;

/** Literal text, or a placeholder in its place. */
export type TemplatePart = string | { readonly placeholder: string };

/** `text` in order, literal parts with their `$${` read as `${`. */
export const templateParts = (text: string): readonly TemplatePart[] => {
  const parts: TemplatePart[] = [];
  let literal = '';
  let at = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const [whole, name = ''] = match;
    literal += text.slice(at, match.index);
    at = match.index + whole.length;
    if (whole.startsWith('$$')) literal += whole.slice(1);
    else {
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push({ placeholder: name });
    }
  }
  literal += text.slice(at);
  return literal === '' ? parts : [...parts, literal];
};

/** Names of the placeholders in `text`, in order, repeats included. */
export const placeholdersOf = (text: string): readonly string[] =>
  templateParts(text).flatMap((part) => (typeof part === 'string' ? [] : [part.placeholder]));

/** Fills `text`; a name for which `valueOf` has nothing stays as it is, so that a caller can name it in a message. */
export const fillTemplate = (text: string, valueOf: (name: string) => string | undefined): string =>
  text.replace(PLACEHOLDER, (whole, name: string) =>
    whole.startsWith('$$') ? whole.slice(1) : (valueOf(name) ?? whole),
  );

/** Encodings that a request's placeholder may name instead of the one for where it stands. */
export const VALUE_ENCODINGS = ['raw', 'url', 'json'] as const;
export type ValueEncoding = (typeof VALUE_ENCODINGS)[number];

export interface RequestPlaceholder {
  readonly name: string;
  /** null: as where it stands. */
  readonly encoding: ValueEncoding | null;
}

/** `raw:data.name` → `data.name`, raw. A prefix that is no encoding belongs to the name. */
export const requestPlaceholder = (written: string): RequestPlaceholder => {
  const colon = written.indexOf(':');
  const encoding = VALUE_ENCODINGS.find((known) => known === written.slice(0, Math.max(0, colon)));
  return encoding === undefined ? { name: written, encoding: null } : { name: written.slice(colon + 1), encoding };
};
