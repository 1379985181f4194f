/**
 * The report as JUnit XML, for CI systems that show tests: a suite a check, a case a finding.
 *
 * Valid against both schemas in common use: Apache Ant's (windyroad/JUnit-Schema, JUnit.xsd), which wants a time stamp
 * without zone, a host name, and no output inside a case; and Jenkins' (jenkinsci/xunit-plugin, junit-10.xsd), which
 * knows no further attributes. Both are as of 2026-11.
 */
import type { CheckResult } from "../engine";
import { totalsOf } from "../totals";
import type { Finding, Verdict } from "../verdict";
import { element, type Markup } from "./markup";
import type { Report } from "./report";

/** The element inside a case that says what became of it. DRIFT was measured, so it is a failure. */
const ELEMENT: Record<Verdict, "failure" | "error" | "skipped" | undefined> = {
  PASS: undefined,
  FAIL: "failure",
  DRIFT: "failure",
  ERROR: "error",
  SKIPPED: "skipped",
};

/** A JUnit document. Host names are left out: a report may be published. */
export function junitReport(report: Report): string {
  const suites = report.run.results.map((result, index) => suite(report, result, index));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${
    element(
      "testsuites",
      {},
      suites.map((one) => ["\n", one]),
      "\n",
    ).markup
  }\n`;
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);

function suite({ head, at }: Report, { check, findings, milliseconds }: CheckResult, index: number): Markup {
  const totals = totalsOf(findings.map(({ verdict }) => verdict));
  const properties = {
    title: check.title,
    proves: check.proves,
    stack: head.stack,
    uid: head.uid,
    program: head.program,
  };
  const told = findings.filter(({ verdict, evidence }) => verdict === "PASS" && evidence.length > 0);
  return element(
    "testsuite",
    {
      name: check.id,
      package: `seldon-k3s.${head.command.replaceAll(" ", "-")}`,
      id: index,
      timestamp: at.toISOString().slice(0, 19),
      hostname: "localhost",
      tests: findings.length,
      failures: totals.FAIL + totals.DRIFT,
      errors: totals.ERROR,
      skipped: totals.SKIPPED,
      time: seconds(milliseconds),
    },
    "\n",
    element(
      "properties",
      {},
      Object.entries(properties).flatMap(([name, value]) =>
        value === undefined ? [] : [element("property", { name, value })],
      ),
    ),
    "\n",
    findings.map((finding) => [testCase(head.command, finding), "\n"]),
    element(
      "system-out",
      {},
      told.flatMap(({ target, evidence }) => evidence.map((line) => `${target}: ${line}\n`)),
    ),
    element("system-err"),
  );
}

function testCase(command: string, finding: Finding): Markup {
  const { check, target, verdict, actual, milliseconds } = finding;
  const classname = `seldon-k3s.${command.replaceAll(" ", "-")}.${check}`;
  const what = ELEMENT[verdict];
  // Ant's schema gives a type to failures and errors only.
  const type = what === "skipped" ? undefined : verdict;
  const inner = what === undefined ? [] : [element(what, { type, message: actual }, story(finding))];
  return element("testcase", { name: target, classname, time: seconds(milliseconds) }, inner);
}

/** What the text report tells of a finding, a line each. */
function story({ verdict, expected, actual, evidence, repeat, fix }: Finding): string {
  if (verdict === "SKIPPED") return actual;
  const lines = [
    `expected: ${expected}`,
    `found: ${actual}`,
    ...evidence.map((line) => `evidence: ${line}`),
    `repeat: ${repeat}`,
    ...(fix === undefined ? [] : [`mend: ${fix}`]),
  ];
  return lines.join("\n");
}
