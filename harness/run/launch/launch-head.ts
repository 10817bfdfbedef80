/** What every launch with both sides alive says of itself, whatever was measured in it. */
import { bothSides, type Launch, type Stage } from '../../model/index.ts';
import type { LaunchSpec, LivePair } from './running-pair.ts';

/** `startedMs`: of performance.now(), when the launch began. */
export const launchHead = <S extends Stage>(place: LaunchSpec, live: LivePair, stage: S, startedMs: number) => ({
  index: place.index,
  stage,
  linkSeed: place.linked.linkSeed,
  firstSide: place.firstSide,
  startSeconds: live.startSeconds,
  wallSeconds: (performance.now() - startedMs) / 1000,
});

/** Of a launch that neither counts growth nor keeps profiles. */
export const bareSides = (live: LivePair): Launch['sides'] =>
  bothSides((side) => ({
    pid: live.sides[side].target.servingPids[0],
    growth: null,
    profiles: {},
    profiled: { requests: 0 },
  }));
