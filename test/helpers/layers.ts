/**
 * `npm run layers`: the import rules of .dependency-cruiser.mjs, and the proof that they are looking.
 *
 * dependency-cruiser reports "no violations" when it could not read a single file (it does so for TypeScript it has no
 * compiler for), so the number of modules it saw must be that of the files there are, and a small tree that breaks one
 * rule of each kind must be refused for exactly those rules.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

interface Findings {
  /** Modules of harness that were read. */
  readonly modules: number;
  readonly violations: readonly {
    readonly rule: string;
    readonly from: string;
    readonly to: string;
    readonly why: string;
  }[];
}

interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { from: string; to: string; comment?: string; rule: { name: string } }[];
  };
}

const root = path.resolve(import.meta.dirname, '../..');
const depcruise = path.join(root, 'node_modules/.bin/depcruise');

const cruise = (folder: string): Findings => {
  const args = [depcruise, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'harness'];
  const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (!run.stdout.startsWith('{')) throw new Error(`dependency-cruiser gave no answer: ${run.stdout}${run.stderr}`);
  const { modules, summary } = JSON.parse(run.stdout) as CruiseResult;
  return {
    modules: modules.filter(({ source }) => source.startsWith('harness/')).length,
    violations: summary.violations.map(({ from, to, comment, rule }) => ({
      from,
      to,
      rule: rule.name,
      why: comment ?? '',
    })),
  };
};

/** File → its text: one broken rule of each kind. */
const BROKEN: Readonly<Record<string, string>> = {
  'harness/stats/index.ts': "import '../cli/index.ts';\nimport 'node:fs';\nimport 'autocannon';\n",
  'harness/compare/verdict/judge.ts': "import '../stored/compare-stored.ts';\n",
  'harness/compare/stored/compare-stored.ts': '',
  'harness/cli/index.ts': "import '../profile/inner.ts';\n",
  'harness/profile/inner.ts': "import './other.ts';\n",
  'harness/profile/other.ts': "import './inner.ts';\n",
};
const EXPECTED = [
  'compare-verdict-reaches-only-its-own',
  'no-circle',
  'one-door',
  'only-load-knows-autocannon',
  'pure-stays-pure',
  'stats-reaches-only-its-own',
];

/** The rules that refuse a tree that breaks one of each kind. */
const rulesThatBite = (): readonly string[] => {
  const folder = mkdtempSync(path.join(tmpdir(), 'layers-'));
  try {
    for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
      cpSync(path.join(root, file), path.join(folder, file));
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    for (const [file, text] of Object.entries(BROKEN)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
    return [...new Set(cruise(folder).violations.map(({ rule }) => rule))].toSorted();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const complaints: string[] = [];
const biting = rulesThatBite();
for (const rule of EXPECTED.filter((name) => !biting.includes(name))) {
  complaints.push(`self-test: the rule ${rule} did not refuse a tree that breaks it`);
}

const { modules, violations } = cruise(root);
const files = globSync('harness/**/*.ts', { cwd: root }).length;
if (modules < files) complaints.push(`dependency-cruiser saw ${modules} of ${files} files`);
for (const { rule, from, to, why } of violations) complaints.push(`${from} → ${to}\n  ${rule}: ${why}`);

console.log(complaints.length === 0 ? `${modules} modules keep the layers` : complaints.join('\n'));
process.exitCode = complaints.length === 0 ? 0 : 1;
