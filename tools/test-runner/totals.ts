/** What a test run adds up to. */

/** The parts of `jest --json` that are read (jest 30). */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Suites that could not even be loaded: no test of theirs is counted anywhere else. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests that did not run. */
  readonly skipped: readonly string[];
}

/** A static step counts as one test. */
export const stepTotals = (passed: boolean): Totals => ({
  passed: passed ? 1 : 0,
  failed: passed ? 0 : 1,
  skipped: [],
});

export function jestTotals(report: JestReport, projectDir: string): Totals {
  const skipped = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => !["passed", "failed"].includes(status))
      .map(({ fullName }) => `${name.replace(`${projectDir}/`, "")}: ${fullName}`),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites, skipped };
}

export function sum(parts: readonly Totals[]): Totals {
  return {
    passed: parts.reduce((total, { passed }) => total + passed, 0),
    failed: parts.reduce((total, { failed }) => total + failed, 0),
    skipped: parts.flatMap(({ skipped }) => skipped),
  };
}

/** The closing line: `N passed, N failed, N skipped`. */
export const closingLine = ({ passed, failed, skipped }: Totals): string =>
  `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
