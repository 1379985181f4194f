import fc from "fast-check";
import { MARKDOWN_LINES, markdownReport } from "../../../checks/report/markdown";
import { drift, fail, type Outcome, pass, skipped } from "../../../checks/verdict";
import { finding, reportOf } from "../support/runs";

const error = (actual: string): Outcome => ({ verdict: "ERROR", actual, fix: "give the right" });

it("shows the worst first, what says the same in one row, and what mends it", () => {
  const pods = Array.from({ length: 5 }, (_, index) => `ns/mlserver-${index}:9500`);
  const report = reportOf([
    finding("identity", "kube-system", pass("UID 1")),
    finding("inference", "Service mesh", skipped("needs model")),
    finding("model", "Model m", error("missing right")),
    ...pods.map((target) => finding("grpc", target, fail("connection refused", { fix: "kubectl logs a|b `c`" }))),
    finding("http", "ns/mlserver-0:9000", pass("200"), undefined, 7),
    finding("http", "ns/mlserver-1:9000", pass("200"), undefined, 1234),
  ]);
  expect(markdownReport(report)).toBe(
    [
      "### validate staging: failed",
      "",
      "3 passed, 5 failed, 1 could not be looked at, 1 skipped in 3.5 s, cluster 1111-2222; exit code 1. Program 1.2.3+0123456789ab.",
      "",
      "| verdict | check | target | found |",
      "|---|---|---|---|",
      "| FAIL | grpc | ns/mlserver-0:9500, ns/mlserver-1:9500, ns/mlserver-2:9500 and 2 more | connection refused |",
      "| ERROR | model | Model m | missing right |",
      "| SKIPPED | inference | Service mesh | needs model |",
      "| PASS | identity | kube-system | UID 1 (12 ms) |",
      "| PASS | http | ns/mlserver-0:9000, ns/mlserver-1:9000 | as expected, slowest 1.2 s |",
      "",
      "To mend it:",
      "",
      "- grpc, ns/mlserver-0:9500: `` kubectl logs a|b `c` ``",
      "- model, Model m: `give the right`",
      "",
    ].join("\n"),
  );
});

it("nothing in a text can leave its cell, mention a person or become a link or an element", () => {
  const text = markdownReport(reportOf([finding("a", "t", fail("x | y <img src=z> @team #12 `q` *b*\nnext [l](u)"))]));
  const row = text.split("\n").find((line) => line.startsWith("| FAIL"))!;
  expect(row.match(/\|/g)).toHaveLength(5);
  expect(row).not.toMatch(/[<>@`*[\]]|(?<!&)#12/);
  expect(row).toContain("next");
});

it("counts what it leaves out", () => {
  const findings = Array.from({ length: 40 }, (_, index) => finding(`check-${index}`, "t", fail(`fault ${index}`)));
  const text = markdownReport(reportOf([...findings, finding("last", "t", pass("fine"))]));
  expect(text).toContain("... and 31 findings more (FAIL, PASS), in the whole report.");
});

it("never has more than 30 lines, and no endless one", () => {
  const text = fc.string({ unit: "binary", maxLength: 3000 });
  const outcome = fc.record({
    verdict: fc.constantFrom("PASS", "FAIL", "DRIFT", "ERROR", "SKIPPED"),
    actual: text,
    fix: fc.option(text, { nil: undefined }),
    note: fc.option(text, { nil: undefined }),
  });
  const one = fc.record({ id: fc.integer({ min: 0, max: 60 }), target: text, outcome });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 60 }), (all) => {
      const report = reportOf(all.map(({ id, target, outcome }) => finding(`c${id}`, target, outcome as Outcome)));
      const lines = markdownReport(report).split("\n");
      expect(lines.at(-1)).toBe("");
      expect(lines.length - 1).toBeLessThanOrEqual(MARKDOWN_LINES);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(6_000);
    }),
    { numRuns: 60 },
  );
});

it("reaches the bound where everything there is has to be told", () => {
  const findings = Array.from({ length: 40 }, (_, index) =>
    finding(`c${index}`, "t", drift(`fault ${index}`, { fix: `fix ${index}`, note: `note ${index}` })),
  );
  expect(markdownReport(reportOf(findings)).split("\n")).toHaveLength(MARKDOWN_LINES + 1);
});
