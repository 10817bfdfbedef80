/** What started the CI job that godyno runs in, as far as it says what a change is compared with. */
export type JobEvent = (PullRequestJob | MergeGroupJob | PushJob | { readonly kind: 'other' }) & {
  /** The commit that CI says the job is about; null where it says none. */
  readonly commit: string | null;
  /** Of the repository; null where the event does not say. */
  readonly defaultBranch: string | null;
};

export interface PullRequestJob {
  readonly kind: 'pull request';
  readonly number: number;
  readonly headCommit: string;
  /** `owner/name` it comes from; null when that is gone. */
  readonly headRepository: string | null;
  readonly baseBranch: string;
  /** Tip of the base branch when the event happened. */
  readonly baseCommit: string;
  readonly baseRepository: string;
  /** Where the base repository is cloned from; null where the event does not say. */
  readonly baseUrl: string | null;
}

export interface MergeGroupJob {
  readonly kind: 'merge group';
  readonly headCommit: string;
  readonly baseBranch: string;
  /** What the group is merged onto. */
  readonly baseCommit: string;
}

export interface PushJob {
  readonly kind: 'push';
  readonly branch: string;
  /** What the branch pointed to before; null when the push made or rewrote it. */
  readonly before: string | null;
}
