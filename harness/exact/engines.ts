/** Which engines count here, and which of them counts for whom. */
import { type CoverEngine, probeCover } from './cover.ts';
import { type PerfEngine, probePerf } from './perf.ts';
import { type Missing, type ProbeRequest, probeQemu, type QemuEngine } from './qemu.ts';

export interface Engines {
  readonly perf: PerfEngine | Missing;
  readonly qemu: QemuEngine | Missing;
  readonly cover: CoverEngine | Missing;
}

export type CountingEngine = QemuEngine | PerfEngine | CoverEngine;

export const isMissing = (engine: CountingEngine | Missing): engine is Missing => 'reason' in engine;

/** Tries all; takes a second or two the first time, when the plugin and the helper are compiled. */
export const probeEngines = async (request: ProbeRequest): Promise<Engines> => ({
  perf: await probePerf(request),
  qemu: await probeQemu(request),
  cover: await probeCover(request),
});

/**
 * The one that tells most: the emulator sees a change of 0.1 % and its function; the CPU's counter sees one of 2 %, in
 * totals; Go's coverage counters see calls alone. Missing is what the best would take.
 */
export const chooseEngine = ({ qemu, perf, cover }: Engines): CountingEngine | Missing =>
  [qemu, perf, cover].find((engine): engine is CountingEngine => !isMissing(engine)) ?? qemu;
