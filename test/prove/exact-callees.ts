/**
 * Faults that are spent outside the diff: a function of the demo is made to call json.Marshal, fmt.Sprintf, sort or a
 * template once more, so that what it costs lies in Go's library. Counted by exact mode, with a second function that the
 * diff touches without changing what it does. Is the right one named, and never the other?
 *
 * node test/prove/exact-callees.ts [--rounds=1] [case …]   appends to docs/evidence/exact-callees.jsonl
 * node test/prove/exact-callees.ts --table                 the table of all lines
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ExactFindings } from '../../harness/compare/index.ts';
import { evidenceOf } from './campaign.ts';
import { applyEdits, type Edit, makeVariant } from './demo-variant.ts';
import { shareOf } from './evidence-table.ts';
import { type Built, type Rig, scenarioAt, withRig, inOwnFolder } from './exact-rig.ts';

interface Fault {
  /** As godyno names it. */
  readonly function: string;
  readonly edits: readonly Edit[];
  /** Packages that the edited file does not import yet. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Touched, too, and does what it did. */
  readonly decoy: { readonly function: string; readonly edit: Edit };
  /** More calls, or the same calls with more to do. */
  readonly kind: 'json' | 'fmt' | 'sort' | 'template' | 'larger input';
}

const KEPT = 'zzKept';

const after = (file: string, from: string, added: string): Edit => ({ file, from, to: `${from}${added}` });

const decoyAfter = (name: string, file: string, from: string): Fault['decoy'] => ({
  function: name,
  edit: after(file, from, '	// Nothing else is changed here.\n'),
});

const WRITE = 'func writeJSON(w http.ResponseWriter, status int, value any) {\n';
const DECOYS = {
  writeJSON: decoyAfter('main.writeJSON', 'shop.go', WRITE),
  note: decoyAfter('main.(*audit).note', 'visits.go', 'func (a *audit) note(number int64, method, path string) {\n'),
  titled: decoyAfter('main.titled', 'catalogue.go', 'func titled(text string) string {\n'),
  ask: decoyAfter('main.ask', 'quote.go', 'func ask(number int, name string, one *item) offer {\n'),
  search: decoyAfter(
    'main.(*shop).search',
    'search.go',
    'func (s *shop) search(w http.ResponseWriter, r *http.Request) {\n',
  ),
  page: decoyAfter('main.(*shop).page', 'page.go', 'func (s *shop) page(w http.ResponseWriter, r *http.Request) {\n'),
} as const;

