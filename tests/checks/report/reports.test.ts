import type { RunResult } from "../../../checks/engine";
import { jsonReport } from "../../../checks/report/json";
import { row, wrap } from "../../../checks/report/layout";
import { progressLine, textOptions, textReport } from "../../../checks/report/text";
import { totalsOf } from "../../../checks/totals";
import { drift, fail, type Finding, type Outcome, pass, skipped } from "../../../checks/verdict";
import { check } from "../support/checks";

const head = {
  command: "validate",
  stack: "staging",
  uid: "1111-2222",
  kubeconfig: "kubeconfig-staging.yaml",
  program: "1.2.3+0123456789ab",
};
const plain = { width: 80, colour: false };

const finding = (id: string, target: string, outcome: Outcome, milliseconds: number): Finding => ({
  check: id,
  target,
  expected: "ServerLive answers live = true",
  repeat: `kubectl get ${target}`,
  ...outcome,
  evidence: outcome.evidence ?? [],
  milliseconds,
});

function runOf(findings: readonly Finding[], exitCode: RunResult["exitCode"]): RunResult {
  const results = findings.map((one) => ({
    check: check(
      one.check,
      [],
      one.check === "identity" ? { note: "said once" } : { note: "said once", needs: ["identity"] },
    ),
    verdict: one.verdict,
    findings: [one],
    milliseconds: one.milliseconds,
  }));
  return { results, totals: totalsOf(findings.map(({ verdict }) => verdict)), exitCode, milliseconds: 3456.7 };
}

const RUN = runOf(
  [
    finding("identity", "namespace kube-system", pass("UID 1111-2222"), 12.34),
    finding(
      "grpc-live",
      "financial-ml/mlserver-0:9500",
      fail("connection refused: nothing listens on 127.0.0.1:9500 in this pod", {
        evidence: ["pod mlserver-0, container mlserver: not ready, 3 restarts, last end: OOMKilled, exit code 137"],
        fix: "kubectl -n financial-ml logs mlserver-0 -c mlserver --tail 50 --previous --and --a --long --line",
      }),
      31,
    ),
    finding("inference", "Service seldon-mesh:80", skipped("needs grpc-live, which is FAIL"), 0),
  ],
  1,
);

describe("textReport", () => {
  it("shows the table, the story of what is wrong, each note once and the sum", () => {
    expect(textReport(head, RUN, plain)).toBe(
      [
        "seldon-k3s validate: stack staging",
        "cluster 1111-2222, kubeconfig kubeconfig-staging.yaml",
        "program 1.2.3+0123456789ab",
        "",
        "VERDICT  CHECK      TARGET                        FOUND",
        "PASS     identity   namespace kube-system         UID 1111-2222 [12ms]",
        "FAIL     grpc-live  financial-ml/mlserver-0:9500  connection refused: nothing",
        "                                                  listens on 127.0.0.1:9500 in",
        "                                                  this pod [31ms]",
        "SKIPPED  inference  Service seldon-mesh:80        needs grpc-live, which is FAIL",
        "                                                  [0ms]",
        "",
        "FAIL grpc-live: financial-ml/mlserver-0:9500",
        "  proves    grpc-live holds",
        "  expected  ServerLive answers live = true",
        "  found     connection refused: nothing listens on 127.0.0.1:9500 in this pod",
        "  evidence  pod mlserver-0, container mlserver: not ready, 3 restarts, last end:",
        "            OOMKilled, exit code 137",
        "  repeat    kubectl get financial-ml/mlserver-0:9500",
        "  mend      kubectl -n financial-ml logs mlserver-0 -c mlserver --tail 50 --previous --and --a --long --line",
        "",
        "  note      said once",
        "",
        "1 passed, 1 failed, 0 could not be looked at, 1 skipped in 3.5 s: failed (exit code 1)",
        "",
      ].join("\n"),
    );
  });

  it("lists the gaps beside the drift", () => {
    const gap: Outcome = { verdict: "ERROR", actual: "missing right" };
    const run = runOf([finding("a", "x", drift("differs"), 1), finding("b", "y", gap, 1)], 7);
    const text = textReport(head, run, plain);
    expect(text).toContain("DRIFT a: x");
    expect(text).toContain("ERROR b: y");
    expect(text).toContain(
      "0 passed, 0 failed, 1 drifted, 1 could not be looked at, 0 skipped in 3.5 s: drift (exit code 7)",
    );
  });

  it("keeps every line but commands within the width, from 80 to 120", () => {
    for (const width of [80, 100, 120]) {
      const lines = textReport(head, RUN, { width, colour: false }).split("\n");
      const long = lines.filter((line) => line.length > width && !/^ {2}(repeat|mend) /.test(line));
      expect(long).toEqual(width === 80 ? [lines.find((line) => line.includes("exit code 1)"))] : []);
    }
  });

  it("colours only verdicts, and only when asked", () => {
    const text = textReport(head, RUN, { width: 80, colour: true });
    expect(text).toContain("\x1b[31mFAIL\x1b[0m     grpc-live");
    // eslint-friendly: taking the colours out again gives the plain report.
    expect(text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "")).toBe(
      textReport(head, RUN, plain),
    );
  });
});

describe("textOptions", () => {
  it.each([
    [{ isTTY: true, columns: 200 }, {}, { width: 120, colour: true }],
    [{ isTTY: true, columns: 40 }, {}, { width: 80, colour: true }],
    [{ isTTY: true, columns: 100 }, { NO_COLOR: "1" }, { width: 100, colour: false }],
    [{ isTTY: true, columns: 100 }, { NO_COLOR: "" }, { width: 100, colour: true }],
    [{ columns: 300 }, {}, { width: 100, colour: false }],
  ])("%j with %j", (stream, env, expected) => {
    expect(textOptions(stream, env)).toEqual(expected);
  });
});

it("a progress line names check, target and finding", () => {
  expect(progressLine(RUN.results[0]!.findings[0]!, plain)).toBe(
    "PASS     identity  namespace kube-system: UID 1111-2222",
  );
});

describe("jsonReport", () => {
  it("has the documented shape", () => {
    const report = JSON.parse(jsonReport(head, RUN)) as Record<string, unknown>;
    expect(report).toEqual({
      version: 1,
      kind: "seldon-k3s.report",
      ...head,
      exitCode: 1,
      milliseconds: 3456.7,
      totals: { PASS: 1, FAIL: 1, DRIFT: 0, ERROR: 0, SKIPPED: 1 },
      notes: ["said once"],
      checks: RUN.results.map(({ check, findings: [one] }, index) => ({
        id: check.id,
        title: check.title,
        proves: check.proves,
        needs: index === 0 ? [] : ["identity"],
        verdict: one?.verdict,
        milliseconds: [12.3, 31, 0][index],
        findings: [
          {
            target: one?.target,
            verdict: one?.verdict,
            expected: one?.expected,
            actual: one?.actual,
            evidence: one?.evidence,
            repeat: one?.repeat,
            ...(one?.fix === undefined ? {} : { fix: one.fix }),
            milliseconds: [12.3, 31, 0][index],
          },
        ],
      })),
    });
  });
});

describe("layout", () => {
  it("wraps at spaces, and cuts what is longer than a line", () => {
    expect(wrap("aa bb cc", 5)).toEqual(["aa bb", "cc"]);
    expect(wrap("abcdefgh ij", 3)).toEqual(["abc", "def", "gh", "ij"]);
    expect(wrap("", 3)).toEqual([""]);
  });

  it("indents the rest of the last column under itself", () => {
    expect(row(["a", "one two three four five"], [3], 25)).toEqual(["a    one two three four", "     five"]);
  });
});
