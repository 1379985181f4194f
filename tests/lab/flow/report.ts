/** `npm run preflight` and `npm run drift` against a lab, with the configuration that a flow has. */
import { join, resolve } from "node:path";
import type { Lab } from "../lab";
import type { Flow } from "./flow";

const PROJECT = resolve(__dirname, "../../..");

interface Finding {
  readonly verdict: "PASS" | "FAIL" | "DRIFT" | "ERROR" | "SKIPPED";
  readonly target: string;
  readonly actual: string;
  readonly fix?: string;
}

/** What a command said. */
export interface LabReport {
  readonly code: number;
  readonly text: string;
  /** `CHECK TARGET: actual` of everything that is neither PASS nor SKIPPED, sorted. */
  readonly bad: readonly string[];
  /** How many findings passed. */
  readonly passed: number;
}

/** Runs a command where the machines can be reached. */
export async function labReport(lab: Lab, flow: Flow, command: "preflight" | "drift"): Promise<LabReport> {
  const config = Object.entries(flow.values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [`seldon-k3s:${key}`, value]);
  const file = lab.folder.write("Pulumi.lab.yaml", JSON.stringify({ config: Object.fromEntries(config) as object }));
  const words = ["tools/typescript.cjs", "checks/main.ts"].map((path) => join(PROJECT, path));
  const { code, stdout, stderr } = await lab.admin.run(
    process.execPath,
    ["--require", ...words, command, "lab", "--config-file", file, "--json"],
    { cwd: PROJECT },
  );
  const at = stdout.indexOf("{");
  if (at < 0) return { code, text: stdout + stderr, bad: [stderr.trim()], passed: 0 };
  const report = JSON.parse(stdout.slice(at)) as { checks: { id: string; findings: Finding[] }[] };
  const findings = report.checks.flatMap(({ id, findings }) => findings.map((finding) => ({ id, ...finding })));
  return {
    code,
    text: stdout + stderr,
    bad: findings
      .filter(({ verdict }) => verdict !== "PASS" && verdict !== "SKIPPED")
      .map(({ id, target, actual }) => `${id} ${target}: ${actual}`)
      .sort(),
    passed: findings.filter(({ verdict }) => verdict === "PASS").length,
  };
}
