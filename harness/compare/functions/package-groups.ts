/** The parts of a program that a new Go may make cost more or less: its packages, the module, what that depends on. */
import type { GroupCost } from '../../model/index.ts';
import { isRuntime, isStandard, packageOf } from '../../profile/index.ts';
import { isOwn } from './owners.ts';

export type Part = Pick<GroupCost, 'of' | 'package'>;

/** Whose packages are one thing to a user: `crypto/internal/fips140/sha256` is `crypto`. */
const WHOLE = new Set(['crypto', 'go', 'hash', 'image']);

/** `encoding/json/internal/jsonwire` → `encoding/json`; `vendor/golang.org/x/net/http2` → `vendor/golang.org/x/net`. */
const familyOf = (path: string): string => {
  const parts = path.split('/');
  const [first = ''] = parts;
  if (first === 'vendor') return parts.slice(0, 4).join('/');
  return WHOLE.has(first) ? first : parts.slice(0, 2).join('/');
};

export const partOf = (name: string, modulePath: string | null): Part => {
  if (isOwn(name, modulePath)) return { of: 'module', package: '' };
  if (isRuntime(name)) return { of: 'runtime', package: '' };
  const path = packageOf(name);
  if (!name.includes('.') || path === '') return { of: 'runtime', package: '' };
  return isStandard(path, modulePath) ? { of: 'go', package: familyOf(path) } : { of: 'dependencies', package: '' };
};

export const keyOf = ({ of, package: family }: Part): string => `${of} ${family}`;

/** The family's name with a star where packages below it are part of what was counted. */
export const labelOf = (part: Part, names: readonly string[]): string =>
  names.some((name) => packageOf(name) !== part.package) && part.of === 'go' ? `${part.package}*` : part.package;
