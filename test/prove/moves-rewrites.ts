/** Refactorings as edits of the demo's sources (its variant, demo-variant.ts): what it answers stays the same. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FunctionComparison } from '../../harness/model/index.ts';
import { applyEdits, type Edit } from './demo-variant.ts';

export interface Rewrite {
  readonly title: string;
  readonly apply: (folder: string) => void;
  /** Old and new place of the cost, as godyno names them; null: no function's own cost moves. */
  readonly twin: readonly [string, string] | null;
  /** The function of the refactored copy in which something else may hide. */
  readonly hideIn: string;
}

const isNamed = ({ kind }: FunctionComparison): boolean => kind !== 'unclear' && kind !== 'moved';

/** Whether the rows tell the move with its twin; where no function's own cost moves, whether they name nobody. */
export const isTwinRight = ({ twin }: Rewrite, rows: readonly FunctionComparison[]): boolean => {
  if (twin === null) return !rows.some(isNamed);
  const [from, to] = twin;
  return rows.some(
    ({ kind, function: name, movedTo }) =>
      kind === 'moved' && ((name === from && movedTo === to) || (name === to && movedTo === from)),
  );
};

const goFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
    .map((name) => path.join(folder, name));

/** Renames a word in every file of the main package. */
const renameWord =
  (from: string, to: string) =>
  (folder: string): void => {
    const word = new RegExp(String.raw`\b${from}\b`, 'g');
    let seen = 0;
    for (const file of goFiles(folder)) {
      const text = readFileSync(file, 'utf8');
      seen += text.match(word)?.length ?? 0;
      writeFileSync(file, text.replaceAll(word, to));
    }
    if (seen < 2) throw new Error(`${from} occurs ${seen} times`);
  };

const edit =
  (...edits: readonly Edit[]) =>
  (folder: string): void =>
    applyEdits(folder, edits);

/** Takes a top-level function out of a file; returns its text. */
const cutFunction = (folder: string, file: string, header: string): string => {
  const name = path.join(folder, file);
  const text = readFileSync(name, 'utf8');
  const from = text.indexOf(header);
  const end = text.indexOf('\n}\n', from) + 3;
  if (from < 0 || end < 3) throw new Error(`${file}: no ${header}`);
  writeFileSync(name, text.slice(0, from) + text.slice(end));
  return text.slice(from, end);
};

/** Moves a function into a package of its own and calls it there. */
const moveOut =
  (file: string, header: string, name: string, to: string, imports: string) =>
  (folder: string): void => {
    const exported = name[0]?.toUpperCase() + name.slice(1);
    const body = cutFunction(folder, file, header).replace(`func ${name}(`, `func ${exported}(`);
    mkdirSync(path.join(folder, to));
    writeFileSync(path.join(folder, to, `${to}.go`), `package ${to}\n\n${imports}\n${body}`);
    for (const each of goFiles(folder)) {
      const text = readFileSync(each, 'utf8');
      const called = text.replaceAll(new RegExp(String.raw`(?<![\w.)] |func )\b${name}\(`, 'g'), `${to}.${exported}(`);
      if (called !== text) writeFileSync(each, called.replace('import (\n', `import (\n	"example.com/demo/${to}"\n`));
    }
  };

const ASK_BODY = `	value, demand := float64(one.Cents), 1+float64(number)/10
	cost := 0.0
	for day := 0; day < days; day++ {
		demand = 0.9*demand + 0.1*(1+0.5*math.Sin(float64(day*(number+3))/58))
		cost += value * demand * math.Exp(-float64(day)/900) / days
	}
	return offer`;

const WEIGHT = `		frequency := float64(found.count[term])
		holders := float64(len(x.postings[term]))
		weight := math.Log(1 + (float64(len(x.documents))-holders+0.5)/(holders+0.5))
		total += weight * frequency * 2.2 / (frequency + 1.2*(0.25+0.75*float64(len(found.words))/averageWords))
`;

