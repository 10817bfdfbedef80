import { describe, expect, it } from 'vitest';
import { compareToolchains } from '../../../harness/compare/toolchain/build-settings.ts';
import type { GoLines } from '../../../harness/model/index.ts';
import { buildOf } from '../../builders/builds.ts';

const go = (line: string | null): GoLines => ({ go: line, toolchain: null, godebug: [] });
const OLD = 'asynctimerchan=1,tls3des=1,randseednop=0';
const NEW = 'randseednop=0,tracebacklabels=0';

const sentence = (
  [baseGo, baseDefaults]: readonly [string, string],
  [headGo, headDefaults]: readonly [string, string],
  lines?: readonly [string | null, string | null],
): string | undefined =>
  compareToolchains(
    {
      base: buildOf(baseGo, { DefaultGODEBUG: baseDefaults }),
      head: buildOf(headGo, { DefaultGODEBUG: headDefaults }),
    },
    lines === undefined ? undefined : { base: go(lines[0]), head: go(lines[1]) },
  ).warnings[0];

describe('the sentence about GODEBUG', () => {
  it('does not lay at the go line’s door what two toolchains make of one go line', () => {
    expect(sentence(['go1.26.8', OLD], ['go1.27.3', NEW], ['1.22', '1.22'])).toBe(
      'Defaults of GODEBUG differ (go.mod has go 1.22 on both sides, but the two toolchains know different settings): ' +
        'asynctimerchan=1, tls3des=1 on base only, since go1.27.3 has removed these settings; ' +
        'new in go1.27.3 and kept as before: tracebacklabels=0.',
    );
  });

  it('says of a step back that head has settings again which base’s Go had removed', () => {
    expect(sentence(['go1.27.3', NEW], ['go1.26.8', OLD], ['1.22', '1.22'])).toContain(
      'asynctimerchan=1, tls3des=1 on head only, since go1.27.3 has removed these settings',
    );
  });

  it('names both go lines where they differ, and calls nothing removed or kept that one Go decides', () => {
    expect(sentence(['go1.26.8', OLD], ['go1.26.8', 'randseednop=0'], ['1.22', '1.23'])).toBe(
      'Defaults of GODEBUG differ (go.mod has go 1.22 on base and go 1.23 on head): asynctimerchan 1 → new, tls3des 1 → new.',
    );
  });

  it('needs no go line to know that one revision has one go.mod', () => {
    expect(sentence(['go1.26.8', ''], ['go1.27.3', 'tracebacklabels=0'], [null, null])).toBe(
      'Defaults of GODEBUG differ (go.mod is the same on both sides, but the two toolchains know different settings): ' +
        'new in go1.27.3 and kept as before: tracebacklabels=0.',
    );
  });

  it('says of equal Gos and equal go lines that godebug lines decide', () => {
    expect(sentence(['go1.26.8', OLD], ['go1.26.8', ''], [null, null])).toContain('(godebug lines decide them)');
  });

  it('names eight of many and counts the rest', () => {
    const many = Array.from({ length: 20 }, (_, index) => `setting${index}=0`).join(',');
    expect(sentence(['go1.27.3', many], ['go1.27.3', ''], ['1.22', '1.27'])).toMatch(
      /: setting0 0 → new, .*setting7 0 → new, and 12 more\.$/,
    );
  });

  it('claims no more than it knows where the go.mod files are not known', () => {
    const text = sentence(['go1.26.8', OLD], ['go1.27.3', NEW]);
    expect(text).toContain('(go.mod and the toolchain decide them)');
    expect(text).toContain('since go1.27.3 has removed these settings');
    expect(text).toContain('tracebacklabels new → 0');
  });
});
