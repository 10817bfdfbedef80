/** Functions of the demo that hold a tenth of its CPU and more, made dearer by doing a part of their own work again. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { applyEdits, type Edit } from './demo-variant.ts';

export interface Dearer {
  /** As godyno names it. */
  readonly function: string;
  readonly edits: readonly Edit[];
}

/** `zzAgain` says of 2 in 5 turns that they are to be done once more: 40 %. */
export const DEARER = {
  /** A call that calls itself counts as one, so 2 of 7 come to 40 % more. */
  nearness: {
    function: 'main.nearness',
    edits: [
      {
        file: 'search.go',
        from: 'func nearness(words, terms []string) float64 {\n',
        to: 'func nearness(words, terms []string) float64 {\n	if zzAgain.Add(1)%7 < 2 {\n		zzKept = nearness(words, terms)\n	}\n',
      },
    ],
  },
  score: {
    function: 'main.(*index).score',
    edits: [
      {
        file: 'search.go',
        from: '	total := 0.0\n	for _, term := range terms {\n',
        to: '	total, turns := 0.0, 1\n	if zzAgain.Add(1)%5 < 2 {\n		turns = 2\n	}\n	for turn := range turns {\n	if turn == 0 {\n		zzKept = total\n	}\n	total = 0.0\n	for _, term := range terms {\n',
      },
      {
        file: 'search.go',
        from: '	return math.Round(1e6*(total',
        to: '	}\n	return math.Round(1e6*(total',
      },
    ],
  },
} as const satisfies Record<string, Dearer>;

export type DearerName = keyof typeof DEARER;

/** In the copy of the demo in `folder`. */
export const makeDearer = (folder: string, { edits }: Dearer): void => {
  writeFileSync(
    path.join(folder, 'zz.go'),
    'package main\n\nimport "sync/atomic"\n\nvar zzAgain atomic.Int64\n\nvar zzKept float64\n',
  );
  applyEdits(folder, edits);
};
