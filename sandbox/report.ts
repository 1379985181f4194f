/** What a run has shown: what was real, what stood in for something, what was skipped, how long each part took. */
import type { PreparedCharts } from "./charts";
import type { EngineChoice } from "./engine/choose";
import type { Part } from "./progress";
import type { ValidationReport } from "./validation";

export interface SandboxReport {
  readonly stack: string;
  /** Version of this project. */
  readonly program: string;
  readonly engine: EngineChoice;
  /** Version of the API server. */
  readonly kubernetes: string;
  readonly nodes: number;
  readonly resources: number;
  readonly real: readonly string[];
  readonly standIns: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly validation: ValidationReport;
  /** Resources in the order in which the real engine deleted them. */
  readonly destroyed?: readonly string[];
  readonly parts: readonly Part[];
  readonly seconds: number;
}

export interface RealityInput {
  readonly engine: EngineChoice;
  readonly kubernetes: string;
  /** Origin of each tool by name. */
  readonly tools: Readonly<Record<string, string>>;
  readonly charts: PreparedCharts;
  readonly nodes: number;
  /** Declared machines of the stack, which a sandbox has not. */
  readonly machines: number;
  readonly podPorts: readonly string[];
}

/** Says what is real and what is not. */
export function realityOf(input: RealityInput): { readonly real: string[]; readonly standIns: string[] } {
  const { engine, kubernetes, tools, charts, nodes, machines, podPorts } = input;
  const { names, reason } = charts;
  const isReal = charts.origin === "real";
  const isCli = engine.engine === "cli";
  return {
    real: [
      `Kubernetes ${kubernetes} control plane: ${byOrigin(tools)}`,
      "the program (index.ts), its configuration, order, readiness gates and validation",
      ...(isCli ? ["the Pulumi engine and its Kubernetes and command providers, with a file backend"] : []),
      ...(isReal ? [`charts ${names.join(", ")}: ${reason}`] : []),
      ...(podPorts.length > 0 ? [`processes behind the server pods' ports: ${podPorts.join(", ")}`] : []),
    ],
    standIns: [
      `${nodes} nodes and all pods: simulated by KWOK; no container runs, so no NetworkPolicy is enforced and no model answers`,
      ...(machines > 0
        ? [`the ${machines} machines of the stack: left out, so K3s is not installed and no node is converted`]
        : []),
      "the Tigera operator and Seldon Core's operator: sandbox/simulation makes their objects, KWOK stages write their statuses",
      ...(isReal
        ? []
        : [
            `charts ${names.join(", ")}: plain YAML of ours with permissive CRDs, Helm values have no effect but on the runtime's pods; ${reason}`,
          ]),
      ...(isCli
        ? []
        : [
            `the Pulumi engine: Pulumi's SDK in process, which creates but has no state, diff or delete; ${engine.reason}`,
          ]),
    ],
  };
}

/** `etcd, kwok (from A); helm (from B)`. */
function byOrigin(tools: RealityInput["tools"]): string {
  const origins = [...new Set(Object.values(tools))];
  const namesOf = (origin: string) => Object.keys(tools).filter((name) => tools[name] === origin);
  return origins.map((origin) => `${namesOf(origin).join(", ")} (${origin})`).join("; ");
}

/** The report as text. */
export function renderReport(report: SandboxReport): string {
  const { validation } = report;
  const verdicts = validation.checks.flatMap(({ id, verdict, findings }) => [
    `${verdict.padEnd(8)} ${id}`,
    ...findings
      .filter((finding) => finding.verdict !== "PASS")
      .map(({ target, actual }) => `         ${target}: ${actual}`),
  ]);
  const totals = Object.entries(validation.totals).map(([name, count]) => `${count} ${name.toLowerCase()}`);
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", title, ...indent(lines)];
  return [
    `Stack ${report.stack}: ${report.resources} resources by the ${report.engine.engine} engine, Kubernetes ${report.kubernetes}, ${report.nodes} nodes`,
    `program ${report.program}`,
    ...section("Real", report.real),
    ...section("Stand-ins", report.standIns),
    ...section(`Validation: ${totals.join(", ")}`, [...verdicts, ...validation.notes.map((note) => `note: ${note}`)]),
    ...section("Deleted again, in this order", report.destroyed ?? []),
    ...section("Time", [
      ...report.parts.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`),
      `${report.seconds.toFixed(1).padStart(7)} s  all together`,
    ]),
    "",
  ].join("\n");
}

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
