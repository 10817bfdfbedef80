/** A file that both sides write to: what one does the other may read, wait for or fail on. */
import { TargetStartError } from '../../errors.ts';
import { type RunningTarget, writtenFiles } from '../../service/index.ts';
import type { Session } from './session.ts';

const MOST_NAMED = 3;

export const sharedText = (paths: readonly string[]): string => {
  const named = paths.slice(0, MOST_NAMED).join(', ');
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : '';
  return `both sides have ${named}${more} open for writing`;
};

const HINT =
  'Give each side its own: a path below ${tmp} in target.args, target.env or a configuration file, or its folder in target.private.';

/**
 * Before the first launch goes on: throws a {@link TargetStartError} where the sides can still be measured one after the
 * other, and notes it where the scenario wants them together.
 */
export const requireOwnFiles = async (session: Session, started: readonly RunningTarget[]): Promise<void> => {
  const [one, other] = started;
  const { launches, settings, plan, notes } = session;
  if (one === undefined || other === undefined || launches.length > 0 || settings.mode !== 'together') return;
  const [left, right] = await Promise.all([writtenFiles(one.pid), writtenFiles(other.pid)]);
  const shared = [...left].flatMap(([key, path]) => (right.has(key) ? [path] : [])).toSorted();
  if (shared.length === 0) return;
  if (plan.scenario.target.sides === 'auto') throw new TargetStartError('FILES_SHARED', sharedText(shared), HINT);
  const text = sharedText(shared);
  notes.add(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}: each may cost what the other does. ${HINT}`);
};
