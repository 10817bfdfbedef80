/** Folded stacks, `root;child;leaf 42`, as flamegraph.pl and its descendants read them. */
import { visibleText } from '../text/escape.ts';
import { pathTo, type StackSource, stackTree } from '../render/stacks.ts';

/** `;` ends a frame and the last blank ends the stack, so neither may be part of a name. */
const frameName = (name: string): string => visibleText(name).replaceAll(';', ':').replaceAll(' ', '_');

/** One line per distinct stack, values rounded to whole numbers (the format knows no others), zero ones left out. */
export const exportFolded = (source: StackSource): string => {
  const tree = stackTree([source]);
  const names = tree.names.map(frameName);
  const lines = (tree.self[0] ?? []).flatMap((value, node) => {
    const weight = Math.round(value);
    if (weight === 0 || node === 0) return [];
    return [
      `${pathTo(tree, node)
        .map((name) => names[name])
        .join(';')} ${weight}\n`,
    ];
  });
  return lines.toSorted().join('');
};
