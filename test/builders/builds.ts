import type { BuildInfo } from '../../harness/model/index.ts';

/** A build of an application by that Go. */
export const buildOf = (
  goVersion: string,
  settings: Readonly<Record<string, string>> = {},
  changes: Partial<BuildInfo> = {},
): BuildInfo => ({
  package: '.',
  importPath: 'example.com/app',
  modulePath: 'example.com/app',
  moduleDir: '/src',
  goVersion,
  buildFlags: [],
  settings,
  binaryBytes: 1,
  seededLinks: true,
  unseededReason: null,
  linkSeconds: [],
  ...changes,
});
