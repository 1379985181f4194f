/**
 * `npm run preflight`, and the part of `npm run drift` that is about machines, against a lab with the configuration that a
 * flow has. The lab's program declares no Seldon, so that the other part would find nothing of it there.
 */
import { MACHINE_CLASSES } from "../../../checks/drift/drift";
import { join, resolve } from "node:path";
import type { Lab } from "../lab";
import type { Flow } from "./flow";

const ONLY = { preflight: [], drift: ["--only", ["host-facts", ...MACHINE_CLASSES.keys()].join(",")] };
const PROJECT = resolve(__dirname, "../../..");

interface Finding {
  readonly verdict: "PASS" | "FAIL" | "DRIFT" | "ERROR" | "SKIPPED";
  readonly target: string;
  readonly actual: string;
  readonly fix?: string;
}

interface Report {
  readonly checks: readonly { readonly id: string; readonly findings: readonly Finding[] }[];
  readonly machines?: { readonly differences: readonly MachineDrift[] };
}

/** What a command said. */
export interface LabReport {
  readonly code: number;
  readonly text: string;
  /** `CHECK TARGET: actual` of everything that is neither PASS nor SKIPPED, sorted. */
  readonly bad: readonly string[];
  /** How many findings passed. */
  readonly passed: number;
  /** Of a drift run: what was found on machines, each with its class. */
  readonly onMachines: readonly MachineDrift[];
  readonly seconds: number;
}

export interface MachineDrift {
  readonly check: string;
  readonly target: string;
  readonly class: string;
  readonly found: string;
}

/** Runs a command where the machines can be reached. */
export async function labReport(lab: Lab, flow: Flow, command: "preflight" | "drift"): Promise<LabReport> {
  const config = Object.entries(flow.values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [`seldon-k3s:${key}`, value]);
  const file = lab.folder.write("Pulumi.lab.yaml", JSON.stringify({ config: Object.fromEntries(config) as object }));
  const words = ["tools/typescript.cjs", "checks/main.ts"].map((path) => join(PROJECT, path));
  const started = performance.now();
  const { code, stdout, stderr } = await lab.admin.run(
    process.execPath,
    ["--require", ...words, command, "lab", "--config-file", file, "--json", ...ONLY[command]],
    { cwd: PROJECT },
  );
  const seconds = (performance.now() - started) / 1000;
  const at = stdout.indexOf("{");
  if (at < 0) return { code, text: stdout + stderr, bad: [stderr.trim()], passed: 0, onMachines: [], seconds };
  const report = JSON.parse(stdout.slice(at)) as Report;
  const findings = report.checks.flatMap(({ id, findings }) => findings.map((finding) => ({ id, ...finding })));
  return {
    code,
    text: stdout + stderr,
    bad: findings
      .filter(({ verdict }) => verdict !== "PASS" && verdict !== "SKIPPED")
      .map(({ id, target, actual }) => `${id} ${target}: ${actual}`)
      .sort(),
    passed: findings.filter(({ verdict }) => verdict === "PASS").length,
    onMachines: report.machines?.differences ?? [],
    seconds,
  };
}
