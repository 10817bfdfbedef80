/** Which statuses a scenario expects of a request, as a table: looked up for every answer. */
import type { RequestSpec } from '../../model/index.ts';

const HIGHEST_STATUS = 999;

/** Status → 1 when the scenario expects it. */
export const expectedStatus = (request: Pick<RequestSpec, 'expect'>): Uint8Array => {
  const expected = new Uint8Array(HIGHEST_STATUS + 1);
  for (const { from, to } of request.expect.status) expected.fill(1, from, to + 1);
  return expected;
};
