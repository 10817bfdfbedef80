/**
 * One side alone, without measuring: built and started as a run builds and starts it, prepared, and asked each request
 * once. For `doctor`, and for what has no other side yet.
 */
import type { AgentHello } from '../../capture/index.ts';
import type { FailedRequest, Side } from '../../model/index.ts';
import type { Binary } from '../../service/index.ts';
import { attachSides, launchSpecOf, withLiveSide } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { type Tried, tryRequests } from './trial.ts';

export interface Rehearsal {
  readonly side: Side;
  readonly binary: Binary;
  readonly hello: AgentHello;
  /** From its setup commands to the end of what is sent before the load. */
  readonly startSeconds: number;
  readonly tried: readonly Tried[];
  readonly failed: readonly FailedRequest[];
}

/** The session's builds of both sides are this one's. Throws what starting throws. */
export const rehearseSide = async (session: Session, side: Side, binary: Binary): Promise<Rehearsal> => {
  const linked = { linkSeed: binary.linkSeed, binaries: { base: binary, head: binary } };
  const place = launchSpecOf(session, 1, linked);
  return withLiveSide(session, place, side, 0, async (live, startSeconds) => {
    await attachSides(session, place, { [side]: live }, 1);
    const tried = await tryRequests(session, place.lane, side);
    return { side, binary, hello: live.agent.hello, startSeconds, tried, failed: place.lane.loader.failedRequests() };
  });
};
