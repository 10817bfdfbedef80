/** What vitest's JSON report says, counted so that nothing can fail or be left out without showing. */

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** What is not a plain pass, one line each. */
  readonly remarks: readonly string[];
}

interface VitestResult {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/**
 * `json`: the report; `exitCode`: vitest's own; `skips`: whether a skipped test counts as failed. A file that breaks
 * before its first test, and an error outside of tests, fail the run without a failed test: each counts as one.
 */
export const tallyOf = (json: string, exitCode: number | null, skips: 'fail' | 'pass'): Tally => {
  const { success, numPassedTests, numFailedTests, testResults } = JSON.parse(json) as VitestResult;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failures = tests.filter(({ status }) => status === 'failed');
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  const known = numFailedTests + broken.length + (skips === 'fail' ? skipped.length : 0);
  const unexplained = known === 0 && (exitCode !== 0 || !success || numPassedTests === 0);
  return {
    passed: numPassedTests,
    failed: known + (unexplained ? 1 : 0),
    remarks: [
      ...failures.map(({ fullName }) => `✗ ${fullName}`),
      ...broken.map(({ name }) => `✗ broken before its first test: ${name}`),
      ...skipped.map(({ fullName }) => `- skipped: ${fullName}`),
      ...(unexplained ? [`✗ vitest ended with ${exitCode} after ${numPassedTests} tests`] : []),
    ],
  };
};
