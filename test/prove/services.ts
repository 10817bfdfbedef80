/** The services of the campaigns, as two folders of identical code: base, and head that may be changed afterwards. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, type ScenarioChanges, type Sides } from './campaign.ts';

export interface Service {
  readonly scenarioFile: () => string;
  /** Where the module lies in a side's folder, in place of what the scenario says. */
  readonly changes: ScenarioChanges;
  /** Of the main package. */
  readonly mainFolder: string;
  readonly source: () => string;
}

const cache = path.join(tmpdir(), 'godyno-prove');

const makeWritable = (folder: string): void => {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(at);
    else chmodSync(at, 0o644);
  }
};

/** The sources of a published module, in a plain folder: inside the module cache nothing can be built with an overlay. */
const published = (module: string): string => {
  const folder = path.join(cache, 'source', module.replaceAll(/[^\w.-]+/g, '-'));
  if (existsSync(folder)) return folder;
  const told = execFileSync('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), encoding: 'utf8' });
  const { Dir } = JSON.parse(told) as { readonly Dir: string };
  const fresh = `${folder}.${process.pid}`;
  cpSync(Dir, fresh, { recursive: true });
  makeWritable(fresh);
  renameSync(fresh, folder);
  return folder;
};

const CADDYFILE = `{
	admin off
	auto_https off
	persist_config off
}
http://127.0.0.1:{$SITE_PORT} {
	respond /ready "ok"
	handle_path /static/* {
		root * site
		file_server
	}
	handle_path /gz/* {
		root * site
		encode gzip
		file_server
	}
	handle /tpl/* {
		root * site
		templates
		file_server
	}
}
`;

const TEMPLATE = `<html><body><h1>{{.Req.URL.Query.Get "n" | len}}</h1>
{{range $i, $word := splitList " " "amber birch brass canvas cedar clay copper cork cotton denim felt flax glass"}}
<p class="row{{$i}}">{{$word | upper}}</p>{{end}}
{{markdown "# Title\\n\\nSome *text* with [a link](https://example.com) and a list:\\n\\n- one\\n- two\\n"}}
</body></html>
`;

const text = (lines: number): string =>
  Array.from(
    { length: lines },
    (_, index) => `${index} the quick brown fox jumps over the lazy dog ${index * 7919}`,
  ).join('\n');

/** 40 series of 120 points, one minute apart. */
const points = (): string =>
  Array.from({ length: 40 }, (_, series) =>
    Array.from({ length: 120 }, (_, minute) => {
      const value = (series * 31 + minute * 17) % 101;
      return `load{job="job${series % 4}",instance="i${series}"} ${value} ${(1_750_000_000 + 60 * minute) * 1000}`;
    }).join('\n'),
  ).join('\n');

/** A site of its own for Caddy, which finds it in its module's folder. */
const addSite = (folder: string): string => {
  mkdirSync(path.join(folder, 'site/tpl'), { recursive: true });
  writeFileSync(path.join(folder, 'caddy.Caddyfile'), CADDYFILE);
  writeFileSync(path.join(folder, 'site/small.txt'), 'small\n');
  writeFileSync(path.join(folder, 'site/big.txt'), text(500));
  writeFileSync(path.join(folder, 'site/tpl/index.html'), TEMPLATE);
  return folder;
};

/** A page that git ignores is embedded: the smallest that the service starts with. */
const addPage = (folder: string): string => {
  const build = path.join(folder, 'ui/build');
  mkdirSync(build, { recursive: true });
  writeFileSync(path.join(build, 'index.html'), '<!doctype html><title>Gotify</title>\n');
  for (const name of ['manifest.json', 'asset-manifest.json']) writeFileSync(path.join(build, name), '{}\n');
  return folder;
};

const SERVICES_FOLDER = path.join(import.meta.dirname, 'services');

/** A scenario with a file that is made, both in the cache. */
const withFile = (scenario: string, name: string, content: () => string): string => {
  mkdirSync(cache, { recursive: true });
  writeFileSync(path.join(cache, name), content());
  const copy = path.join(cache, scenario);
  writeFileSync(copy, readFileSync(path.join(SERVICES_FOLDER, scenario)));
  return copy;
};

export const SERVICES = {
  demo: {
    scenarioFile: () => path.join(root, 'scenarios/demo.yml'),
    changes: { target: { module: '.' } },
    mainFolder: '.',
    source: () => path.join(root, 'test/targets/demo'),
  },
  'go-httpbin': {
    scenarioFile: () => path.join(SERVICES_FOLDER, 'go-httpbin.yml'),
    changes: {},
    mainFolder: 'cmd/go-httpbin',
    source: () => published('github.com/mccutchen/go-httpbin/v2@v2.26.0'),
  },
  podinfo: {
    scenarioFile: () => path.join(SERVICES_FOLDER, 'podinfo.yml'),
    changes: {},
    mainFolder: 'cmd/podinfo',
    source: () => published('github.com/stefanprodan/podinfo@v1.8.1-0.20250910200901-e86405a8674e'),
  },
  pocketbase: {
    scenarioFile: () => path.join(SERVICES_FOLDER, 'pocketbase.yml'),
    changes: {},
    mainFolder: 'examples/base',
    source: () => published('github.com/pocketbase/pocketbase@v0.36.8'),
  },
  caddy: {
    scenarioFile: () => path.join(SERVICES_FOLDER, 'caddy.yml'),
    changes: {},
    mainFolder: 'cmd/caddy',
    source: () => addSite(published('github.com/caddyserver/caddy/v2@v2.11.9')),
  },
  gotify: {
    scenarioFile: () => path.join(SERVICES_FOLDER, 'gotify.yml'),
    changes: {},
    mainFolder: '.',
    source: () => addPage(published('github.com/gotify/server/v2@v2.6.1')),
  },
  sqlite: {
    scenarioFile: () => path.join(SERVICES_FOLDER, 'sqlite.yml'),
    changes: {},
    mainFolder: '.',
    source: () => path.join(root, 'test/targets/sqlite'),
  },
  victoria: {
    scenarioFile: () => withFile('victoria.yml', 'victoria.txt', points),
    changes: {},
    mainFolder: 'app/victoria-metrics',
    source: () => published('github.com/VictoriaMetrics/VictoriaMetrics@v0.0.0-20250718125606-9d9bea03485e'),
  },
} as const satisfies Record<string, Service>;

export type ServiceName = keyof typeof SERVICES;

/** Where sides lie under this name, campaign after campaign, so that Go's build cache knows them. */
export const placeOf = (name: string): string => path.join(cache, name);

/** Fresh folders of identical code and equal path length (a path is in every binary, and its length moves code). */
export const freshSides = (service: ServiceName, name: string): Sides => {
  const folder = placeOf(name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const sides = { base: path.join(folder, 'b'), head: path.join(folder, 'h') };
  for (const side of Object.values(sides)) cpSync(SERVICES[service].source(), side, { recursive: true });
  return sides;
};

const UNUSED = 50;

/** Linked, since the linker cannot know that no program is started without a name; called by nobody. */
export const addUnusedFunctions = (side: string, service: ServiceName): void => {
  const numbers = Array.from({ length: UNUSED }, (_, index) => index + 1);
  const text = `package main

import (
	"os"
	"strings"
)

var unused = []func(string) string{${numbers.map((n) => `unused${n}`).join(', ')}}

func init() {
	if len(os.Args) > 0 {
		return
	}
	for _, one := range unused {
		os.Args = append(os.Args, one("x"))
	}
}

${numbers
  .map(
    (n) => `//go:noinline
func unused${n}(text string) string {
	for len(text) < ${n * 7} {
		text += strings.ToUpper(text) + "${n}"
	}
	return strings.TrimSuffix(text, "${n}")
}
`,
  )
  .join('\n')}`;
  writeFileSync(path.join(side, SERVICES[service].mainFolder, 'unused.go'), text);
};
