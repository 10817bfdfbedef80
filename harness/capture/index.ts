/**
 * Reads what a running service costs: its counters and profiles through the agent inside it, its CPU time and the
 * machine's state from the kernel. In: process ids and the agent's socket folder. Out: counter readings at edges, the
 * differences between two of them, profile bytes as Go gave them, and the facts of this machine. It decides nothing and
 * starts nothing; where the system does not say (no `/proc`, no permission), a value is absent.
 */
export { type Agent, type AgentAddress, AgentRefusedError, connectAgent, type ProfileRates } from './agent.ts';
export { AgentLostError } from './agent-connection.ts';
export type { AgentCounters, AgentHello, CpuProfile, GoroutinePeak, ProcessUsage } from './agent-replies.ts';
export {
  agreeOnCpu,
  cpuSourceFor,
  type Edge,
  type EdgeTarget,
  type OwnCost,
  processCpuNs,
  readEdge,
  readSideEdge,
  type SideEdge,
  type SideWindow,
  sideWindow,
  windowCounters,
} from './edge.ts';
export { joinAgents } from './joined-agents.ts';
export { fingerprintOf, hostEnvironment, type HostFacts } from './environment.ts';
export { type HostEdge, hostWindow, readHostEdge } from './host-window.ts';
export {
  allowedCpuLists,
  type HostUsage,
  hostUsage,
  peakRssBytes,
  type ThreadTimes,
  threadTimes,
  usedByUs,
} from './proc.ts';
