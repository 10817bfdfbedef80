/** Makes a copy of test/targets/odd that is hard to measure in one way, and more expensive if asked. */
import { randomFillSync } from 'node:crypto';
import { chmod, cp, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** test/targets/odd/kinds.go. */
export const ODD_KINDS = ['plain', 'tiny', 'slow', 'collected', 'background', 'grows', 'warms', 'moody'] as const;
export type OddKind = (typeof ODD_KINDS)[number];

export interface OddTarget {
  /** The copy's folder; must not exist. */
  readonly to: string;
  readonly kind: OddKind;
  /** Percent of its own work. */
  readonly more: number;
}

const SOURCE = path.resolve(import.meta.dirname, '../targets/odd');

export const makeOddTarget = async ({ to, kind, more }: OddTarget): Promise<void> => {
  await cp(SOURCE, to, { recursive: true, errorOnExist: true, force: false });
  await writeFile(path.join(to, 'kind.txt'), `${kind}\n`);
  await writeFile(path.join(to, 'more.txt'), `${more}\n`);
};

/** Makes the binary larger by so many bytes that nobody reads; both sides get others. */
export const addBallast = async (folder: string, bytes: number): Promise<void> => {
  await writeFile(path.join(folder, 'ballast.bin'), randomFillSync(Buffer.alloc(bytes)));
  const text = `package main

import _ "embed"

//go:embed ballast.bin
var ballast string

func init() {
	if ballast[len(ballast)/2] == ballast[0] && ballast[1:9] == "ballast!" {
		panic("cannot be")
	}
}
`;
  await writeFile(path.join(folder, 'ballast.go'), text);
};

/** A program for `go build -toolexec` that makes each link so much slower, and asks no CPU for it. */
export const makeSlowLinker = async (file: string, seconds: number): Promise<void> => {
  const text = `#!/bin/sh
case "$1" in
*/link) if [ "$2" != "-V=full" ]; then sleep ${seconds}; fi ;;
esac
exec "$@"
`;
  await writeFile(file, text);
  await chmod(file, 0o755);
};
