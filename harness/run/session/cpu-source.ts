/** Which count of CPU time this machine offers; asked of a process that certainly has used some: ourselves. */
import { cpuSourceFor } from '../../capture/index.ts';
import type { CpuSource } from '../../model/index.ts';

export const chooseCpuSource = (): CpuSource => cpuSourceFor({ pid: process.pid });
