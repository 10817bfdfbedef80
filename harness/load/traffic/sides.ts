/** One side inside the loader process: its connections, what is sent to it, and what is counted of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { InternalError, TargetStartError } from '../../errors.ts';
import { addressOf, type Endpoint, type LoaderWindow, type Side } from '../../model/index.ts';
import { type Inspection, inspectionOf } from '../answers/inspector.ts';
import { Witness } from '../answers/witness.ts';
import type { LoadPlan, LoadTarget } from '../plan/messages.ts';
import { compileRequests, type RequestBytes } from '../plan/requests.ts';
import type { Schedule } from '../plan/schedule.ts';
import { usersOf } from '../plan/users.ts';
import { type Connection, type Driver, openConnections } from './connection.ts';
import { mergeHistograms } from './histograms.ts';
import { SideTally } from './tally.ts';
import { MAX_REFUSALS, QUIET } from './window.ts';

const CONNECT_SECONDS = 10;
const CONNECT_POLL_MS = 1;

export interface SideState {
  readonly side: Side;
  readonly endpoint: Endpoint;
  readonly authority: string;
  readonly bytesOf: RequestBytes;
  readonly tally: SideTally;
  readonly witness: Witness;
  readonly inspection: Inspection | null;
  readonly connections: Connection[];
  refusal: NodeJS.ErrnoException | undefined;
}

export const newSide = (side: Side, target: LoadTarget, plan: LoadPlan, schedule: Schedule): SideState => {
  const users = usersOf(target);
  return {
    side,
    endpoint: target,
    authority: addressOf(target),
    bytesOf: compileRequests(plan, target, schedule, users),
    tally: new SideTally(plan.requests),
    witness: new Witness(side, plan.requests),
    inspection: inspectionOf(plan, users),
    connections: [],
    refusal: undefined,
  };
};

const unreachable = (state: SideState, what: string): TargetStartError =>
  new TargetStartError(
    'TARGET_UNREACHABLE',
    `The ${state.side} target at ${state.authority} ${what}`,
    'Check that it listens on the address of target.ready, and its log.',
  );

export const openTo = (state: SideState, count: number): void => {
  const missing = count - state.connections.length;
  if (missing <= 0) return;
  const driver: Driver = {
    ...QUIET,
    refused: (_connection, attempts, error) => {
      if (attempts >= MAX_REFUSALS) state.refusal = error;
    },
  };
  const { endpoint, side, connections } = state;
  connections.push(...openConnections(endpoint, side, connections.length, missing, driver, state));
};

export const awaitIdle = async (states: readonly SideState[]): Promise<void> => {
  const deadlineMs = performance.now() + CONNECT_SECONDS * 1000;
  for (const state of states) {
    while (!state.connections.every((connection) => connection.idle)) {
      if (state.refusal !== undefined) throw unreachable(state, `refuses connections: ${state.refusal.message}`);
      if (performance.now() > deadlineMs) throw unreachable(state, `had no connection to give in ${CONNECT_SECONDS} s`);
      await delay(CONNECT_POLL_MS);
    }
  }
};

export const lagOf = (states: readonly SideState[]): Partial<LoaderWindow> => {
  const lag = mergeHistograms(states.flatMap(({ tally }) => tally.lagHistograms()));
  if (lag.totalCount === 0) return {};
  return { lagP50Us: lag.getValueAtPercentile(50), lagP99Us: lag.getValueAtPercentile(99) };
};

export const uncounted = (state: SideState): InternalError =>
  new InternalError(
    'LOAD_UNACCOUNTED',
    `${state.side}: ${state.tally.planned} requests planned, ${state.tally.pending} of them unaccounted for`,
  );
