import { describe, expect, test } from 'vitest';
import { budgetOf } from '../../harness/measure/measure.ts';
import { scenarioWith } from '../builders/scenarios.ts';

const lasting = (budgetSeconds: number) => {
  const scenario = scenarioWith({});
  return { ...scenario, measure: { ...scenario.measure, budgetSeconds } };
};

describe('budgetOf', () => {
  test('without --budget each scenario has its own', () => {
    expect(budgetOf(null, [lasting(90), lasting(500)])).toBe(90);
  });

  test.each([240, 30])('--budget of %d s wins over 120 s in the scenario', (asked) => {
    expect(budgetOf(asked, [lasting(120)])).toBe(asked);
  });

  test('--budget is divided as the scenarios say, to the last second', () => {
    const scenarios = [lasting(60), lasting(120), lasting(120)];
    let left = 600;
    const given = scenarios.map((_, index) => {
      const seconds = budgetOf(left, scenarios.slice(index));
      left -= seconds;
      return seconds;
    });
    expect(given).toEqual([120, 240, 240]);
  });

  test('what one scenario leaves is there for those after it', () => {
    expect(budgetOf(600 - 20, [lasting(120), lasting(120)])).toBe(290);
  });
});
