import { closingLine, jestTotals, stepTotals, sum } from "../../tools/test-runner/totals";

const report = {
  numPassedTests: 3,
  numFailedTests: 1,
  numRuntimeErrorTestSuites: 1,
  testResults: [
    {
      name: "/project/tests/a.test.ts",
      assertionResults: [
        { fullName: "runs", status: "passed" },
        { fullName: "fails", status: "failed" },
        { fullName: "needs ../shared", status: "pending" },
        { fullName: "later", status: "todo" },
      ],
    },
  ],
};

test("a suite that cannot be loaded is a failure; what did not run is named", () => {
  expect(jestTotals(report, "/project")).toEqual({
    passed: 3,
    failed: 2,
    skipped: ["tests/a.test.ts: needs ../shared", "tests/a.test.ts: later"],
  });
});

test("steps and tests add up to the closing line", () => {
  const totals = sum([jestTotals(report, "/project"), stepTotals(true), stepTotals(false)]);
  expect(closingLine(totals)).toBe("4 passed, 3 failed, 2 skipped");
});
