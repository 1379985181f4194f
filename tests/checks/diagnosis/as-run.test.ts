import { diagnosisRun } from "../../../checks/diagnosis/as-run";
import type { Diagnosis, RankedCause } from "../../../checks/diagnosis/diagnose";
import { htmlReport } from "../../../checks/report/html/report";
import { junitReport } from "../../../checks/report/junit";
import { markdownReport } from "../../../checks/report/markdown";
import { all, readXml } from "../support/strict-xml";

const NOTHING: Diagnosis = { causes: [], consequences: [], symptoms: [], unexplained: [], cleared: [], gaps: [] };
const pod = (name: string) => ({ kind: "pod", namespace: "ml", name }) as const;
const cause = (rule: string, more: Partial<RankedCause> = {}): RankedCause => ({
  rule,
  cause: `the ports differ (${rule})`,
  certainty: 0.95,
  subjects: [pod("a-0"), pod("a-1")],
  matters: true,
  evidence: [{ weight: 0.9, text: "MLSERVER_GRPC_PORT=9600" }],
  repeat: ["kubectl get a", "kubectl get b"],
  mend: "kubectl edit",
  clears: [],
  notWhen: "MLServer is still starting",
  ...more,
});
const DIAGNOSIS: Diagnosis = {
  causes: [cause("ports"), cause("proxy", { certainty: 0.3 })],
  consequences: [{ rule: "model", cause: "the model waits", subjects: [pod("m")], because: ["ports"] }],
  symptoms: [],
  unexplained: [{ subject: pod("x"), text: "not ready" }],
  cleared: ["the CNI is not involved: 127.0.0.1:9000 answered"],
  gaps: [{ what: "events", reason: "missing right", fix: "give it" }],
};
const report = (diagnosis: Diagnosis) => ({
  head: { command: "diagnose", stack: "staging", kubeconfig: "k", program: "1.2.3+0123456789ab" },
  run: diagnosisRun(diagnosis, 1200),
  at: new Date(0),
});

it("has each cause with all that proves it, in the order of the ranking, and ends as the diagnosis does", () => {
  const { run } = report(DIAGNOSIS);
  expect(run.exitCode).toBe(1);
  expect(run.totals).toEqual({ PASS: 1, FAIL: 3, DRIFT: 0, ERROR: 1, SKIPPED: 0 });
  expect(run.results.map(({ check }) => check.id)).toEqual([
    "ports",
    "proxy",
    "unexplained",
    "not-looked-at",
    "not-the-cause",
  ]);
  expect(run.results[0]!.findings).toEqual([
    {
      check: "ports",
      target: "pod ml/a-0, pod ml/a-1",
      verdict: "FAIL",
      expected: "not so",
      actual: "the ports differ (ports) (certain)",
      evidence: [
        "MLSERVER_GRPC_PORT=9600",
        "therefore: the model waits (pod ml/m)",
        "not to be taken for: MLServer is still starting",
      ],
      repeat: "kubectl get a; kubectl get b",
      fix: "kubectl edit",
      milliseconds: 0,
    },
  ]);
});

it("is told by every format, the best proven cause first", () => {
  expect(all(readXml(junitReport(report(DIAGNOSIS))), "failure")).toHaveLength(3);
  const rows = markdownReport(report(DIAGNOSIS))
    .split("\n")
    .filter((line) => line.startsWith("| FAIL"));
  expect(rows[0]).toContain("ports");
  const cards = all(readXml(htmlReport(report(DIAGNOSIS))), "article");
  expect(all(cards[0]!, "h3")[0]!.text).toBe("FAIL ports: pod ml/a-0, pod ml/a-1");
});

it("without anything wrong passes, and with a gap alone could not look", () => {
  expect(report(NOTHING).run).toMatchObject({ exitCode: 0, totals: { PASS: 1 } });
  expect(report({ ...NOTHING, gaps: DIAGNOSIS.gaps }).run).toMatchObject({
    exitCode: 2,
    totals: { ERROR: 1, PASS: 0 },
  });
});
