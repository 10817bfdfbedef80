/** What `godyno doctor` says of how both sides of a target are alive in a run on this machine. */
import type { WayOfSides } from '../../run/index.ts';
import { formatDuration } from '../../units/index.ts';
import { ALTERNATE_TEXT, USUAL_TEXT } from '../../metrics/index.ts';
import { type Check, ok, warn } from './check.ts';

const MOVED = 'which the service insists on, moved to free ones (package net of the measured builds does it)';

/** Where it is known what keeps them apart, what to do about it. */
const ADVICE =
  `Limits of CPU are ${ALTERNATE_TEXT} then instead of ${USUAL_TEXT}, and latency is not judged. ` +
  'What both sides want goes by a placeholder: a port is ${port} or ${port.NAME}, a file or folder lies below ${tmp}, or is in target.private.';

export const wayChecks = (name: string, way: WayOfSides): readonly Check[] => {
  if (way.kind === 'alternate') return [warn(name, `run one after the other: ${way.why}`, ADVICE)];
  const ports = way.moved.length === 1 ? `port ${way.moved[0]}` : `ports ${way.moved.join(', ')}`;
  const moved = way.moved.length === 0 ? '' : `, ${ports}, ${MOVED}`;
  const atOnce = way.launchesAtOnce === 1 ? '' : '; two launches at a time';
  return [
    ok(name, `run side by side${moved}; both ready in ${formatDuration(way.startSeconds)}${atOnce}`),
    ...way.notes.map((note) => warn(name, note, '')),
  ];
};
