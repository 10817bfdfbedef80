/**
 * Sends the scenario's requests to both sides; sole owner of autocannon and hdr-histogram-js.
 *
 * Wings: `plan` is what will be sent, and the messages that carry it to the loader's process; `traffic` sends it and
 * keeps time; `answers` reads and checks what comes back; `prepare` sends the requests before the load.
 *
 * In: targets, a seeded plan, and for each window how many requests or for how long. Out: exact counts and three µs
 * histograms per route and window, and how well the loader did. It runs in a pinned process of its own; what it sends is
 * a pure function of the seed and the request's number.
 */
export { startLoader, type Loader, type LoaderSpec } from './loader.ts';
export type {
  ClosedLoop,
  LoadPlan,
  LoadTarget,
  LoadTargets,
  LoadUser,
  OpenLoop,
  PairLoad,
  SingleLoad,
  SingleLoop,
  WindowLoad,
} from './plan/messages.ts';
export { sendPrepare, type Preparation, type PreparedRequest } from './prepare/prepare.ts';
export { requestsDigest } from './plan/requests-digest.ts';
export { firstOfEach, numbersByRoute } from './plan/schedule.ts';
export { loaderEngine } from './traffic/engine.ts';
export { capturedBy, cellsOf, encodedAlready } from './plan/encoded-already.ts';
