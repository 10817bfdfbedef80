/**
 * `npm run demo`: the main job on the embedded demo service. Base is the demo as it is; head is a copy of it with 5 %
 * more CPU planted in one function. godyno is told neither that there is a fault nor where; this program knows, and
 * says whether godyno found it.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseComparison, type ScenarioComparison } from '../../harness/model/index.ts';
import { DEMO_FAULTS, plantDemo } from './plant-demo.ts';

const FAULT = 'cpu';
const PERCENT = 5;

const root = path.resolve(import.meta.dirname, '../..');
const out = '.godyno/demo';
/** Copies of equal path length: a path is in every binary, and its length moves code. */
const sides = { base: '.godyno/demo-base', head: '.godyno/demo-head' };

const prepare = async (): Promise<void> => {
  for (const folder of [out, ...Object.values(sides)])
    rmSync(path.join(root, folder), { recursive: true, force: true });
  mkdirSync(path.join(root, '.godyno'), { recursive: true });
  for (const [side, folder] of Object.entries(sides)) {
    await plantDemo({
      from: path.join(root, 'test/targets/demo'),
      to: path.join(root, folder, 'test/targets/demo'),
      fault: side === 'head' ? FAULT : 'none',
      size: PERCENT,
    });
  }
};

const measure = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const flags = ['--base', sides.base, '--head', sides.head, '--out', out];
    const child = spawn(
      process.execPath,
      ['dist/cli/bin.js', 'run', 'scenarios/demo.yml', ...flags, ...process.argv.slice(2)],
      {
        cwd: root,
        stdio: 'inherit',
      },
    );
    // Ctrl-C reaches the whole group; godyno stops what it started, and its exit ends us.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 130));
  });

const profilesOf = (side: 'base' | 'head'): string => path.join(out, 'profiles/demo', side, 'cpu.pb.gz');

const howToOpen = (): string =>
  [
    'What it left:',
    `  less ${out}/report.md`,
    `  less ${out}/comparison.json          # the same for programs; ${out}/run.json holds the raw counters`,
    ...(existsSync(path.join(root, profilesOf('head')))
      ? [
          `  go tool pprof -top ${profilesOf('head')}`,
          `  go tool pprof -http :8081 -diff_base ${profilesOf('base')} ${profilesOf('head')}`,
        ]
      : []),
  ].join('\n');

interface Found {
  readonly asPlanted: boolean;
  readonly sentence: string;
}

/** What godyno's answer says about the plant, in one sentence. */
const judge = (scenario: ScenarioComparison | undefined): Found => {
  const planted = DEMO_FAULTS[FAULT].function;
  const cpu = scenario?.metrics.find(({ metric }) => metric === 'cpuNsPerRequest');
  if (cpu?.verdict !== 'regressed') {
    return {
      asPlanted: false,
      sentence: `The demo failed: CPU per request is ${cpu?.verdict ?? 'missing'}, not regressed.`,
    };
  }
  const culprit = scenario?.attribution?.culprit ?? null;
  if (culprit === planted) {
    return { asPlanted: true, sentence: `godyno found what was planted in \`${planted}\`: ${PERCENT} % of all CPU.` };
  }
  if (culprit === null) {
    const sentence = `godyno found the ${PERCENT} % of all CPU that was planted in \`${planted}\`, but was not certain of the function.`;
    return { asPlanted: true, sentence };
  }
  return {
    asPlanted: false,
    sentence: `The demo failed: \`${planted}\` is more expensive, and godyno names \`${culprit}\`.`,
  };
};

await prepare();
const code = await measure();
const comparison = path.join(root, out, 'comparison.json');
if (code !== 1 || !existsSync(comparison)) {
  console.error(
    `\nThe demo failed: godyno ended with ${code}; 1 (regressed) was expected, since head is ${PERCENT} % dearer.`,
  );
  process.exitCode = code === 0 ? 1 : code;
} else {
  const { asPlanted, sentence } = judge(parseComparison(readFileSync(comparison, 'utf8'), comparison).scenarios[0]);
  console.log(`\n${sentence}\n${howToOpen()}`);
  process.exitCode = asPlanted ? 0 : 1;
}
