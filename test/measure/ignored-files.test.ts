import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withIgnoredExplained } from '../../harness/measure/ignored-files.ts';
import { BuildError } from '../../harness/errors.ts';
import { MissingFilesError } from '../../harness/service/index.ts';
import { git } from '../e2e/git.ts';

const never = new AbortController().signal;

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ignored-'));
  git(place, 'init', '-q');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const files = (texts: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries({ 'go.mod': 'module example.com/case\n', ...texts })) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), text);
  }
};

const explain = async (wanted: MissingFilesError['wanted'], kind: 'git' | 'folder' = 'git'): Promise<BuildError> => {
  const said = new BuildError(
    'X',
    `base: ${wanted.file} wants ${wanted.text}, which cannot be found\ngo said:\nno`,
    'Hint.',
  );
  const revision = { revision: 'c0ffee', label: 'x', kind };
  const tree = { rootDir: '/s', moduleDir: '/s', runRoot: '/s', runDir: '/s', added: '', revision };
  const failing = withIgnoredExplained({ base: tree, head: tree }, place, never, async () => {
    throw new MissingFilesError('base', wanted, said);
  });
  return failing.then(
    () => expect.unreachable(),
    (error: unknown) => error as BuildError,
  );
};

test('generated code that git ignores is named, with both keys that bring it', async () => {
  files({ '.gitignore': '*.gen.go\n', 'internal/pb/pb.gen.go': 'package pb\n' });
  const error = await explain({ kind: 'package', text: 'example.com/case/internal/pb', file: 'main.go' });
  expect(error.message).toMatch(/^base: main.go wants .*, whose files git ignores \(internal\/pb\/pb\.gen\.go\)/);
  expect(error.hint).toMatch(/target\.generate: .*target\.include: \["internal\/pb\/\*\.go"\]/);
});

test('an embedded folder that git ignores is named though nothing is in it yet', async () => {
  files({ '.gitignore': 'build/\n' });
  const error = await explain({ kind: 'embed', text: 'ui/build/*', file: 'web/embed.go' });
  expect(error.hint).toContain('target.include: ["web/ui/build/**"]');
  expect(error.message).toMatch(/git ignores those files/);
});

test('a name that only an ignored file declares is explained by the ignored files', async () => {
  files({ '.gitignore': 'zz_*\n', 'api/zz_x.go': 'package api\n', 'api/zz_y.go': 'package api\n' });
  const error = await explain({ kind: 'name', text: 'pb.Foo', file: './main.go' });
  expect(error.message).toContain('base: pb.Foo is undefined, and there are Go files that git ignores');
  expect(error.message).toContain('api/zz_x.go and 1 more');
});

test.each([
  ['another module’s package', { kind: 'package', text: 'example.com/dist/build', file: 'main.go' }, 'git'],
  [
    'a package of this module that nobody ignores',
    { kind: 'package', text: 'example.com/case/lib', file: 'main.go' },
    'git',
  ],
  ['a plain folder, which holds its ignored files', { kind: 'embed', text: 'build/*', file: 'main.go' }, 'folder'],
] as const)('what is missing for another reason stays as Go said it: %s', async (_, wanted, kind) => {
  files({ '.gitignore': 'build/\ndist/\n' });
  expect((await explain(wanted, kind)).hint).toBe('Hint.');
});