const CASES: Readonly<Record<string, Fault>> = {
  'json-all': {
    function: 'main.writeJSON',
    kind: 'json',
    edits: [after('shop.go', WRITE, `	${KEPT}, _ = json.Marshal(value)\n`)],
    decoy: DECOYS.note,
  },
  'json-item': {
    function: 'main.(*shop).item',
    kind: 'json',
    edits: [
      {
        file: 'item.go',
        from: '	writeJSON(w, http.StatusOK, answer)\n',
        to: `	${KEPT}, _ = json.Marshal(answer)\n	writeJSON(w, http.StatusOK, answer)\n`,
      },
    ],
    imports: { 'item.go': 'encoding/json' },
    decoy: DECOYS.writeJSON,
  },
  'json-order': {
    function: 'main.(*shop).order',
    kind: 'json',
    edits: [after('order.go', '	s.orders.add(made)\n', `	for range 9 {\n		${KEPT}, _ = json.Marshal(made)\n	}\n`)],
    decoy: DECOYS.writeJSON,
  },
  'json-indent': {
    function: 'main.(*shop).quote',
    kind: 'json',
    edits: [after('quote.go', '	offers := gather(one)\n', `	${KEPT}, _ = json.MarshalIndent(offers, "", "  ")\n`)],
    imports: { 'quote.go': 'encoding/json' },
    decoy: DECOYS.writeJSON,
  },
  'fmt-summary': {
    function: 'main.summarise',
    kind: 'fmt',
    edits: [
      after(
        'catalogue.go',
        'func summarise(one *item) summary {\n',
        `	${KEPT} = []byte(fmt.Sprintf("%s %d", one.Name, one.ID))\n`,
      ),
    ],
    imports: { 'catalogue.go': 'fmt' },
    decoy: DECOYS.titled,
  },
  'fmt-note': {
    function: 'main.(*audit).note',
    kind: 'fmt',
    edits: [
      {
        file: 'visits.go',
        from: '	line := strings.Join([]string{method, path}, " ")\n',
        to: '	line := fmt.Sprintf("%s %s %v", method, path, []any{number, method})\n	line = strings.Join([]string{method, path}, " ") + line[:0]\n',
      },
    ],
    imports: { 'visits.go': 'fmt' },
    decoy: DECOYS.writeJSON,
  },
  'fmt-seal': {
    function: 'main.seal',
    kind: 'fmt',
    edits: [
      after('order.go', '		for _, line := range made.Lines {\n', `			${KEPT} = []byte(fmt.Sprint(turn, line))\n`),
    ],
    imports: { 'order.go': 'fmt' },
    decoy: DECOYS.titled,
  },
  'fmt-ask': {
    function: 'main.ask',
    kind: 'fmt',
    edits: [
      after(
        'quote.go',
        '	cost := 0.0\n',
        `	for turn := 0; turn < 40; turn++ {\n		${KEPT} = []byte(fmt.Sprintf("%s %d %v", name, turn, value))\n	}\n`,
      ),
    ],
    imports: { 'quote.go': 'fmt' },
    decoy: DECOYS.writeJSON,
  },
  'fmt-price': {
    function: 'main.price',
    kind: 'fmt',
    edits: [
      after(
        'catalogue.go',
        'func price(cents int64) string {\n',
        `	${KEPT} = []byte(fmt.Sprintf("%d.%02d", cents/100, cents%100))\n`,
      ),
    ],
    imports: { 'catalogue.go': 'fmt' },
    decoy: DECOYS.titled,
  },
  'sort-similar': {
    function: 'main.(*catalogue).similar',
    kind: 'sort',
    edits: [{ file: 'item.go', from: '	sort.Slice(ids, ', to: '	sort.Ints(ids)\n	sort.Slice(ids, ' }],
    decoy: DECOYS.page,
  },
  'sort-rank': {
    function: 'main.(*index).rank',
    kind: 'sort',
    edits: [
      {
        file: 'search.go',
        from: '	sort.Slice(hits, ',
        to: '	sort.SliceStable(hits, func(a, b int) bool { return hits[a].Name < hits[b].Name })\n	sort.Slice(hits, ',
      },
    ],
    decoy: DECOYS.search,
  },
  'sort-tokens': {
    function: 'main.tokens',
    kind: 'sort',
    edits: [
      {
        file: 'search.go',
        from: '	return strings.FieldsFunc(',
        to: '	sort.Strings(strings.Split(strings.Repeat(text, 9), ""))\n	return strings.FieldsFunc(',
      },
    ],
    decoy: DECOYS.search,
  },
  'sort-tags': {
    function: 'main.(*shop).list',
    kind: 'sort',
    edits: [
      after(
        'catalogue.go',
        '	answer := listing{Page: number % pages, Pages: pages}\n',
        '	sorted := append([]*item(nil), s.catalogue.items[first:]...)\n	sort.Slice(sorted, func(a, b int) bool { return sorted[a].Name < sorted[b].Name })\n',
      ),
    ],
    imports: { 'catalogue.go': 'sort' },
    decoy: DECOYS.titled,
  },
  'template-twice': {
    function: 'main.render',
    kind: 'template',
    edits: [
      after(
        'page.go',
        '	var body bytes.Buffer\n',
        '	if err := pageTemplate.Execute(&body, view); err != nil {\n		return nil, err\n	}\n	body.Reset()\n',
      ),
    ],
    decoy: DECOYS.page,
  },
  'larger-item': {
    function: 'main.(*shop).item',
    kind: 'larger input',
    edits: [
      {
        file: 'item.go',
        from: '	writeJSON(w, http.StatusOK, answer)\n',
        to: '	answer.Related = append(answer.Related, answer.Related...)\n	writeJSON(w, http.StatusOK, answer)\n',
      },
    ],
    decoy: DECOYS.writeJSON,
  },
  'larger-text': {
    function: 'main.(*shop).page',
    kind: 'larger input',
    edits: [
      {
        file: 'page.go',
        from: '	body, err := render(view)\n',
        to: '	view.Related = append(view.Related, view.Related...)\n	body, err := render(view)\n',
      },
    ],
    decoy: decoyAfter('main.render', 'page.go', 'func render(view pageView) ([]byte, error) {\n'),
  },
};

interface Named {
  readonly named: string | null;
  readonly first: boolean;
  readonly top3: boolean;
  readonly decoyFirst: boolean;
}

interface Row {
  readonly case: string;
  readonly kind: Fault['kind'];
  readonly function: string;
  readonly verdict: string;
  readonly effectRatio: number | null;
  /** Of the difference, what the named function is said to have caused. */
  readonly causedRatio: number | null;
  readonly withCalls: Named;
  /** The same launches, as if nobody had counted who called. */
  readonly withoutCalls: Named;
  readonly seconds: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '1' }, table: { type: 'boolean', default: false } },
});

const evidence = evidenceOf<Row>('exact-callees');
const root = path.resolve(import.meta.dirname, '../..');

const namedIn = ({ functions, attribution }: ExactFindings, fault: Fault): Named => {
  const named = attribution?.culprit ?? null;
  const top = functions.filter(({ kind }) => kind !== 'unclear' && kind !== 'moved').slice(0, 3);
  const isRight = named === fault.function;
  return {
    named,
    first: isRight,
    top3: isRight || top.some((row) => row.function === fault.function),
    decoyFirst: named === fault.decoy.function,
  };
};

