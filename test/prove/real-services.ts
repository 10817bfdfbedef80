/**
 * Real services for proofs, through the Go module proxy: each module is copied out of the module cache once, with what
 * its scenario (services/<name>.yml) needs beside it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** Pinned: the newest that build with Go 1.26 and that the proxy serves. */
const MODULES = {
  httpbin: 'github.com/mccutchen/go-httpbin/v2@v2.26.0',
  pocketbase: 'github.com/pocketbase/pocketbase@v0.36.8',
  caddy: 'github.com/caddyserver/caddy/v2@v2.11.9',
  victoria: 'github.com/VictoriaMetrics/VictoriaMetrics@v0.0.0-20250718125606-9d9bea03485e',
} as const;

export const SERVICE_NAMES = ['demo', 'httpbin', 'pocketbase', 'caddy', 'victoria'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export interface RealService {
  readonly scenarioFile: string;
  /** The module's folder; not to be edited. */
  readonly moduleDir: string;
}

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

const addFiles = (name: ServiceName, folder: string, moduleDir: string): void => {
  if (name === 'victoria') writeFileSync(path.join(folder, 'victoria.txt'), `${points()}\n`);
  if (name !== 'caddy') return;
  writeFileSync(path.join(moduleDir, 'caddy.Caddyfile'), CADDYFILE);
  mkdirSync(path.join(moduleDir, 'site/tpl'), { recursive: true });
  writeFileSync(path.join(moduleDir, 'site/small.txt'), 'small\n');
  writeFileSync(path.join(moduleDir, 'site/big.txt'), text(500));
  writeFileSync(path.join(moduleDir, 'site/tpl/index.html'), TEMPLATE);
};

const downloaded = (module: string): string => {
  const told = execFileSync('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), encoding: 'utf8' });
  return (JSON.parse(told) as { readonly Dir: string }).Dir;
};

/** Copies the module once per machine; throws what `go mod download` says where it cannot be had. */
export const realService = (name: ServiceName): RealService => {
  if (name === 'demo') {
    return { scenarioFile: path.join(root, 'scenarios/demo.yml'), moduleDir: path.join(root, 'test/targets/demo') };
  }
  const folder = path.join(tmpdir(), 'godyno-services', name);
  const place = { scenarioFile: path.join(folder, `${name}.yml`), moduleDir: path.join(folder, 'src') };
  if (!existsSync(place.moduleDir)) {
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    cpSync(downloaded(MODULES[name]), path.join(making, 'src'), { recursive: true });
    // The module cache is read-only, and so are copies of it.
    execFileSync('chmod', ['-R', 'u+w', making]);
    addFiles(name, making, path.join(making, 'src'));
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
  }
  writeFileSync(place.scenarioFile, readFileSync(path.join(import.meta.dirname, 'services', `${name}.yml`)));
  return place;
};
