/**
 * Refactorings as what they do to call paths: cost carried from frames to frames, none added. The demo's paths with
 * their shares (test/targets/demo/README.md), 24 ways to cut the same work differently, and where the cost went.
 */
import { diffLines, type Costs } from '../compare/functions/fixture.ts';
import type { FileDiff } from '../../harness/model/index.ts';

const SERVE = 'net/http.(*conn).serve@1:5;net/http.HandlerFunc.ServeHTTP@1:2;main.(*shop).observed.func1@30:34';

/** Tenths of a percent of a request. */
const DEMO_PATHS: Costs = Object.fromEntries(
  [
    ['main.(*shop).search@40:48;main.(*index).rank@50:60', 20],
    ['main.(*shop).search@40:48;main.(*index).rank@50:54;main.(*index).candidates@70:75', 60],
    ['main.(*shop).search@40:48;main.(*index).rank@50:57;main.(*index).score@84:90', 50],
    ['main.(*shop).search@40:48;main.(*index).rank@50:57;main.(*index).score@84:91;main.nearness@97:105', 160],
    ['main.(*shop).search@40:48;main.(*index).rank@50:61;sort.Slice@1:9;main.(*index).rank.func1@61:62', 70],
    ['main.(*shop).search@40:42;main.tokens@120:122', 30],
    ['main.(*shop).page@200:210;main.render@220:225', 10],
    ['main.(*shop).page@200:210;main.render@220:226;html/template.(*Template).Execute@1:3', 100],
    ['main.(*shop).page@200:206;main.(*shop).relatedTo@240:241;main.(*cache).get@250:255', 20],
    [
      'main.(*shop).page@200:206;main.(*shop).relatedTo@240:241;main.(*cache).get@250:255;main.(*catalogue).similar@260:262',
      40,
    ],
    [
      'main.(*shop).page@200:206;main.(*shop).relatedTo@240:241;main.(*cache).get@250:255;main.(*catalogue).similar@260:264;main.likeness@280:284',
      40,
    ],
    ['main.(*shop).list@300:305;main.summarise@310:312', 20],
    ['main.(*shop).list@300:305;main.summarise@310:313;main.titled@320:322', 40],
    ['main.(*shop).list@300:305;main.summarise@310:314;main.excerpt@330:333', 25],
    ['main.(*shop).list@300:305;main.summarise@310:315;main.price@340:341', 25],
    ['main.(*shop).list@300:307;main.writeJSON@350:352', 15],
    ['main.(*shop).list@300:307;main.writeJSON@350:352;encoding/json.(*Encoder).Encode@1:7', 60],
    ['main.(*shop).order@360:365;main.(*shop).invoiceFor@370:375', 15],
    ['main.(*shop).order@360:365;main.(*shop).invoiceFor@370:376;main.seal@380:386', 20],
    ['main.(*shop).order@360:365;main.(*shop).invoiceFor@370:376;main.seal@380:386;crypto/sha256.Sum256@1:4', 40],
    ['main.(*shop).quote@400:404;main.gather@410:413', 10],
  ].map(([path, cost]): [string, number] => [`${SERVE};${path}`, Number(cost)]),
);
const ROOTS: Costs = {
  'main.gather.func1@413:413;main.ask@420:425': 80,
  'main.gather.func1@413:413;main.ask@420:426;math.Exp@1:2': 30,
  'runtime.gcBgMarkWorker@1:2;runtime.gcDrain@1:2': 50,
  'net/http.(*conn).readRequest@1:3': 60,
  'net/http.(*response).finishRequest@1:3': 60,
};

export const BASE: Costs = { ...DEMO_PATHS, ...ROOTS };

type Cut = (costs: Costs) => Costs;

const nameOf = (frame: string): string => frame.replace(/@.*$/, '');

/** Sums what several old paths make of one new one. */
const mapPaths = (
  costs: Costs,
  map: (frames: readonly string[]) => readonly (readonly [readonly string[], number])[],
): Costs => {
  const made: Record<string, number> = {};
  for (const [path, cost] of Object.entries(costs)) {
    for (const [frames, part] of map(path.split(';'))) {
      const key = frames.join(';');
      made[key] = (made[key] ?? 0) + cost * part;
    }
  }
  return made;
};

const rename =
  (from: string, to: string): Cut =>
  (costs) =>
    mapPaths(costs, (frames) => [
      [frames.map((frame) => (nameOf(frame) === from ? frame.replace(from, () => to) : frame)), 1],
    ]);

/** A part of the function's own cost goes to a new function that it calls. */
const extract =
  (from: string, to: string, part: number): Cut =>
  (costs) =>
    mapPaths(costs, (frames) =>
      nameOf(frames.at(-1) ?? '') === from
        ? [
            [frames, 1 - part],
            [[...frames, to], part],
          ]
        : [[frames, 1]],
    );

/** The function's body goes to its callers. */
const inline =
  (name: string): Cut =>
  (costs) =>
    mapPaths(costs, (frames) => [[frames.filter((frame) => nameOf(frame) !== name), 1]]);

