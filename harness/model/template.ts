/**
 * `${name}` placeholders in arguments, environment, paths, headers and bodies. `$${` stands for a literal `${`.
 */
const PLACEHOLDER = /\$?\$\{([^}]*)\}/g;

/** Names of the placeholders in `text`, in order, repeats included. */
export const placeholdersOf = (text: string): readonly string[] =>
  [...text.matchAll(PLACEHOLDER)].filter(([whole]) => !whole.startsWith('$$')).map(([, name]) => name ?? '');

/** Fills `text`; a name for which `valueOf` has nothing stays as it is, so that a caller can name it in a message. */
export const fillTemplate = (text: string, valueOf: (name: string) => string | undefined): string =>
  text.replace(PLACEHOLDER, (whole, name: string) =>
    whole.startsWith('$$') ? whole.slice(1) : (valueOf(name) ?? whole),
  );
