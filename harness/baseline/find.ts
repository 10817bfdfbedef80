import { type BaselineEntry, listBaselinesOf } from './read.ts';

export interface BaselineQuery {
  readonly dir: string;
  readonly scenario: string;
  /** Of the scenario as it is now. */
  readonly digest: string;
  /** Full or abbreviated; any commit when left out. */
  readonly commit?: string;
  /** Of this machine: its own baselines come before newer ones of other machines. */
  readonly fingerprint?: string;
}

/** `none` means that nothing is stored that could be used, and says why; a broken file is an error instead. */
export type BaselineSearch =
  | { readonly kind: 'found'; readonly entry: BaselineEntry }
  | { readonly kind: 'none'; readonly reason: string };

/** The newest baseline of this scenario as it is now. Throws {@link UsageError} when a stored one cannot be read. */
export const findBaseline = async (query: BaselineQuery): Promise<BaselineSearch> => {
  const stored = await listBaselinesOf(query.dir, query.scenario);
  const ofCommit = stored.filter(({ revision }) => revision.revision.startsWith(query.commit ?? ''));
  const usable = ofCommit.filter(({ digest }) => digest === query.digest);
  const entry = usable.findLast(({ fingerprint }) => fingerprint === query.fingerprint) ?? usable.at(-1);
  return entry === undefined
    ? { kind: 'none', reason: whyNone(query, stored.length, ofCommit) }
    : { kind: 'found', entry };
};

const whyNone = (query: BaselineQuery, stored: number, ofCommit: readonly BaselineEntry[]): string => {
  if (stored === 0) return `no baseline of ${query.scenario} is stored in ${query.dir}`;
  const newest = ofCommit.at(-1);
  if (newest === undefined) return `no baseline of ${query.scenario} is of commit ${query.commit?.slice(0, 12)}`;
  return `the scenario ${query.scenario} has changed since its baseline was recorded (${newest.revision.label}, ${newest.createdAt})`;
};
