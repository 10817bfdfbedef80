/** How a campaign is told what to run: `name[:size][:flag…]=runs`, such as `cpu:1:tight:noise=10`. */

export interface CampaignWord<Flag extends string> {
  readonly name: string;
  /** The one number between the colons; null without one. */
  readonly size: number | null;
  readonly flags: ReadonlySet<Flag>;
  readonly runs: number;
}

/** `usage` follows "write" in the error: a word with another form, a flag that is none, two sizes, no runs. */
export const parseCampaignWord = <Flag extends string>(
  word: string,
  flags: readonly Flag[],
  usage: string,
): CampaignWord<Flag> => {
  const [, name = '', middle = '', runs = ''] = /^([a-z][a-z-]*)((?::[^:=]+)*)=([1-9]\d*)$/.exec(word) ?? [];
  const parts = middle.split(':').slice(1);
  const known = flags.filter((flag) => parts.includes(flag));
  const sizes = parts.filter((part) => /^-?\d+(\.\d+)?$/.test(part));
  if (name === '' || sizes.length > 1 || known.length + sizes.length < parts.length) {
    throw new Error(`"${word}" says nothing that can be run; write ${usage}`);
  }
  return { name, size: sizes[0] === undefined ? null : Number(sizes[0]), flags: new Set(known), runs: Number(runs) };
};
