import type { HostWindow } from '../model/index.ts';
import { type HostUsage, hostUsage, PROC_ROOT, usedByUs } from './proc.ts';

/** The machine at one instant, and our share of it. */
export interface HostEdge {
  readonly atMs: number;
  readonly host: HostUsage | undefined;
  /** CPU time of the given processes and all they started. */
  readonly oursNs: number | undefined;
}

/** `ours`: the harness, the loader and both services; what they start belongs to them. */
export const readHostEdge = (ours: readonly number[], procRoot = PROC_ROOT): HostEdge => ({
  atMs: performance.now(),
  host: hostUsage(procRoot),
  oursNs: usedByUs(ours, procRoot),
});

/** What others did on this machine between two edges; empty where it cannot be known. */
export const hostWindow = (start: HostEdge, end: HostEdge): HostWindow => {
  if (start.host === undefined || end.host === undefined) return {};
  const totalNs = end.host.totalNs - start.host.totalNs;
  const wallNs = (end.atMs - start.atMs) * 1e6;
  if (totalNs <= 0 || wallNs <= 0) return {};
  const stealRatio = (end.host.stealNs - start.host.stealNs) / totalNs;
  if (start.oursNs === undefined || end.oursNs === undefined) return { stealRatio };
  const foreignNs = end.host.busyNs - start.host.busyNs - (end.oursNs - start.oursNs);
  return { stealRatio, foreignCpus: Math.max(0, foreignNs / wallNs) };
};
