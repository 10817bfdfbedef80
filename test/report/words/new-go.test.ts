import { describe, expect, it } from 'vitest';
import type { GroupCost, ToolchainChange } from '../../../harness/model/index.ts';
import {
  buildReport,
  renderHtml,
  renderMarkdown,
  renderTerminal,
  verdictSentence,
} from '../../../harness/report/index.ts';
import { byRatio, comparisonOf, row, scenarioOf } from '../../builders/comparisons.ts';

const cost = (
  of: GroupCost['of'],
  path: string,
  base: number,
  head: number,
  rest: Partial<GroupCost> = {},
): GroupCost => ({
  profile: 'alloc_space',
  of,
  package: path,
  unit: 'B',
  basePerRequest: base,
  headPerRequest: head,
  deltaPerRequest: head - base,
  impactRatio: (head - base) / 39_000,
  isCertain: true,
  ...rest,
});

const bump = (rest: Partial<ToolchainChange> = {}): ToolchainChange => ({
  versions: { base: 'go1.26.8', head: 'go1.27.3' },
  goLines: null,
  isOnly: true,
  binaryBytes: { base: 10 * 2 ** 20, head: 11 * 2 ** 20 },
  gates: [],
  known: ['1.27: encoding/json runs on `encoding/json/v2`'],
  costs: [
    cost('go', 'encoding/json', 4806, 9953),
    cost('module', '', 21_900, 21_900, { isCertain: false }),
    cost('go', 'net/http', 2320, 2298, { isCertain: false }),
  ],
  ...rest,
});

const bytes = byRatio('allocBytesPerRequest', 39_000, 43_900, 0.01, { verdict: 'regressed', gate: true });
const grow = row('slices.Grow[...]', {
  profile: 'alloc_space',
  unit: 'B',
  deltaPerRequest: 3600,
  caller: 'main.write',
});
const comparison = (toolchain: ToolchainChange, metrics = [bytes]) =>
  comparisonOf([scenarioOf('demo', 'regressed', { metrics, functions: [grow], toolchain })]);
const markdown = (toolchain: ToolchainChange, metrics = [bytes]): string =>
  renderMarkdown(reportOf(toolchain, metrics));
const reportOf = (toolchain: ToolchainChange, metrics = [bytes]) =>
  buildReport({
    comparison: comparison(toolchain, metrics),
    invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] },
  });

