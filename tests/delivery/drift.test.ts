import { DRIFT } from "../../delivery/examples/drift";
import {
  driftBody,
  issueAction,
  type Look,
  readDriftReport,
  refreshLook,
  verdictOf,
} from "../../delivery/drift/report";

const LOOKS: readonly Look[] = ["clean", "drift", "could not look"];
const looked = (refresh: Look, look: Look) => ({
  stack: "prod",
  refresh,
  report: { look, findings: [], gaps: [] },
  program: "1.2.3",
});

test.each([
  [0, "clean"],
  [7, "drift"],
  [1, "could not look"],
  [255, "could not look"],
])("a refresh that ends with %i: %s", (code, look) => {
  expect(refreshLook(code)).toBe(look);
});

test("drift that one sees is drift, clean needs both", () => {
  const verdicts = LOOKS.map((refresh) => LOOKS.map((look) => verdictOf(looked(refresh, look))));
  expect(verdicts).toEqual([
    ["clean", "drift", "could not look"],
    ["drift", "drift", "drift"],
    ["could not look", "drift", "could not look"],
  ]);
});

describe("the issue", () => {
  const issue = { number: 7, body: driftBody(DRIFT) };

  test("is opened once, left alone while nothing is new, and closed", () => {
    expect(issueAction(DRIFT)).toMatchObject({ kind: "open", title: "Drift in staging" });
    expect(issueAction(DRIFT, { ...issue, body: issue.body.replace(/\n/g, "\r\n") }).kind).toBe("none");
    expect(issueAction(looked("clean", "clean"), issue)).toMatchObject({ kind: "close", issue: 7 });
    expect(issueAction(looked("clean", "clean")).kind).toBe("none");
  });

  test("is updated when the drift is another one", () => {
    const other = { ...DRIFT, report: { ...DRIFT.report, findings: DRIFT.report.findings.slice(1) } };
    expect(issueAction(other, issue)).toMatchObject({ kind: "update", issue: 7 });
  });

  test("another version of this project is no news", () => {
    const later = { ...DRIFT, program: "1.2.4+ba9876543210" };
    expect(driftBody(later)).toContain("<sub>seldon-k3s 1.2.4+ba9876543210</sub>");
    expect(issueAction(later, issue).kind).toBe("none");
  });

  test.each([undefined, issue])("stays as it is when nobody could look (%#)", (present) => {
    expect(issueAction(looked("could not look", "clean"), present).kind).toBe("none");
  });

  test("holds no credential and nothing that acts", () => {
    const text = driftBody(DRIFT);
    expect(text).not.toContain("abcdefgh12345678");
    expect(text).not.toContain("@everyone");
    expect(text).not.toContain("<b>");
  });

  test("counts what does not fit", () => {
    const finding = { check: "c", target: "t", found: "f" };
    const text = driftBody({
      ...DRIFT,
      report: { ...DRIFT.report, findings: Array.from({ length: 45 }, () => finding) },
    });
    expect(text).toContain("and 5 more");
  });
});

test("a report of npm run drift is read", () => {
  const report = {
    kind: "seldon-k3s.report",
    command: "drift",
    stack: "prod",
    exitCode: 7,
    checks: [
      {
        id: "declared-objects",
        findings: [
          { target: "a", verdict: "DRIFT", actual: "gone", fix: "pulumi up" },
          { target: "b", verdict: "PASS", actual: "there" },
          { target: "c", verdict: "ERROR", actual: "no answer" },
        ],
      },
    ],
  };
  expect(readDriftReport(JSON.stringify(report), "prod")).toEqual({
    look: "drift",
    findings: [{ check: "declared-objects", target: "a", found: "gone", fix: "pulumi up" }],
    gaps: [{ check: "declared-objects", target: "c", found: "no answer" }],
  });
  expect(readDriftReport(JSON.stringify({ ...report, exitCode: 2 }), "prod").look).toBe("could not look");
  expect(() => readDriftReport(JSON.stringify(report), "staging")).toThrow('of stack "prod", not "staging"');
  expect(() => readDriftReport("{", "prod")).toThrow("no report of");
});
