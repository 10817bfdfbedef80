/** A `go` command, which may be of a chosen toolchain. */
export interface GoProgram {
  /** `go`, looked up in PATH, or a path. */
  readonly file: string;
  /** What keeps it this toolchain; wins over every other setting. */
  readonly env: Readonly<Record<string, string>>;
}

/** As the user would call it: a `toolchain` line and GOTOOLCHAIN are followed. */
export const USERS_GO: GoProgram = { file: 'go', env: {} };

/** `go list -json` prints objects one after the other, each closed by a brace in the first column. */
export const listedObjects = (text: string): readonly unknown[] =>
  text
    .split(/^\}$/m)
    .filter((part) => part.trim() !== '')
    .map((part): unknown => JSON.parse(`${part}}`));
