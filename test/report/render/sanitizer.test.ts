import rehypeRaw from 'rehype-raw';
import rehypeSanitize from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import remarkRehype from 'remark-rehype';
import { unified } from 'unified';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../../harness/model/index.ts';
import { buildReport, renderMarkdown } from '../../../harness/report/index.ts';
import { comparisonOf, counted, exactOf, row, scenarioOf, STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';

/** An element, text or comment of the tree that GitHub would draw. */
interface Node {
  readonly type: string;
  readonly tagName?: string;
  readonly value?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly children?: readonly Node[];
}

const markdownOf = (comparison: Comparison): string =>
  renderMarkdown(
    buildReport({
      comparison,
      invocation: { program: 'npx godyno', command: 'run', args: ['scenarios/demo.yml'], flags: [] },
    }),
  );

const parser = unified().use(remarkParse).use(remarkGfm).use(remarkRehype, { allowDangerousHtml: true }).use(rehypeRaw);
/** The default schema of rehype-sanitize is the model of what GitHub lets through. */
const sanitizer = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkRehype, { allowDangerousHtml: true })
  .use(rehypeRaw)
  .use(rehypeSanitize);

const treeOf = async (markdown: string): Promise<Node> => (await parser.run(parser.parse(markdown))) as unknown as Node;
const sanitizedTreeOf = async (markdown: string): Promise<Node> =>
  (await sanitizer.run(sanitizer.parse(markdown))) as unknown as Node;

/** What a reader sees: elements and text, without comments and without what only parsers know. */
const shape = (node: Node): unknown => {
  if (node.type === 'comment') return null;
  if (node.type === 'text') return node.value;
  const children = (node.children ?? []).map(shape).filter((child) => child !== null);
  return node.tagName === undefined ? children : [node.tagName, children];
};

const elements = (node: Node): readonly Node[] => [
  ...(node.tagName === undefined ? [] : [node]),
  ...(node.children ?? []).flatMap(elements),
];

/** All that our reports are made of. */
const OURS = new Set('p strong code pre table thead tbody tr th td blockquote ul li details summary sub br'.split(' '));

describe('GitHub’s sanitizer', () => {
  it.each(Object.keys(STORIES))('leaves the stored report %s as it is', async (name) => {
    const markdown = markdownOf(STORIES[name] as Comparison);
    expect(shape(await sanitizedTreeOf(markdown))).toEqual(shape(await treeOf(markdown)));
  });

  it('finds nothing of ours to take away but the marker, which is a comment', async () => {
    const tree = await treeOf(markdownOf(STORIES['regressed-cpu'] as Comparison));
    expect(elements(tree).flatMap(({ tagName = '' }) => (OURS.has(tagName) ? [] : [tagName]))).toEqual([]);
  });

  it.each(HOSTILE.map((name, index) => [index, name] as const))(
    'draws hostile name %i as text: no element, link or image of its own',
    async (_index, name) => {
      const functions = [
        row(name, { kind: 'regressed', changedInDiff: true, path: [name, 'main.handle'] }),
        counted(name, { file: name }),
      ];
      const exact = exactOf({ varyingRoutes: [name], syscalls: [{ name, base: 1, head: 1, isChanged: false }] });
      const scenario = scenarioOf(name, 'regressed', { functions, exact, reason: name });
      const found = elements(await sanitizedTreeOf(markdownOf(comparisonOf([scenario]))));
      expect(found.flatMap(({ tagName = '' }) => (OURS.has(tagName) ? [] : [tagName]))).toEqual([]);
      expect(
        found.some(({ properties }) => properties !== undefined && ('href' in properties || 'src' in properties)),
      ).toBe(false);
    },
  );
});
