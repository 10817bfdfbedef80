import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { reportFailure } from '../../../harness/cli/terminal/failure.ts';
import { issuesAddress } from '../../../harness/version.ts';
import { InternalError, UsageError } from '../../../harness/errors.ts';
import { makePlace } from '../../e2e/cli.ts';

const reported = (error: unknown): readonly [code: number, text: string] => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const code = reportFailure(error);
    return [code, said.mock.calls.map(([words]) => String(words)).join('')];
  } finally {
    said.mockRestore();
  }
};

describe('an internal error', () => {
  it.each([
    ['an exception that nobody expected', new TypeError('x is undefined'), /TypeError: x is undefined\n\s+at /],
    ['a broken assumption', new InternalError('LOOP_ENDLESS', 'A window needs a count'), /\nA window needs a count\n$/],
    ['a thrown value that is no error', 'nonsense', /\nnonsense\n$/],
  ])('has an exit code of its own, and asks for a report: %s', (_, error, shown) => {
    const [code, text] = reported(error);
    expect(code).toBe(70);
    expect(text).toMatch(/^godyno hit an internal error; please report it at .*, with what follows:\n/);
    expect(text).toMatch(shown);
  });

  it('is reported where package.json says, and else at the issues of the repository', () => {
    expect(issuesAddress({ version: '1', bugs: { url: 'https://example.org/issues' } })).toBe(
      'https://example.org/issues',
    );
    expect(issuesAddress({ version: '1', bugs: 'https://example.org/bugs' })).toBe('https://example.org/bugs');
    expect(issuesAddress({ version: '1' })).toBe('the issues of godyno’s repository');
  });

  it.each([
    ['an exception in a timer', 'setTimeout(() => { throw new Error("late") }, 1500)'],
    ['a promise that nobody awaits', 'setTimeout(() => { Promise.reject(new Error("late")) }, 1500)'],
  ])('never ends as "regressed", which Node’s own code for a crash would say: %s', async (_, crash) => {
    const place = makePlace();
    try {
      const ended = await place.run(['--version'], {
        env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` },
      });
      expect(ended.stderr).toContain('godyno hit an internal error');
      expect(ended.stderr).toContain('late');
      expect(ended.code).toBe(70);
    } finally {
      place.remove();
    }
  });
});

describe('an installation that lacks a part', () => {
  it('is said to be one, and never ends as "regressed": where the first file cannot load the rest', async () => {
    const place = makePlace();
    try {
      const bin = path.resolve(import.meta.dirname, '../../../harness/cli/bin.ts');
      place.file('cli/bin.ts', readFileSync(bin, 'utf8'));
      const { status, stderr } = spawnSync(process.execPath, ['cli/bin.ts', '--help'], {
        cwd: place.dir,
        encoding: 'utf8',
      });
      expect(stderr).toMatch(/^A part of godyno cannot be loaded: .*main\.ts.*\nInstall it again: npm ci/);
      expect(status).toBe(2);
    } finally {
      place.remove();
    }
  });

  it('is said to be one where a command cannot be loaded', () => {
    const error = Object.assign(new Error("Cannot find package 'zod'"), { code: 'ERR_MODULE_NOT_FOUND' });
    expect(reported(error)).toEqual([
      2,
      "error A part of godyno is missing: Cannot find package 'zod'\nInstall it again: npm ci, or npm i -D godyno.\n",
    ]);
  });
});

describe('what the user can mend', () => {
  it('is said with what to do, without a trace', () => {
    expect(reported(new UsageError('X', 'No such thing', 'Do that.'))).toEqual([2, 'error No such thing\nDo that.\n']);
  });

  it.each([
    ['ENOENT', 'open', '/gone', 'error /gone: there is no such file or folder\nCheck the path.\n'],
    ['EISDIR', 'read', '/tmp', 'error /tmp: it is a folder, not a file\nName a file in it.\n'],
    ['ENOSPC', 'write', undefined, 'error Cannot write: the disk is full\nFree space or choose another --out.\n'],
  ])('is said in words when the file system refuses: %s', (code, syscall, path, text) => {
    const error = Object.assign(new Error(`${code}: as Node says it`), { code, syscall, path });
    const [exit, shown] = reported(error);
    expect(exit).toBe(2);
    expect(shown).toBe(text);
  });
});
