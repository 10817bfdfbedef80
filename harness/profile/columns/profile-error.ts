import { UsageError } from '../../errors.ts';

/** A profile that cannot be read or combined: damaged, hostile, or of another kind. Exit 2, like every bad file. */
export class ProfileError extends UsageError {
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super('PROFILE_BROKEN', message, hint, options);
  }
}

/** What to do about a file that does not decode. */
export const BROKEN_HINT = 'Take the profile again, or check the file with: go tool pprof -top FILE';

/** A file of another format. */
export const notPprof = (name: string, what: string, hint: string): ProfileError =>
  new ProfileError(`${name} is not a pprof profile: it is ${what}`, hint);

/** A file that may have been a profile before it was truncated or damaged. */
export const brokenPprof = (name: string, what: string, options?: ErrorOptions): ProfileError =>
  new ProfileError(`${name} is not a pprof profile, or is damaged: ${what}`, BROKEN_HINT, options);

/** What to do when a profile does not measure what was asked for. */
export const TYPE_HINT = 'Choose one of these; profiles to be compared must be of one kind.';

/** What to do when two profiles do not belong together. */
export const MISMATCH_HINT = 'Give profiles of one kind: two CPU profiles, two heap profiles, …';
