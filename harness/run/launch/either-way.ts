/** One judged launch, by whichever way the service allows: both sides together, or one after the other. */
import { TargetStartError } from '../../errors.ts';
import { alternateLaunch } from './alternate.ts';
import { ContendedPortsError, moveIfNew, takenPortsIn } from '../session/contended-ports.ts';
import { type JudgedLaunch, judgedLaunch } from './judged.ts';
import { overheadLaunch } from './overhead.ts';
import type { LaunchSpec } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { ALTERNATE_TEXT, USUAL_TEXT } from '../../metrics/index.ts';

/** Both sides at once, or where that is not possible one after the other. */
export const launchOf = async (session: Session, place: LaunchSpec): Promise<JudgedLaunch> => {
  const { profiler } = session.plan;
  if (profiler !== undefined) return overheadLaunch(session, place, profiler);
  if (session.settings.mode === 'alternate') return alternateLaunch(session, place);
  try {
    return await judgedLaunch(session, place);
  } catch (error) {
    if (error instanceof ContendedPortsError) throw error;
    if (error instanceof TargetStartError) moveIfNew(session, takenPortsIn(error.message));
    const first = session.launches.length === 0 && session.plan.scenario.target.sides === 'auto';
    if (!first || !(error instanceof TargetStartError)) throw error;
    return insteadAlternately(session, place, error);
  }
};

/** A side that starts alone but not beside the other cannot run twice; one that does not start alone is broken. */
const insteadAlternately = async (
  session: Session,
  place: LaunchSpec,
  error: TargetStartError,
): Promise<JudgedLaunch> => {
  const together = session.settings;
  session.settings = { ...together, mode: 'alternate' };
  session.lanes = [session.lanes[0]];
  try {
    const launch = await alternateLaunch(session, place);
    session.notes.add(
      `The service does not run twice at once (${howItFailed(error.message)}), so the sides were measured one after the other: limits are ${ALTERNATE_TEXT} instead of ${USUAL_TEXT}, and latency is not judged.`,
    );
    return launch;
  } catch (again) {
    if (!(again instanceof TargetStartError)) throw again;
    session.settings = together;
    throw error;
  }
};

/** The first line says what happened, the last one what the service said last. */
export const howItFailed = (message: string): string => {
  const [first = '', ...output] = message.trim().split('\n');
  return `${first.replace(/\. Its last output:$/, '')}${output.length === 0 ? '' : `: ${output.at(-1)}`}`;
};
