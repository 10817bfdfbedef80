import { describe, expect, it } from 'vitest';
import { parseCampaignWord } from './campaign-words.ts';

const FLAGS = ['tight', 'noise'] as const;
const parsed = (word: string) => parseCampaignWord(word, FLAGS, 'name[:size][:flag]=runs');

describe('a word of a campaign', () => {
  it('is a name and how often', () => {
    expect(parsed('leak-heap=3')).toEqual({ name: 'leak-heap', size: null, flags: new Set(), runs: 3 });
  });

  it('has a size and flags, in any order', () => {
    expect(parsed('cpu:0.5:tight:noise=10')).toEqual({
      name: 'cpu',
      size: 0.5,
      flags: new Set(['tight', 'noise']),
      runs: 10,
    });
    expect(parsed('tiny:noise:-5=2')).toEqual({ name: 'tiny', size: -5, flags: new Set(['noise']), runs: 2 });
  });

  it.each(['cpu', 'cpu=', 'cpu=0', '=3', 'cpu:loud=1', 'cpu:1:2=1', 'cpu::noise=1', 'cpu:noise:noise=1', 'cpu:1=1x'])(
    'is refused as %s, with how it is written',
    (word) => {
      expect(() => parsed(word)).toThrow('write name[:size][:flag]=runs');
    },
  );
});
