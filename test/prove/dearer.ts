/** Functions of the demo that hold a tenth of its CPU and more, made dearer by doing a part of their own work again. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { applyEdits, type Edit } from './demo-variant.ts';

export interface Dearer {
  /** As godyno names it. */
  readonly function: string;
  readonly edits: readonly Edit[];
}

/** `zzAgain` says of 2 in 5 turns that they are to be done once more: 40 %; what is seen of it is in the evidence. */
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
  /** Of another document: what this one has touched already would cost next to nothing the second time. */
  score: {
    function: 'main.(*index).score',
    edits: [
      {
        file: 'search.go',
        from: '	total := 0.0\n	for _, term := range terms {\n',
        to: `	if turn := int(zzAgain.Add(1)); turn%5 < 2 {
		other := &x.documents[turn*7919%len(x.documents)]
		for _, term := range terms {
			frequency := float64(other.count[term])
			holders := float64(len(x.postings[term]))
			weight := math.Log(1 + (float64(len(x.documents))-holders+0.5)/(holders+0.5))
			zzKept += weight * frequency * 2.2 / (frequency + 1.2*(0.25+0.75*float64(len(other.words))/averageWords))
		}
	}
	total := 0.0
	for _, term := range terms {
`,
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
