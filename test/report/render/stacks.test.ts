import { expect, test } from 'vitest';
import { pathTo, stackTree } from '../../../harness/report/render/stacks.ts';
import { wallProfile } from '../../../harness/trace/index.ts';
import { traceOf } from '../../trace/trace-writer.ts';

const CONN = 'net/http.(*conn).serve';
const NEXT = `bufio.(*Reader).Peek < ${CONN}`;
const { profile } = wallProfile(
  traceOf({
    1: [
      [0, 'statusStack', 7, 0, 4, NEXT],
      [1000, 'unblock', 7, 1, ''],
      [1000, 'start', 7, 2],
      [1000, 'block', 'sleep', `time.Sleep < main.lookup < net/http.serverHandler.ServeHTTP < ${CONN}`],
      [3000, 'unblock', 7, 3, ''],
      [3500, 'start', 7, 4],
      [3500, 'block', 'network', NEXT],
    ],
  }),
);

const pathsIn = (reason?: string): readonly string[] => {
  const tree = stackTree([{ profile, valueType: 'wall', scale: 1, ...(reason !== undefined && { reason }) }]);
  const own = tree.self[0]!;
  return own.flatMap((value, node) =>
    value === 0
      ? []
      : [
          `${value} ${pathTo(tree, node)
            .map((name) => tree.names[name])
            .slice(2)
            .join(' ')}`,
        ],
  );
};

test('what samples were spent on is the last frame of a stack where it is asked for', () => {
  expect(pathsIn('state')).toEqual([
    '2000000 main.lookup time.Sleep (sleep)',
    '500000 main.lookup time.Sleep (runnable)',
  ]);
  expect(pathsIn()).toEqual(['2500000 main.lookup time.Sleep']);
});
