/** speedscope's file format, https://www.speedscope.app/file-format-schema.json: one sampled profile per source. */
import { visibleText } from '../text/escape.ts';
import { pathTo, type StackSource, stackTree } from '../render/stacks.ts';
import { valueIndex } from '../../profile/index.ts';

export interface NamedStacks extends StackSource {
  /** Shown in speedscope's list of profiles, e.g. `demo cpu head`. */
  readonly title: string;
}

const UNITS: Readonly<Record<string, string>> = { nanoseconds: 'nanoseconds', bytes: 'bytes' };

const unitOf = (source: StackSource): string => {
  const type = source.profile.sampleTypes[valueIndex(source.profile, source.valueType)];
  return UNITS[type?.unit ?? ''] ?? 'none';
};

/** Negative values (of a difference) have no place in this format and are left out. */
export const exportSpeedscope = (title: string, sources: readonly NamedStacks[]): string => {
  const tree = stackTree(sources);
  const profiles = sources.map((source, side) => {
    const own = tree.self[side] ?? [];
    const nodes = own.flatMap((value, node) => (value > 0 && node > 0 ? [node] : []));
    return {
      type: 'sampled',
      name: visibleText(source.title),
      unit: unitOf(source),
      startValue: 0,
      endValue: nodes.reduce((sum, node) => sum + (own[node] ?? 0), 0),
      samples: nodes.map((node) => pathTo(tree, node)),
      weights: nodes.map((node) => own[node] ?? 0),
    };
  });
  return JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name: visibleText(title),
    exporter: 'godyno',
    activeProfileIndex: 0,
    shared: { frames: tree.names.map((name) => ({ name: visibleText(name) })) },
    profiles,
  });
};