const causedIn = ({ functions, attribution, exactRows: [row] }: ExactFindings): number | null => {
  const culprit = functions.find((each) => each.function === attribution?.culprit);
  if (culprit === undefined || !row || row.base === null || row.head === null) return null;
  const delta =
    culprit.namedFor === 'callees' ? culprit.headCumPerRequest - culprit.baseCumPerRequest : culprit.deltaPerRequest;
  return delta / (row.head - row.base);
};

const plant = (folder: string, { edits, imports = {}, decoy }: Fault): void => {
  applyEdits(folder, [...edits, decoy.edit]);
  for (const [file, name] of Object.entries(imports)) {
    const at = path.join(folder, file);
    writeFileSync(at, readFileSync(at, 'utf8').replace('import (\n', `import (\n	"${name}"\n`));
  }
  writeFileSync(path.join(folder, 'zz.go'), `package main\n\nvar ${KEPT} []byte\n`);
};

const measure = async (rig: Rig, base: Built, work: string, name: string, fault: Fault): Promise<Row> => {
  const head = path.join(work, 'head');
  rmSync(head, { recursive: true, force: true });
  cpSync(base.folder, head, { recursive: true });
  plant(head, fault);
  const counted = await rig.count({ base, head: await rig.build('head', head, 'h') }, { base: null, head: null });
  const [row] = counted.withDiff.exactRows;
  return {
    case: name,
    kind: fault.kind,
    function: fault.function,
    verdict: row?.verdict ?? 'refused',
    effectRatio: row?.effectRatio ?? null,
    causedRatio: causedIn(counted.withDiff),
    withCalls: namedIn(counted.withDiff, fault),
    withoutCalls: namedIn(counted.withoutCallers, fault),
    seconds: Number(counted.seconds.toFixed(1)),
  };
};

const percent = (ratio: number | null): string => (ratio === null ? '–' : `${(100 * ratio).toFixed(2)} %`);

const isCalled = ({ verdict }: Row): boolean => verdict === 'changed' || verdict === 'regressed';

const table = (): string => {
  const rows = evidence.rows().filter(isCalled);
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  const line = (title: string, own: readonly Row[]): string => {
    const count = (is: (row: Row) => boolean): string => shareOf(own.filter(is).length, own.length);
    const cells = [
      count(({ withCalls }) => withCalls.first),
      count(({ withCalls }) => withCalls.top3),
      count(({ withCalls }) => withCalls.decoyFirst),
      count(({ withoutCalls }) => withoutCalls.first),
      count(({ withoutCalls }) => withoutCalls.top3),
    ];
    return `| ${title} | ${new Set(own.map((row) => row.case)).size} | ${cells.join(' | ')} |`;
  };
  return [
    '| the fault | places | right function first | among the first three | the other touched function first | first, callers unknown | first three, callers unknown |',
    `|${' --- |'.repeat(7)}`,
    ...kinds.map((kind) =>
      line(
        kind,
        rows.filter((row) => row.kind === kind),
      ),
    ),
    line('all', rows),
  ].join('\n');
};

const run = async (work: string, signal: AbortSignal): Promise<void> => {
  const folder = path.join(work, 'base');
  makeVariant(folder);
  const scenario = scenarioAt(path.join(root, 'scenarios/demo.yml'));
  const own = { ...scenario, target: { ...scenario.target, module: '.' } };
  await withRig({ scenario: own, workDir: path.join(work, 'w'), signal }, async (rig) => {
    const base = await rig.build('base', folder, 'b');
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const name of positionals.length > 0 ? positionals : Object.keys(CASES)) {
        const fault = CASES[name];
        if (fault === undefined) throw new Error(`no case ${name}, but ${Object.keys(CASES).join(', ')}`);
        const row = await measure(rig, base, work, name, fault);
        evidence.append(row);
        console.log(
          `${name}, in ${fault.function}: ${row.verdict} ${percent(row.effectRatio)}, named ${row.withCalls.named ?? 'nobody'} ` +
            `(${percent(row.causedRatio)} of it)${row.withCalls.first ? '' : row.withCalls.top3 ? ', right one in the first three' : ', MISSED'}; ` +
            `callers unknown: ${row.withoutCalls.named ?? 'nobody'}; ${row.seconds} s`,
        );
      }
    }
  });
};

if (!values.table) await inOwnFolder('xc', run);
console.log(`\n${table()}\n`);
/** The promise: among the first three, and whoever else the diff touches never first. */
const called = evidence.rows().filter(isCalled);
const failed = called.filter(
  ({ kind, withCalls }) => withCalls.decoyFirst || (kind !== 'larger input' && !withCalls.top3),
);
console.log(`${called.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
