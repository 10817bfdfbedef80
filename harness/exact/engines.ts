/** Which engines count here, in the order of preference. */
import { type PerfEngine, probePerf } from './perf.ts';
import { type Missing, type ProbeRequest, probeQemu, type QemuEngine } from './qemu.ts';

export interface Engines {
  readonly qemu: QemuEngine | Missing;
  readonly perf: PerfEngine | Missing;
}

export const isMissing = (engine: QemuEngine | PerfEngine | Missing): engine is Missing => 'reason' in engine;

/** Tries both; takes a second or two the first time, when the plugin and the helper are compiled. */
export const probeEngines = async (request: ProbeRequest): Promise<Engines> => ({
  qemu: await probeQemu(request),
  perf: await probePerf(request),
});
