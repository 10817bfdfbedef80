/** A small service in every build shape that has broken a build, a reader of Go's tables or a link before. */
import type { TargetSpec } from '../../harness/model/index.ts';
import { goMod, SERVICE } from '../service/go-modules.ts';

export interface Shape {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** Module folder below the made one. */
  readonly module: string;
  readonly spec: Partial<TargetSpec>;
  /** By the emulator. */
  readonly counted: boolean;
}

const WORK = `
//go:noinline
func weigh(n int) int { return worth(n) + total([]int{n, 2 * n, 3 * n}) }

func worth(n int) int {
	for i := range 64 {
		n = n*31 ^ i
	}
	return n
}

func total[T int | float64](all []T) (sum T) {
	for _, one := range all {
		sum += one
	}
	return sum
}
`;

const service = `${SERVICE.replace('fmt.Fprint(w, "ok")', 'fmt.Fprint(w, "ok", weigh(len(r.URL.Path)))')}${WORK}`;

const plain = { 'go.mod': goMod('example.com/service'), 'main.go': service };
const cgo = service
  .replace('import (', '// int twice(int x) { return 2 * x; }\nimport "C"\n\nimport (')
  .replace('fmt.Println("listening")', 'fmt.Println("listening", C.twice(21))');

const shape = (
  name: string,
  spec: Partial<TargetSpec> = {},
  files: Readonly<Record<string, string>> = plain,
): Shape => ({
  name,
  files,
  module: '.',
  spec,
  counted: true,
});

const flags = (...buildFlags: readonly string[]): Partial<TargetSpec> => ({ buildFlags });

export const SHAPES: readonly Shape[] = [
  shape('plain'),
  shape('stripped', flags('-ldflags', '-s -w')),
  shape('-trimpath=false', flags('-trimpath=false')),
  shape('external link', flags('-ldflags', '-linkmode=external')),
  shape('no DWARF, external', flags('-ldflags', '-w -linkmode=external')),
  shape('cgo main', {}, { ...plain, 'main.go': cgo }),
  shape(
    'go 1.21 module',
    {},
    {
      ...plain,
      'go.mod': 'module old\n\ngo 1.21\n',
      'main.go': service.replace('i := range 64', 'i := 0; i < 64; i++'),
    },
  ),
  {
    name: 'go.work',
    module: 'app',
    spec: {},
    files: { 'go.work': 'go 1.22\n\nuse ./app\n', 'app/go.mod': goMod('app'), 'app/main.go': service },
    counted: true,
  },
  shape('PIE', flags('-buildmode=pie')),
  shape('PIE, stripped', flags('-buildmode=pie', '-ldflags', '-s -w')),
  shape('PIE, external', flags('-buildmode=pie', '-ldflags', '-linkmode=external')),
  shape('CGO_ENABLED=0', { buildEnv: { CGO_ENABLED: '0' } }),
  // Nobody measures such a build, so it only has to run.
  { ...shape('-race', flags('-race')), counted: false },
];

const vendored = {
  'go.mod': goMod('example.com/service', 'require example.com/dep v1.0.0\n'),
  'main.go': service.replace('import (', 'import (\n\t_ "example.com/dep"'),
  'vendor/modules.txt': '# example.com/dep v1.0.0\n## explicit\nexample.com/dep\n',
  'vendor/example.com/dep/dep.go': 'package dep\n\nfunc init() { println("vendored") }\n',
};

/** What only matters when the linker is called. */
export const LINKED_SHAPES: readonly Shape[] = [
  shape('vendor', {}, vendored),
  shape('cgo, external', flags('-ldflags', '-linkmode=external'), { ...plain, 'main.go': cgo }),
  shape('cgo, PIE', flags('-buildmode=pie'), { ...plain, 'main.go': cgo }),
  shape('words with spaces', {
    buildFlags: ['-ldflags', `-linkmode=external "-extldflags='-L/no where' -Wl,-z,relro" -X "main.what=a b"`],
    buildEnv: { CGO_CFLAGS: '-O1 "-DWHAT=a b"' },
  }),
  shape('GOFLAGS', { buildEnv: { GOFLAGS: `'-ldflags=-X main.what=b -buildid=' -tags=x` } }),
  shape('untrimmed, external', flags('-trimpath=false', '-ldflags', '-linkmode=external'), {
    ...plain,
    'main.go': cgo,
  }),
  shape('kept debug information', flags('-ldflags', '-w=0')),
  shape('an experiment', { buildEnv: { GOEXPERIMENT: 'staticlockranking' } }),
  shape('GOAMD64=v3', { buildEnv: { GOAMD64: 'v3' } }),
];
