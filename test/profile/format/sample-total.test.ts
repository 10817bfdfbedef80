import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeProfile, sampleTotal } from '../../../harness/profile/index.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/profiles');

const profiles = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pb.gz'));

describe('the events of a profile', () => {
  test.each(profiles)('are counted in %s as decoding it counts them', (name) => {
    const bytes = readFileSync(path.join(FIXTURES, name));
    const { samples, sampleTypes } = decodeProfile(bytes, name);
    let first = 0;
    for (let i = 0; i < samples.count; i++) first += samples.values[i * sampleTypes.length] ?? 0;
    expect(sampleTotal(bytes, name)).toBe(first);
  });

  test('are none of a file that is cut off, and a message says so', () => {
    const name = profiles.find((each) => each.endsWith('cpu.pb.gz')) ?? '';
    const bytes = readFileSync(path.join(FIXTURES, name));
    expect(() => sampleTotal(bytes.subarray(0, bytes.length >> 1), 'cpu.pb.gz')).toThrow(/cpu\.pb\.gz/);
  });
});
