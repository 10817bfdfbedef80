import { describe, expect, it } from 'vitest';
import type { FunctionGateComparison, MetricComparison } from '../../../harness/model/index.ts';
import {
  buildReport,
  exportJunit,
  renderHtml,
  renderTerminal,
  verdictSentence,
} from '../../../harness/report/index.ts';
import { byRatio, comparisonOf, functionGate, gated, scenarioOf, STORIES } from '../../builders/comparisons.ts';

const encode = gated('main.encode', 100, 143, [0.31, 0.55], { verdict: 'regressed' });
const fails = functionGate('main.encode', 0.2, 'regressed', [encode]);
const sentence = (
  functionGates: readonly FunctionGateComparison[],
  metrics: readonly MetricComparison[] = scenarioOf('demo', 'unchanged').metrics,
) =>
  verdictSentence(
    comparisonOf([
      scenarioOf('demo', functionGates.includes(fails) ? 'regressed' : 'unchanged', { functionGates, metrics }),
    ]),
  );
const reportOf = (name: string) =>
  buildReport({
    comparison: STORIES[name]!,
    invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] },
  });

describe('the sentence', () => {
  it('leads with the function where nothing else fails, whatever is only shown', () => {
    const shown = byRatio('blockWaitNsPerRequest', 100, 400, 0.1, { gate: false, verdict: 'regressed' });
    expect(sentence([fails], [byRatio('cpuNsPerRequest', 100, 100, 0.001), shown])).toBe(
      '`demo`: `main.encode` CPU +43 % (31…55 %), limit +20 %.',
    );
    const other = gated('main.load', 100, 180, [0.6, 1], { verdict: 'regressed' });
    const both = functionGate('main.*', 0.2, 'regressed', [other, gated('main.a', 5, 5, [-0.1, 0.1])]);
    expect(sentence([fails, both])).toBe(
      '`demo`: `main.encode` CPU +43 % (31…55 %), limit +20 %, and 1 more function beyond its limit.',
    );
  });

  it('follows the metric that fails', () => {
    const cpu = byRatio('cpuNsPerRequest', 100, 104, 0.01, { verdict: 'regressed' });
    expect(sentence([fails], [cpu])).toBe(
      '`demo`: CPU per request +4 % (3…5 %); `main.encode` CPU +43 % (31…55 %), limit +20 %.',
    );
  });

  it('says once that no function matches, and titles nothing unchanged then', () => {
    const none = (profile: FunctionGateComparison['profile']) =>
      functionGate('main.encodr', 0.2, 'notJudged', [], { profile, reason: 'no function matches' });
    const text = sentence([none('cpu'), none('alloc_space')]);
    expect(text).toBe(
      '`demo`: CPU, allocations, bytes allocated and 4 more unchanged (CPU within 2 %); `main.encodr` CPU and allocated bytes not judged (no function matches).',
    );
    const many = ['a', 'b', 'c', 'd'].map((pattern) => ({ ...none('cpu'), pattern }));
    expect(sentence(many)).toMatch(/; `a` and 3 more functions not judged \(no function matches\)\.$/);
    const apart = many.map((each) => ({ ...each, reason: `busy with ${each.pattern}` }));
    expect(sentence(apart)).toMatch(
      /; `a` CPU not judged \(busy with a\); `b` CPU not judged \(busy with b\); 2 more limits of functions not judged\.$/,
    );
    expect(reportOf('function-not-judged').headline).toBe('partlyJudged');
  });

  it('stays as it is where every function is within its limit', () => {
    const fine = functionGate('main.encode', 0.2, 'unchanged', [{ ...encode, verdict: 'unchanged' }]);
    expect(sentence([fine])).toBe(sentence([]));
  });
});

describe('functions with a limit', () => {
  it('are in a table of the page, and lines of the terminal, those that fail first', () => {
    const report = reportOf('regressed-function');
    const page = renderHtml({
      report,
      comparison: STORIES['regressed-function']!,
      profiles: [],
      script: '',
      style: '',
    });
    expect(page).toContain('demo: functions with a limit, own cost per request');
    expect(page).toContain('<span class="regressed">✗ regressed</span>');
    const lines = renderTerminal(report)
      .split('\n')
      .filter((line) => line.includes(', limit +'))
      .slice(1);
    expect(lines[0]).toMatch(/^ {2}main\.encode CPU +120 µs +172 µs +\+42\.9 % +31…55 % {2}✗ regressed, limit \+20 %$/);
    expect(lines.at(-1)).toMatch(/^ {2}main\.encodr CPU .*– not judged \(no function matches\), limit \+20 %$/);
    expect(lines).toHaveLength(4);
  });

  it('that were moved say so', () => {
    const moved = functionGate('main.encode', 0.2, 'unchanged', [
      { ...encode, verdict: 'unchanged', movedTo: 'main.load' },
    ]);
    const report = buildReport({
      comparison: comparisonOf([scenarioOf('demo', 'unchanged', { functionGates: [moved] })]),
      invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] },
    });
    expect(report.scenarios[0]?.functionGates[0]).toMatchObject({
      words: '= unchanged',
      reason: 'moved, not added (main.load)',
    });
  });

  it('are a case each in JUnit: beyond its limit a failure, not judged skipped', () => {
    const xml = exportJunit(STORIES['regressed-function']!);
    expect(xml).toContain('failures="1" errors="0" skipped="1"');
    expect(xml).toContain(
      'name="main.encode CPU">\n      <failure message="main.encode +42.9 % (31…55 %), limit +20 %, ✗ regressed"/>',
    );
    expect(xml).toContain('<skipped message="limit +20 %, – not judged: no function matches"/>');
    expect(xml).toContain('name="main.(*cache).* CPU"/>');
  });
});
