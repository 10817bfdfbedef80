/** In a phase that a run reaches only if its launches leave time for it. */
import { afterEach, beforeEach, it } from 'vitest';
import { makePlace, type Place } from './cli.ts';
import { expectAllStopped, expectNothingLeft, runInRepository, SCENARIO } from './interrupted-run.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => expectNothingLeft(place));

it('Ctrl-C in the latency phase stops everything and exits 130', async () => {
  const ended = await runInRepository(place, {
    scenario: SCENARIO.replace('latency: false', 'latency: auto'),
    // A few judged launches, then the latency phase with what is kept for it.
    budget: '16s',
    interrupts: [{ at: /launch \d+: latency/, signal: 'SIGINT' }],
  });
  expectAllStopped(place, ended);
});
