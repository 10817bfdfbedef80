/** What became of the requests of one side in one window. Mutable: it is written to for every request. */
import type { LatencySummary, RequestSpec, RouteWindow } from '../../model/index.ts';
import { expectedStatus } from '../answers/expected.ts';
import { createHistogram, type LatencyHistogram, mergeHistograms, recordSpan, summarize } from './histograms.ts';
import type { WindowLoad } from '../plan/messages.ts';

interface RouteTally {
  readonly name: string;
  /** Status → 1 when the scenario expects it. */
  readonly expected: Uint8Array;
  readonly service: LatencyHistogram;
  readonly response: LatencyHistogram;
  readonly lag: LatencyHistogram;
  answered: number;
}

/** One request's life, in milliseconds of the monotonic clock; `plannedMs` is NaN in a closed loop. */
export interface RequestTimes {
  readonly route: number;
  readonly plannedMs: number;
  readonly sentMs: number;
  /** Answered with an expected status, but not as it should be. */
  readonly wrong: boolean;
}

export class SideTally {
  planned = 0;
  answered = 0;
  lost = 0;
  timedOut = 0;
  failed = 0;
  readonly #failedStatus = new Map<string, number>();
  readonly #routes: readonly RouteTally[];

  constructor(requests: readonly RequestSpec[]) {
    this.#routes = requests.map((request) => ({
      name: request.name,
      expected: expectedStatus(request),
      service: createHistogram(),
      response: createHistogram(),
      lag: createHistogram(),
      answered: 0,
    }));
  }

  /** For the next window; the histograms are large enough to be worth keeping. */
  reset(): void {
    this.planned = this.answered = this.lost = this.timedOut = this.failed = 0;
    this.#failedStatus.clear();
    for (const route of this.#routes) {
      route.answered = 0;
      for (const histogram of [route.service, route.response, route.lag]) {
        if (histogram.totalCount > 0) histogram.reset();
      }
    }
  }

  /** Returns whether the status was an expected one. */
  countAnswer(request: RequestTimes, status: number, nowMs: number): boolean {
    this.answered++;
    const route = this.#routes[request.route];
    if (route === undefined) return false;
    route.answered++;
    recordSpan(route.service, request.sentMs, nowMs);
    if (!Number.isNaN(request.plannedMs)) {
      recordSpan(route.response, request.plannedMs, nowMs);
      recordSpan(route.lag, request.plannedMs, request.sentMs);
    }
    const isExpected = route.expected[status] === 1;
    if (isExpected && !request.wrong) return true;
    this.failed++;
    const key = isExpected ? `${status} with a wrong body` : String(status);
    this.#failedStatus.set(key, (this.#failedStatus.get(key) ?? 0) + 1);
    return false;
  }

  /** The connection ended before an answer: there is no latency to record. */
  countLost(): void {
    this.lost++;
  }

  /** Someone waited this long for nothing: in the open model that belongs into the response time. */
  countTimeout(request: RequestTimes, nowMs: number): void {
    this.timedOut++;
    const route = this.#routes[request.route];
    if (route !== undefined && !Number.isNaN(request.plannedMs)) recordSpan(route.response, request.plannedMs, nowMs);
  }

  get pending(): number {
    return this.planned - this.answered - this.lost - this.timedOut;
  }

  lagHistograms(): readonly LatencyHistogram[] {
    return this.#routes.map((route) => route.lag);
  }

  summarize(): WindowLoad {
    const routes: readonly RouteWindow[] = this.#routes.map((route) => ({
      route: route.name,
      answered: route.answered,
      service: summarize(route.service),
      response: summarize(route.response),
      lag: summarize(route.lag),
    }));
    return {
      planned: this.planned,
      answered: this.answered,
      lost: this.lost,
      timedOut: this.timedOut,
      failed: this.failed,
      failedStatus: Object.fromEntries(this.#failedStatus),
      service: this.#overRoutes('service', routes),
      response: this.#overRoutes('response', routes),
      routes,
    };
  }

  #overRoutes(kind: 'service' | 'response', routes: readonly RouteWindow[]): LatencySummary | null {
    const [only] = routes;
    if (only !== undefined && routes.length === 1) return only[kind];
    return summarize(mergeHistograms(this.#routes.map((route) => route[kind])));
  }
}
