/**
 * The demo service rewritten a little, in a copy, so that it has what plants and refactorings need: a generic function,
 * a call through an interface and a dependency with a function deep inside. What it answers stays the same. And places
 * in it where a fault can be planted: each inside a function that is there on both sides.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const DEMO = path.resolve(import.meta.dirname, '../targets/demo');

export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Replaces every edit's text, which must occur exactly once. */
export const applyEdits = (folder: string, edits: readonly Edit[]): void => {
  for (const { file, from, to } of edits) {
    const name = path.join(folder, file);
    const text = readFileSync(name, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${file}: not exactly once there: ${from}`);
    writeFileSync(
      name,
      text.replace(from, () => to),
    );
  }
};

const VARIANT: readonly Edit[] = [
  {
    file: 'item.go',
    from: `	shared := 0
	for _, mine := range a.Tags {
		for _, theirs := range b.Tags {
			if mine == theirs {
				shared += 100
			}
		}
	}
	return shared - `,
    to: `	shared := overlap(a.Tags, b.Tags)
	return shared - `,
  },
  {
    file: 'item.go',
    from: '// likeness counts',
    to: `// overlap is 100 for each element that both hold.
func overlap[T comparable](ours, others []T) int {
	shared := 0
	for _, mine := range ours {
		for _, theirs := range others {
			if mine == theirs {
				shared += 100
			}
		}
	}
	return shared
}

// likeness counts`,
  },
  { file: 'search.go', from: 'postings  map[string][]int\n}', to: 'postings  map[string][]int\n\tranking   scorer\n}' },
  {
    file: 'search.go',
    from: 'const averageWords = 43',
    to: 'type scorer interface {\n\tscore(found *document, terms []string) float64\n}\n\nconst averageWords = 43',
  },
  {
    file: 'search.go',
    from: '	for number, one := range items {',
    to: '	made.ranking = made\n	for number, one := range items {',
  },
  { file: 'search.go', from: 'Score: x.score(found, terms)', to: 'Score: x.ranking.score(found, terms)' },
  {
    file: 'catalogue.go',
    from: `	return strconv.FormatInt(cents/100, 10) + "." + strconv.FormatInt(cents%100/10, 10) + strconv.FormatInt(cents%10, 10)`,
    to: '	return money.Format(cents)',
  },
  {
    file: 'catalogue.go',
    from: '	"strconv"\n	"strings"\n',
    to: '	"strconv"\n	"strings"\n\n	"example.com/money"\n',
  },
  {
    file: 'go.mod',
    from: 'go 1.22\n',
    to: 'go 1.22\n\nrequire example.com/money v1.0.0\n\nreplace example.com/money => ./money\n',
  },
];

const MONEY = `// Package money writes amounts.
package money

import "strconv"

// Format writes cents as units and two decimals.
func Format(cents int64) string {
	return digits(cents/100) + "." + digits(cents%100/10) + digits(cents%10)
}

func digits(amount int64) string {
	return strconv.FormatInt(amount, 10)
}
`;

/** Makes the copy in `folder`, which must not exist. */
export const makeVariant = (folder: string): void => {
  cpSync(DEMO, folder, { recursive: true, errorOnExist: true, force: false });
  mkdirSync(path.join(folder, 'money'));
  writeFileSync(path.join(folder, 'money/go.mod'), 'module example.com/money\n\ngo 1.22\n');
  writeFileSync(path.join(folder, 'money/money.go'), MONEY);
  applyEdits(folder, VARIANT);
};

export interface Site {
  /** As godyno names it. */
  readonly function: string;
  readonly file: string;
  /** The line behind which the fault stands, or a text that occurs once. */
  readonly after: string;
  readonly what: string;
  readonly fault: 'burn' | 'inlined' | 'alloc' | 'lock';
  /** Where calls are counted instead, and how many calls of the function one of those is. */
  readonly counted?: { readonly file: string; readonly after: string; readonly times: number };
}

/** Every kind of place in which a fault may hide. */
export const SITES = {
  'hot-leaf': {
    function: 'main.nearness',
    file: 'search.go',
    after: 'func nearness(words, terms []string) float64 {\n',
    what: 'hot leaf',
    fault: 'burn',
  },
  spread: {
    function: 'main.titled',
    file: 'catalogue.go',
    after: 'func titled(text string) string {\n',
    what: 'spread thin over four routes',
    fault: 'burn',
  },
  generic: {
    function: 'main.overlap[...]',
    file: 'item.go',
    after: 'func overlap[T comparable](ours, others []T) int {\n',
    what: 'generic',
    fault: 'burn',
  },
  closure: {
    function: 'main.(*index).rank.func1',
    file: 'search.go',
    after: 'sort.Slice(hits, func(a, b int) bool {\n',
    what: 'closure that sort calls',
    fault: 'burn',
  },
  interface: {
    function: 'main.(*index).score',
    file: 'search.go',
    after: 'func (x *index) score(found *document, terms []string) float64 {\n',
    what: 'called through an interface',
    fault: 'burn',
  },
  dependency: {
    function: 'example.com/money.digits',
    file: 'money/money.go',
    after: 'func digits(amount int64) string {\n',
    what: 'deep in a dependency',
    fault: 'burn',
    counted: { file: 'catalogue.go', after: 'func price(cents int64) string {\n', times: 3 },
  },
  alloc: {
    function: 'main.seal',
    file: 'order.go',
    after: 'func seal(customer string, made *invoice) string {\n',
    what: 'allocates',
    fault: 'alloc',
  },
  'alloc-small': {
    function: 'main.excerpt',
    file: 'catalogue.go',
    after: 'func excerpt(text string, limit int) string {\n',
    what: 'allocates, spread thin',
    fault: 'alloc',
  },
  lock: {
    function: 'main.(*cache).lookup',
    file: 'cache.go',
    after: 'func (c *cache) lookup(key int) ([]int, bool) {\n',
    what: 'locks and unlocks',
    fault: 'lock',
  },
  goroutine: {
    function: 'main.ask',
    file: 'quote.go',
    after: 'func ask(number int, name string, one *item) offer {\n',
    what: 'in goroutines of its own',
    fault: 'burn',
  },
  'map-closure': {
    function: 'main.(*catalogue).similar.func1',
    file: 'item.go',
    after: 'sort.Slice(ids, func(a, b int) bool {\n',
    what: 'closure over a map',
    fault: 'burn',
  },
  'above-library': {
    function: 'main.render',
    file: 'page.go',
    after: 'func render(view pageView) ([]byte, error) {\n',
    what: 'above Go’s own library',
    fault: 'burn',
  },
  middleware: {
    function: 'main.(*visits).record',
    file: 'visits.go',
    after: 'func (v *visits) record(route string) int64 {\n',
    what: 'every request, costs nothing else',
    fault: 'burn',
  },
  inlined: {
    function: 'main.(*catalogue).byID',
    file: 'catalogue.go',
    after: 'func (c *catalogue) byID(id int) *item {\n',
    what: 'inlined into its callers',
    fault: 'inlined',
  },
  'inlined-loop': {
    function: 'main.(*index).candidates',
    file: 'search.go',
    after: 'func (x *index) candidates(terms []string) []int {\n',
    what: 'a loop, inlined into its caller',
    fault: 'inlined',
  },
  writer: {
    function: 'main.writeJSON',
    file: 'shop.go',
    after: 'func writeJSON(w http.ResponseWriter, status int, value any) {\n',
    what: 'shared by most routes',
    fault: 'burn',
  },
} as const satisfies Record<string, Site>;

export type SiteName = keyof typeof SITES;

/** A round of xorshift (Marsaglia 2003): each waits for the one before. */
const roundOf = (x: string): string => `		${x} ^= ${x} << 13\n		${x} ^= ${x} >> 7\n		${x} ^= ${x} << 17\n`;

/** Start and end are variables: the compiler would work out a few rounds of constants by itself. */
export const BURN_STATEMENTS = `	for x, i := zzSeed, 0; i < zzRounds; i++ {\n${roundOf('x')}		if x == 0 {\n			panic("cannot be")\n		}\n	}\n`;

/**
 * One round of each fault; a burn's rounds depend on each other, and `inlined` is small enough for the compiler to
 * inline the function still. `zzKept`, `zzLock` and `zzSum` stand in the same file.
 */
const FAULTS: Readonly<Record<Site['fault'], string>> = {
  burn: BURN_STATEMENTS,
  inlined: `	for i := 0; i < zzRounds; i++ {\n		zzSum = zzSum*31 ^ uint64(i)\n	}\n`,
  alloc: `	for i := 0; i < zzRounds; i++ {\n		zzKept = make([]byte, 64)\n	}\n`,
  lock: `	for i := 0; i < zzRounds; i++ {\n		zzLock.Lock()\n		zzLock.Unlock()\n	}\n`,
};

export const BURN_VARIABLES = '\nvar zzSeed uint64 = 88172645463325252\n';

const EXTRAS: Readonly<Record<Site['fault'], string>> = {
  burn: BURN_VARIABLES,
  inlined: '\nvar zzSum uint64\n',
  alloc: '\nvar zzKept []byte\n',
  lock: '\nvar zzLock sync.Mutex\n',
};

const insertAfter = (folder: string, file: string, after: string, text: string, extra = ''): void => {
  applyEdits(folder, [{ file, from: after, to: after + text }]);
  const name = path.join(folder, file);
  writeFileSync(name, readFileSync(name, 'utf8') + extra);
};

/** Plants the fault at the site of the copy in `folder`; 0 rounds are the same code that does nothing. */
export const plantAt = (folder: string, site: Site, rounds: number): void => {
  insertAfter(folder, site.file, site.after, FAULTS[site.fault], `${EXTRAS[site.fault]}var zzRounds = ${rounds}\n`);
};

/**
 * A burn whose cost is in proportion to its rounds. A processor works on what stands before and after a short loop while
 * the loop runs, so that the first few dozen rounds of a bare one are free: 58 rounds of it in main.nearness, 2 % of a
 * request by what 500 cost, came to 0.9 %. Here the rounds wait for all that was before and hold up all that follows,
 * since both ends are atomic. Base needs the same with a few rounds. `tag` tells sites of one package apart.
 */
export const plantFencedBurn = (folder: string, site: Site, rounds: number, tag: string): void => {
  const name = `zz${tag}`;
  insertAfter(
    folder,
    site.file,
    site.after,
    `	${name}X := ${name}State.Add(1)\n	for i := 0; i < ${name}Rounds; i++ {\n${roundOf(`${name}X`)}	}\n	${name}State.Store(${name}X)\n`,
  );
  const file = path.join(folder, site.file);
  const [, inPackage = 'main'] = /^package (\w+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  writeFileSync(
    path.join(path.dirname(file), `${name}.go`),
    `package ${inPackage}\n\nimport "sync/atomic"\n\nvar ${name}State atomic.Uint64\n\nvar ${name}Rounds = ${rounds}\n`,
  );
};

/** Counts calls of all sites, in the order given; `GET /zz` tells them. */
export const countCalls = (folder: string, sites: readonly Site[]): void => {
  sites.forEach(({ file, after, counted }, index) => {
    const times = counted?.times ?? 1;
    insertAfter(folder, counted?.file ?? file, counted?.after ?? after, `	zzCalls[${index}].Add(${times})\n`);
  });
  writeFileSync(
    path.join(folder, 'zz.go'),
    `package main\n\nimport (\n	"net/http"\n	"sync/atomic"\n)\n\nvar zzCalls [${sites.length}]atomic.Int64\n\nfunc zzTell(w http.ResponseWriter, _ *http.Request) {\n	var counts []int64\n	for i := range zzCalls {\n		counts = append(counts, zzCalls[i].Load())\n	}\n	writeJSON(w, http.StatusOK, counts)\n}\n`,
  );
  applyEdits(folder, [
    {
      file: 'shop.go',
      from: '	mux.Handle("GET /items", ',
      to: '	mux.HandleFunc("GET /zz", zzTell)\n	mux.Handle("GET /items", ',
    },
  ]);
};
