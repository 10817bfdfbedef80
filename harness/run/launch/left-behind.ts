/** What requests leave behind in a launch: all goroutines before its windows and after them, with none in flight. */
import { AgentRefusedError } from '../../capture/index.ts';
import { type BySide, bothSides, type GoroutinesLeft, type Side, SIDES } from '../../model/index.ts';
import { leftBehind, parseGoroutines, ProfileError } from '../../profile/index.ts';
import type { LivePair } from './running-pair.ts';
import { askBoth, type Warmed } from './warm-up.ts';

/** Some 2,000 goroutines; the world stands still while they are written. */
const MOST_BYTES = 1 << 20;

export interface Census {
  /** null: it could not be had. */
  readonly texts: BySide<string | null>;
  readonly takenMs: number;
}

/** Services of several processes have none, nor those with very many goroutines: nothing but this is lost. */
const textOrNull = async (live: LivePair, side: Side): Promise<string | null> => {
  try {
    return await live.sides[side].agent.stacks(MOST_BYTES);
  } catch (error) {
    if (!(error instanceof AgentRefusedError)) throw error;
    return null;
  }
};

export const takeCensus = async (live: LivePair): Promise<Census> => {
  const texts = await askBoth(live, async (side) => textOrNull(live, side));
  return { texts, takenMs: performance.now() };
};

/** By the counters, which are read anyway. */
const hasGrown = (live: LivePair, warmed: Warmed, now: BySide<number>): boolean =>
  SIDES.some((side) => now[side] > warmed.collected[side].goroutines);

const compared = (earlier: string | null, later: string | null, seconds: number): GoroutinesLeft | null => {
  if (earlier === null || later === null) return null;
  try {
    return { seconds, stacks: leftBehind(parseGoroutines(earlier), parseGoroutines(later)) };
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return null;
  }
};

/** Looks again only where there are more goroutines than there were; null: there are not. */
export const sinceCensus = async (
  live: LivePair,
  earlier: Census,
  warmed: Warmed,
  now: BySide<number>,
): Promise<BySide<GoroutinesLeft | null>> => {
  if (!hasGrown(live, warmed, now)) return { base: null, head: null };
  const later = await takeCensus(live);
  const seconds = (later.takenMs - earlier.takenMs) / 1000;
  return bothSides((side) => compared(earlier.texts[side], later.texts[side], seconds));
};