/** A new function between the function and its callers. */
const wrap =
  (name: string, wrapper: string): Cut =>
  (costs) =>
    mapPaths(costs, (frames) => [
      [frames.flatMap((frame) => (nameOf(frame) === name ? [wrapper, frame] : [frame])), 1],
    ]);

/** A part of a function's own cost goes to one it calls already, or the other way round. */
const shift =
  (caller: string, callee: string, part: number): Cut =>
  (costs) => {
    const calls = Object.keys(costs).map((path) => path.split(';'));
    const below = calls.find(
      (frames) => nameOf(frames.at(-1) ?? '') === callee && nameOf(frames.at(-2) ?? '') === caller,
    );
    if (below === undefined) throw new Error(`${caller} does not call ${callee}`);
    const own = calls.find((frames) => nameOf(frames.at(-1) ?? '') === caller);
    const [from, to] = part > 0 ? [own ?? below.slice(0, -1), below] : [below, own ?? below.slice(0, -1)];
    const [source, target] = [from.join(';'), to.join(';')];
    const moved = (costs[source] ?? 0) * Math.abs(part);
    return { ...costs, [source]: (costs[source] ?? 0) - moved, [target]: (costs[target] ?? 0) + moved };
  };

export interface Move {
  readonly title: string;
  readonly cut: Cut;
  /** Old and new place of the cost; the row of either must name the other. null: nothing of its own moved. */
  readonly twin: readonly [string, string] | null;
  /** Function into which +3 % is hidden, by its name on head. */
  readonly hidden: string;
  /** Lines that moved by themselves, where frames do not tell: instead of what is worked out of them. */
  readonly lines?: { readonly plain: FileDiff; readonly hidden: FileDiff };
}

type LineRange = readonly [number, number];

const linesOf = (frame: string): LineRange => {
  const [, start = '0', line = '0'] = /@(\d+):(\d+)$/.exec(frame) ?? [];
  return [Number(start), Number(line)];
};

/** Frames, calls and own costs of one side that the other does not have, as lines a change touches. */
const touchedLines = (side: Costs, other: Costs): readonly LineRange[] => {
  const framesOf = (costs: Costs) => new Set(Object.keys(costs).flatMap((path) => path.split(';')));
  const callsOf = (costs: Costs) =>
    new Set(
      Object.keys(costs).flatMap((path) => path.split(';').map((frame, i, all) => `${frame};${all[i + 1] ?? ''}`)),
    );
  const [otherFrames, otherCalls] = [framesOf(other), callsOf(other)];
  const bodies = [...framesOf(side)].filter((frame) => !otherFrames.has(frame)).map(linesOf);
  const calls = [...callsOf(side)]
    .map((call): readonly [string, string] => [call.split(';')[0] ?? '', call])
    .filter(([, call]) => !otherCalls.has(call))
    .map(([frame]): LineRange => [linesOf(frame)[1], linesOf(frame)[1]]);
  const costs = Object.entries(side)
    .filter(([path, cost]) => Math.abs((other[path] ?? 0) - cost) > 1e-9)
    .map(([path]): LineRange => [linesOf(path)[1], linesOf(path)[1]]);
  return [...bodies, ...calls, ...costs].filter(([first]) => first > 0);
};

/** Go's library begins at line 1; the demo's own lines at 30. */
const OWN_FROM = 30;

/** Where the fixture puts functions of the module's other packages. */
const NEW_FILE = 'example/file.go';

/** The change that makes head of base, as its diff would tell it. */
export const diffFor = ({ lines }: Move, head: Costs, state: 'plain' | 'hidden'): readonly FileDiff[] => {
  if (lines !== undefined) return [lines[state]];
  const own = (ranges: readonly LineRange[]): readonly LineRange[] => ranges.filter(([first]) => first >= OWN_FROM);
  return [
    { ...diffLines(), baseLines: own(touchedLines(BASE, head)), headLines: own(touchedLines(head, BASE)) },
    { ...diffLines(), file: NEW_FILE, status: 'added', headLines: [[1, 999]] },
  ];
};

const move = (title: string, cut: Cut, twin: Move['twin'], hidden: string): Move => ({ title, cut, twin, hidden });

/** A closure put before another one in line 58: that one is the second now, and begins a line later. */
const RENUMBERED: Move = {
  title: 'renumber a closure',
  cut: (costs) =>
    Object.fromEntries(
      Object.entries(costs).map(([path, cost]) => [
        path.replace('main.(*index).rank.func1@61:62', () => 'main.(*index).rank.func2@62:63'),
        cost,
      ]),
    ),
  twin: null,
  hidden: 'main.(*index).rank.func2',
  lines: {
    plain: { ...diffLines(), headLines: [[58, 58]] },
    hidden: {
      ...diffLines(),
      baseLines: [[62, 62]],
      headLines: [
        [58, 58],
        [63, 63],
      ],
    },
  },
};