export const REWRITES: readonly Rewrite[] = [
  {
    title: 'rename a hot function',
    apply: renameWord('nearness', 'closeness'),
    hideIn: 'closeness',
    twin: ['main.nearness', 'main.closeness'],
  },
  {
    title: 'rename a method',
    apply: renameWord('candidates', 'matching'),
    hideIn: 'matching',
    twin: ['main.(*index).candidates', 'main.(*index).matching'],
  },
  {
    title: 'rename what the library is called from',
    apply: renameWord('render', 'renderPage'),
    hideIn: 'renderPage',
    twin: ['main.render', 'main.renderPage'],
  },
  {
    title: 'rename a helper of four routes',
    apply: renameWord('titled', 'capitalised'),
    hideIn: 'capitalised',
    twin: ['main.titled', 'main.capitalised'],
  },
  {
    title: 'rename a sealed one',
    apply: renameWord('seal', 'chained'),
    hideIn: 'chained',
    twin: ['main.seal', 'main.chained'],
  },
  {
    title: 'rename one in goroutines',
    apply: renameWord('ask', 'priceOf'),
    hideIn: 'priceOf',
    twin: ['main.ask', 'main.priceOf'],
  },
  {
    title: 'rename a type',
    apply: renameWord('cache', 'recentCache'),
    hideIn: 'get',
    twin: ['main.(*cache).get', 'main.(*recentCache).get'],
  },
  {
    title: 'rename a generic function',
    apply: renameWord('overlap', 'shared100'),
    hideIn: 'shared100',
    twin: ['main.overlap[...]', 'main.shared100[...]'],
  },
  {
    title: 'move a hot function to another package',
    apply: moveOut('search.go', 'func nearness(', 'nearness', 'near', ''),
    hideIn: 'Nearness',
    twin: ['main.nearness', 'example.com/demo/near.Nearness'],
  },
  {
    title: 'move a helper to another package',
    apply: moveOut('catalogue.go', 'func titled(', 'titled', 'text', 'import "strings"\n'),
    hideIn: 'Titled',
    twin: ['main.titled', 'example.com/demo/text.Titled'],
  },
  {
    title: 'extract the loop of a goroutine',
    apply: edit(
      {
        file: 'quote.go',
        from: ASK_BODY,
        to: `	cost := discounted(number, float64(one.Cents))\n	return offer`,
      },
      {
        file: 'quote.go',
        from: '// ask is one',
        to: `func discounted(number int, value float64) float64 {
	demand, cost := 1+float64(number)/10, 0.0
	for day := 0; day < days; day++ {
		demand = 0.9*demand + 0.1*(1+0.5*math.Sin(float64(day*(number+3))/58))
		cost += value * demand * math.Exp(-float64(day)/900) / days
	}
	return cost
}

// ask is one`,
      },
    ),
    hideIn: 'discounted',
    twin: ['main.ask', 'main.discounted'],
  },
  {
    title: 'extract the hot loop',
    apply: (folder) => {
      const body = cutFunction(folder, 'search.go', 'func nearness(').replace('func nearness(', 'func bestGap(');
      const name = path.join(folder, 'search.go');
      writeFileSync(
        name,
        `${readFileSync(name, 'utf8')}\n${body}\nfunc nearness(words, terms []string) float64 {\n	if len(words) == 0 {\n		return 0\n	}\n	return bestGap(words, terms)\n}\n`,
      );
    },
    hideIn: 'bestGap',
    twin: ['main.nearness', 'main.bestGap'],
  },
  {
    title: 'extract a weight from a score',
    apply: edit(
      { file: 'search.go', from: WEIGHT, to: '		total += x.weight(found, term)\n' },
      {
        file: 'search.go',
        from: '// nearness grows',
        to: `func (x *index) weight(found *document, term string) float64 {
	frequency := float64(found.count[term])
	holders := float64(len(x.postings[term]))
	weight := math.Log(1 + (float64(len(x.documents))-holders+0.5)/(holders+0.5))
	return weight * frequency * 2.2 / (frequency + 1.2*(0.25+0.75*float64(len(found.words))/averageWords))
}

// nearness grows`,
      },
    ),
    hideIn: 'weight',
    twin: ['main.(*index).score', 'main.(*index).weight'],
  },
  {
    title: 'inline a score',
    apply: edit({
      file: 'search.go',
      from: 'Score: x.ranking.score(found, terms)',
      to: 'Score: x.score(found, terms)',
    }),
    hideIn: 'score',
    twin: null,
  },
  {
    title: 'inline a helper',
    apply: edit({
      file: 'item.go',
      from: '	shared := overlap(a.Tags, b.Tags)\n',
      to: '	shared := 0\n	for _, mine := range a.Tags {\n		for _, theirs := range b.Tags {\n			if mine == theirs {\n				shared += 100\n			}\n		}\n	}\n',
    }),
    hideIn: 'likeness',
    twin: ['main.overlap[...]', 'main.likeness'],
  },
  {
    title: 'wrap a hot function',
    apply: edit(
      { file: 'search.go', from: '0.1*nearness(found.words, terms)', to: '0.1*bonus(found, terms)' },
      {
        file: 'search.go',
        from: '// nearness grows',
        to: '//go:noinline\nfunc bonus(found *document, terms []string) float64 { return nearness(found.words, terms) }\n\n// nearness grows',
      },
    ),
    hideIn: 'nearness',
    twin: null,
  },
  {
    title: 'wrap the handlers once more',
    apply: edit({ file: 'shop.go', from: '		handle(w, r)\n', to: '		func() { handle(w, r) }()\n' }),
    hideIn: 'record',
    twin: null,
  },
  {
    title: 'name a closure',
    apply: (folder) => {
      applyEdits(folder, [
        {
          file: 'search.go',
          from: '	sort.Slice(hits, func(a, b int) bool {\n		if hits[a].Score != hits[b].Score {\n			return hits[a].Score > hits[b].Score\n		}\n		return hits[a].ID < hits[b].ID\n	})\n',
          to: '	sort.Slice(hits, byScore(hits))\n',
        },
        {
          file: 'search.go',
          from: '// nearness grows',
          to: 'func byScore(hits []hit) func(a, b int) bool {\n	return func(a, b int) bool {\n		if hits[a].Score != hits[b].Score {\n			return hits[a].Score > hits[b].Score\n		}\n		return hits[a].ID < hits[b].ID\n	}\n}\n\n// nearness grows',
        },
      ]);
    },
    hideIn: 'rank',
    twin: null,
  },
  {
    title: 'renumber a closure',
    apply: edit({
      file: 'search.go',
      from: '	sort.Slice(hits, func(',
      to: '	count := func() int { return len(hits) }\n	_ = count()\n	sort.Slice(hits, func(',
    }),
    hideIn: 'rank',
    twin: null,
  },
  {
    title: 'make a function generic',
    apply: edit({
      file: 'search.go',
      from: 'func nearness(words, terms []string) float64 {',
      to: 'func nearness[T ~string](words, terms []T) float64 {',
    }),
    hideIn: 'nearness',
    twin: null,
  },
  {
    title: 'from caller to callee',
    apply: edit(
      { file: 'catalogue.go', from: 'Title: titled(one.Name), Teaser', to: 'Title: titled(one), Teaser' },
      {
        file: 'catalogue.go',
        from: 'func titled(text string) string {\n	words := strings.Fields(text)',
        to: 'func titled(one *item) string {\n	words := strings.Fields(one.Name)',
      },
      { file: 'page.go', from: 'titled(one.Name)', to: 'titled(one)' },
      { file: 'order.go', from: 'titled(one.Name)', to: 'titled(one)' },
    ),
    hideIn: 'titled',
    twin: null,
  },
];