describe('a pull request that only bumps Go', () => {
  it('says so before the figure, and names the package instead of a function inside it', () => {
    expect(verdictSentence(comparison(bump()))).toMatch(
      /^`demo`: only the Go toolchain changed \(go1\.26\.8 → go1\.27\.3\): bytes allocated per request \+12\.6 % .*, mostly in `encoding\/json` \(\+5\.03 KiB\)\.$/,
    );
  });

  it('tells the packages that changed, the weight of the binary, what is known of that Go and what to do, before all cautions', () => {
    const text = markdown(bump());
    const plain = text.replaceAll('\u200b', '');
    expect(plain).toContain('**New Go:** go1.26.8 → go1.27.3, and nothing else changed');
    expect(plain).toContain(
      '- Allocated bytes per request: `encoding/json` 4.69 KiB → 9.72 KiB (+107 %); all other parts as before, or not certain.',
    );
    expect(plain).toContain("- The binary, with godyno's agent in it: 10 MiB → 11 MiB (+10 %).");
    expect(plain).toContain('Known to be different in Go 1.27:\n- encoding/json runs on `encoding/json/v2`.');
    expect(plain).toContain('**To do:** Nothing but Go has changed.');
    expect(plain).not.toContain('net/http');
    expect(text.indexOf('**New Go:**')).toBeLessThan(text.indexOf('**To do:**'));
    expect(renderTerminal(reportOf(bump()))).toContain('  new Go: Allocated bytes per request: `encoding/json`');
  });

  it('offers to measure without json/v2 where that came in between and encoding/json costs more', () => {
    const known = ['1.27: json/v2. GOEXPERIMENT=nojsonv2 brings the old one back'];
    const offer = '`target.buildEnv: { GOEXPERIMENT: nojsonv2 }`';
    expect(markdown(bump({ known }))).toContain(offer);
    expect(markdown(bump())).not.toContain(offer);
    expect(markdown(bump({ known, costs: [cost('go', 'encoding/json', 9953, 4806)] }))).not.toContain(offer);
  });

  it('says that nothing changed for certain where nothing did', () => {
    const still = bump({ costs: [cost('module', '', 100, 101, { isCertain: false })] });
    const unchanged = [{ ...bytes, verdict: 'unchanged' as const }];
    expect(markdown(still, unchanged)).toContain(
      'No package of Go, nor your own code, costs more or less for certain.',
    );
  });

  it('names the parts that moved with the whole where none did for certain', () => {
    const unsure = { isCertain: false };
    const costs = [cost('go', 'io', 20_000, 24_000, unsure), cost('go', 'net/http', 5000, 4000, unsure)];
    const text = markdown(
      bump({ costs: [...costs, cost('module', '', 900, 2000, unsure), cost('dependencies', '', 900, 901, unsure)] }),
    ).replaceAll('\u200b', '');
    expect(text).toContain(
      '- Allocated bytes per request: no part for certain; most of it perhaps `io` 19.5 KiB → 23.4 KiB (+20 %), your own code 900 B → 1.95 KiB (+122 %).',
    );
    expect(text).not.toContain('No package of Go');
  });

  it('has its section at the top of the page, too', () => {
    const page = renderHtml({
      report: reportOf(bump()),
      comparison: comparison(bump()),
      profiles: [],
      script: '',
      style: '',
    });
    expect(page).toContain('<h2>New Go</h2><p>go1.26.8 → go1.27.3, and nothing else changed</p>');
    expect(page).toContain('<code>encoding/json</code> 4.69 KiB → 9.72 KiB (+107 %)');
    expect(page.indexOf('New Go')).toBeLessThan(page.indexOf('To do:'));
  });

  it('says nothing of costs where the measurement was not worth judging', () => {
    const invalid = scenarioOf('demo', 'invalid', { metrics: [bytes], toolchain: bump(), reason: 'both sides fail' });
    const text = renderMarkdown(
      buildReport({
        comparison: comparisonOf([invalid]),
        invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] },
      }),
    );
    expect(text).toContain('**New Go:**');
    expect(text).not.toMatch(/encoding\/json` 4|for certain/);
  });

  it('says which release each change came with where there are several', () => {
    const text = markdown(bump({ known: ['1.27: a', '1.26: b'] })).replaceAll('\u200b', '');
    expect(text).toContain('Known to be different between the two:\n- Go 1.27: a.\n- Go 1.26: b.');
  });

  it('names the gate that has another limit for it, and a limit that is off', () => {
    const text = markdown(bump({ gates: ['allocBytesPerRequest'] }));
    expect(text).toContain('The gate on bytes allocated per request fails from +1 % on where Go itself changes');
    const off = markdown(bump({ gates: ['allocBytesPerRequest'] }), [{ ...bytes, gate: false }]);
    expect(off).toContain('The gate on bytes allocated per request does not fail where Go itself changes');
  });
});

describe('a pull request that changes other code, too', () => {
  const both = bump({ isOnly: false });

  it('says both, and does not clear the code of it', () => {
    expect(verdictSentence(comparison(both))).toMatch(
      /^`demo`: the Go toolchain changed as well as other code \(go1\.26\.8 → go1\.27\.3\): bytes allocated/,
    );
    const text = markdown(both);
    expect(text).toContain('go1.26.8 → go1.27.3; other code changed, too');
    expect(text).not.toContain('Nothing but Go has changed');
  });

  it('names the function in its own code, not its own code as a whole', () => {
    const own = [cost('module', '', 21_900, 26_500)];
    expect(verdictSentence(comparison(bump({ isOnly: false, costs: own })))).toContain('slices.Grow[...]');
    expect(verdictSentence(comparison(bump({ costs: own })))).toContain('mostly in your own code');
  });
});

describe('another go line of go.mod', () => {
  it('is said as that, since one Go has built both sides', () => {
    const line = bump({
      versions: { base: 'go1.27.3', head: 'go1.27.3' },
      goLines: { base: '1.22', head: '1.27' },
      costs: [],
      known: [],
    });
    expect(verdictSentence(comparison(line))).toContain("only go.mod's go line changed (1.22 → 1.27): bytes");
    expect(markdown(line)).not.toContain('Known to be different');
    expect(markdown(line)).toContain('a `godebug` line there keeps a setting as it was');
    expect(markdown(line)).not.toContain('toolchain`');
  });
});