export const MOVES: readonly Move[] = [
  move(
    'rename a hot function',
    rename('main.nearness', 'main.closeness'),
    ['main.nearness', 'main.closeness'],
    'main.closeness',
  ),
  move(
    'rename a method',
    rename('main.(*index).candidates', 'main.(*index).matching'),
    ['main.(*index).candidates', 'main.(*index).matching'],
    'main.(*index).matching',
  ),
  move(
    'rename a function with callees',
    rename('main.render', 'main.renderPage'),
    ['main.render', 'main.renderPage'],
    'main.renderPage',
  ),
  move(
    'rename a receiver’s type',
    rename('main.(*cache).get', 'main.(*recentCache).get'),
    ['main.(*cache).get', 'main.(*recentCache).get'],
    'main.(*recentCache).get',
  ),
  move(
    'make a function a method',
    rename('main.likeness', 'main.(*item).likeness'),
    ['main.likeness', 'main.(*item).likeness'],
    'main.(*item).likeness',
  ),
  move(
    'move to another package',
    rename('main.titled', 'example.com/app/text.Titled'),
    ['main.titled', 'example.com/app/text.Titled'],
    'example.com/app/text.Titled',
  ),
  move(
    'move a hot one to another package',
    rename('main.nearness', 'example.com/app/rank.Nearness'),
    ['main.nearness', 'example.com/app/rank.Nearness'],
    'example.com/app/rank.Nearness',
  ),
  move(
    'extract half of a hot function',
    extract('main.nearness', 'main.bestGap@108:109', 0.5),
    ['main.nearness', 'main.bestGap'],
    'main.bestGap',
  ),
  move(
    'extract nearly all of it',
    extract('main.nearness', 'main.scan@108:109', 0.9),
    ['main.nearness', 'main.scan'],
    'main.scan',
  ),
  move(
    'extract a loop from a method',
    extract('main.(*index).candidates', 'main.(*index).collect@78:79', 0.7),
    ['main.(*index).candidates', 'main.(*index).collect'],
    'main.(*index).collect',
  ),
  move(
    'extract into another package',
    extract('main.ask', 'example.com/app/price.Discount@5:6', 0.8),
    ['main.ask', 'example.com/app/price.Discount'],
    'example.com/app/price.Discount',
  ),
  move(
    'inline a leaf into its caller',
    inline('main.nearness'),
    ['main.nearness', 'main.(*index).score'],
    'main.(*index).score',
  ),
  move('inline a helper', inline('main.titled'), ['main.titled', 'main.summarise'], 'main.summarise'),
  move(
    'inline a method with callees',
    inline('main.(*index).score'),
    ['main.(*index).score', 'main.(*index).rank'],
    'main.(*index).rank',
  ),
  move('wrap a hot function', wrap('main.nearness', 'main.withBonus@108:109'), null, 'main.nearness'),
  move('wrap a handler', wrap('main.(*shop).search', 'main.(*shop).limited@36:37'), null, 'main.nearness'),
  move(
    'from caller to callee',
    shift('main.(*index).score', 'main.nearness', 0.8),
    ['main.(*index).score', 'main.nearness'],
    'main.nearness',
  ),
  move(
    'from callee to caller',
    shift('main.(*index).score', 'main.nearness', -0.4),
    ['main.nearness', 'main.(*index).score'],
    'main.(*index).score',
  ),
  RENUMBERED,
  move(
    'name a closure',
    rename('main.(*index).rank.func1', 'main.byScore'),
    ['main.(*index).rank.func1', 'main.byScore'],
    'main.byScore',
  ),
  move(
    'make a function generic',
    rename('main.nearness', 'main.nearness[go.shape.string]'),
    null,
    'main.nearness[...]',
  ),
  move(
    'other type arguments',
    (costs) => rename('main.likeness', 'main.likeness[go.shape.string]')(costs),
    null,
    'main.likeness[...]',
  ),
  move(
    'rename and extract at once',
    (costs) => extract('main.closeness', 'main.bestGap@108:109', 0.4)(rename('main.nearness', 'main.closeness')(costs)),
    ['main.closeness', 'main.bestGap'],
    'main.closeness',
  ),
  move(
    'split one function in two',
    (costs) => extract('main.ask', 'main.discounted@430:431', 0.5)(costs),
    ['main.ask', 'main.discounted'],
    'main.discounted',
  ),
];

/** The move with `ratio` of a request's whole cost added to the hidden function's own. */
export const withHidden = ({ cut, hidden }: Move, ratio: number): Costs => {
  const costs = cut(BASE);
  const whole = Object.values(costs).reduce((sum, cost) => sum + cost, 0);
  const wanted = hidden.replace('[...]', '[go.shape.string]');
  const path = Object.keys(costs)
    .filter((each) => nameOf(each.split(';').at(-1) ?? '') === wanted)
    .toSorted((a, b) => (costs[b] ?? 0) - (costs[a] ?? 0))[0];
  if (path === undefined) throw new Error(`${hidden} has no cost of its own`);
  return { ...costs, [path]: (costs[path] ?? 0) + ratio * whole };
};
