import { describe, expect, it } from 'vitest';
import { readCoverage, runsChanged } from '../../harness/bench/judge/code-path.ts';

const TEXT = `package codec

// Encode is run.
func Encode(n int) int {
	if n > 3 {
		return n
	}
	return 2 * n
}

const Limit = 3

//go:noinline
func Decode(n int) int {
	return n
}
`;

const COVERAGE = readCoverage(`mode: set
example.com/m/codec/codec.go:4.24,5.11 1 1
example.com/m/codec/codec.go:5.11,7.3 1 0
example.com/m/codec/codec.go:8.2,8.14 1 1
example.com/m/codec/codec.go:14.24,16.2 1 0
`);

const runsLine = (line: number, file = 'codec/codec.go', text: string | null = TEXT): boolean =>
  runsChanged([{ file, changedLines: [[line, line]], text }], COVERAGE, 'codec/');

describe('a benchmark runs a change', () => {
  it('in a block that it runs, and not in one that it leaves out', () => {
    expect(runsLine(8)).toBe(true);
    expect(runsLine(6)).toBe(false);
    expect(runsLine(15)).toBe(false);
  });

  it('of a declaration or of what the compiler reads in a comment, but of no other comment', () => {
    expect(runsLine(11)).toBe(true);
    expect(runsLine(13)).toBe(true);
    expect(runsLine(3)).toBe(false);
    expect(runsLine(10)).toBe(false);
  });

  it('in files that coverage does not know: others than Go, its own tests, a package not in the program', () => {
    expect(runsLine(1, 'codec/testdata/a.json', '{}')).toBe(true);
    expect(runsLine(4, 'codec/codec_test.go')).toBe(true);
    expect(runsLine(4, 'other/other.go')).toBe(true);
    expect(runsLine(1, 'go.mod', 'module m')).toBe(true);
    expect(runsLine(1, 'codec/gone.go', null)).toBe(true);
    expect(runsLine(4, 'other/other_test.go')).toBe(false);
    expect(runsLine(1, 'README.md', 'x')).toBe(false);
  });

  it('where what looks like a comment is a line of a text, but not where back quotes only look like one', () => {
    const lines = (limit: string) =>
      TEXT.replace('const Limit = 3', limit).replace('// Encode is run.', '// `Encode` is run.');
    const text = lines('const Limit = `\n// text\n`');
    const number = text.split('\n').indexOf('// text') + 1;
    expect(runsLine(number, 'codec/codec.go', text)).toBe(true);
    expect(runsLine(3, 'codec/codec.go', text)).toBe(false);
    expect(runsLine(3, 'codec/codec.go', lines("const Limit = '`' // it's `\n"))).toBe(false);
  });
});
