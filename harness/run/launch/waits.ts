/** What requests waited for in a slice, from the snapshots of both sides' profiles of waits around it. */
import { type BySide, bothSides, SIDES, type WindowCounters } from '../../model/index.ts';
import {
  decodeProfile,
  lockWaits,
  type Profile,
  ProfileError,
  requestWaits,
  servingFunctions,
  subtractProfile,
  valueColumn,
} from '../../profile/index.ts';
import type { Session } from '../session/session.ts';

/** The block profile at the begin and at the end of a slice, as Go wrote it. */
export interface WaitBytes {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

type WaitCounters = Pick<WindowCounters, 'requestBlockNs' | 'requestLockNs'>;

const delayNs = (profile: Profile): number => valueColumn(profile, 'delay').reduce((sum, ns) => sum + ns, 0);

/** By what both sides know of the functions that serve requests: what counts on one, counts on the other. */
export const requestWaitNs = (slices: BySide<Profile>): BySide<WaitCounters> => {
  const serving = servingFunctions(SIDES.map((side) => slices[side]));
  return bothSides((side) => {
    const waits = requestWaits(slices[side], serving);
    return { requestBlockNs: delayNs(waits), requestLockNs: delayNs(lockWaits(waits)) };
  });
};

const sliceOf = ({ before, after }: WaitBytes): Profile =>
  subtractProfile(decodeProfile(after, 'block'), decodeProfile(before, 'block'));

/** Nothing, with a note, where one of the snapshots cannot be read. */
export const waitCounters = (session: Session, taken: BySide<WaitBytes>): BySide<WaitCounters> => {
  try {
    return requestWaitNs(bothSides((side) => sliceOf(taken[side])));
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    session.notes.add(`Waiting of requests is not known in every launch: ${error.message}.`);
    return { base: {}, head: {} };
  }
};
