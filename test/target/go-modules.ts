/** Small Go modules in temporary folders, for tests that need the real `go`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Revision, TargetSpec } from '../../harness/model/index.ts';

export const never = new AbortController().signal;

const made: string[] = [];

/** A new temporary folder holding `files` (path → text). */
export const makeFolder = (files: Readonly<Record<string, string>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'godyno-target-'));
  made.push(folder);
  writeFiles(folder, files);
  return folder;
};

export const writeFiles = (folder: string, files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};

export const removeFolders = (): void => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
};

/** A service on PORT with a healthy path, a broken one, and a word about how it was built and started. */
export const SERVICE = `package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
)

func main() {
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	http.HandleFunc("/sad", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 503) })
	http.HandleFunc("/about", func(w http.ResponseWriter, r *http.Request) {
		dir, _ := os.Getwd()
		fmt.Fprintln(w, runtime.GOMAXPROCS(0), os.Getenv("GOGC"), os.Getenv("GOMEMLIMIT"), os.Getenv("GODEBUG"), dir, os.Args[1:])
	})
	fmt.Println("listening")
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
	os.Exit(4)
}
`;

/** Says \`hello\` and which of its own inits ran; enough where nothing is served. */
export const HELLO = `package main

func main() { println("hello") }
`;

export const goMod = (name: string, rest = ''): string => `module ${name}\n\ngo 1.22\n${rest}`;

export const makeSpec = (changes: Partial<TargetSpec> = {}): TargetSpec => ({
  package: '.',
  module: '.',
  args: [],
  env: {},
  buildFlags: [],
  buildEnv: {},
  setup: [],
  ready: { method: 'GET', path: '/ready', timeoutSeconds: 10 },
  stopTimeoutSeconds: 5,
  cpus: 1,
  gogc: '100',
  gomemlimit: 'off',
  sides: 'auto',
  ...changes,
});

export const folderRevision = (label: string): Revision => ({ revision: `sha256:${label}`, label, kind: 'folder' });
