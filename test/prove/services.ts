/** The services of the campaigns, as two folders of equal code: base, and head that may be changed afterwards. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, type ScenarioChanges, type Sides } from './campaign.ts';

export interface Service {
  readonly scenarioFile: string;
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

const SERVICES_FOLDER = path.join(import.meta.dirname, 'services');

export const SERVICES = {
  demo: {
    scenarioFile: path.join(root, 'scenarios/demo.yml'),
    changes: { target: { module: '.' } },
    mainFolder: '.',
    source: () => path.join(root, 'test/targets/demo'),
  },
  'go-httpbin': {
    scenarioFile: path.join(SERVICES_FOLDER, 'go-httpbin.yml'),
    changes: {},
    mainFolder: 'cmd/go-httpbin',
    source: () => published('github.com/mccutchen/go-httpbin/v2@v2.26.0'),
  },
  pocketbase: {
    scenarioFile: path.join(SERVICES_FOLDER, 'pocketbase.yml'),
    changes: {},
    mainFolder: 'examples/base',
    source: () => published('github.com/pocketbase/pocketbase@v0.36.8'),
  },
} as const satisfies Record<string, Service>;

export type ServiceName = keyof typeof SERVICES;

/**
 * Fresh folders of equal code and equal path length (a path is in every binary, and its length moves code), always at
 * the same places, so that Go's build cache knows them.
 */
export const freshSides = (service: ServiceName, name: string): Sides => {
  const folder = path.join(cache, name);
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
