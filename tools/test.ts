/** `npm test`, `npm run test:e2e` and `npm run test:lab`: see the help text. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { EXIT } from "../checks/exit-codes";
import { helpOf, interruption, tell, ToolError, type ToolExit, versionText } from "./cli";
import { runStep } from "./test-runner/run-step";
import { jestStep, type Project, PROJECT_DIR, STATIC_STEPS, type Step } from "./test-runner/steps";
import { closingLine, jestTotals, stepTotals, sum, type JestReport, type Totals } from "./test-runner/totals";

const COMMAND = {
  name: "test",
  summary:
    "Checks the format, lints, checks types and runs the unit and golden tests, two at a time. With arguments, only\n" +
    "jest runs, with these arguments: npm test -- tests/config -t MTU",
  positionals: ["[jest arguments]"],
  flags: {
    e2e: { type: "boolean", summary: "run the sandbox suite instead (npm run test:e2e)" },
    lab: {
      type: "boolean",
      summary: "run the lab, on real nodes in namespaces of this machine, instead (npm run test:lab)",
    },
    full: { type: "boolean", summary: "with --lab: all of it, for hours, instead of the short run" },
  },
} as const;

/** The suite by the first argument. */
const PROJECTS: Readonly<Record<string, Project>> = { "--e2e": "e2e", "--lab": "lab" };

const say = (text: string) => process.stdout.write(`${text}\n`);

async function runStatic(step: Step, signal: AbortSignal): Promise<Totals> {
  const { exitCode, output, seconds } = await runStep(step, signal, () => undefined);
  if (signal.aborted) return stepTotals(false);
  const passed = exitCode === 0;
  say(`${passed ? "PASS" : "FAIL"} ${step.name} (${seconds.toFixed(1)} s)`);
  if (!passed) say(`${output}${step.hint ? `\nmend it with: ${step.hint}` : ""}`);
  return stepTotals(passed);
}

async function runJest(project: Project, passedOn: readonly string[], signal: AbortSignal): Promise<Totals> {
  const folder = mkdtempSync(path.join(tmpdir(), "seldon-k3s-test-"));
  try {
    const reportFile = path.join(folder, "report.json");
    const step = jestStep(project, reportFile, passedOn);
    const { exitCode, output, seconds } = await runStep(step, signal, (line) => {
      if (/^(PASS|FAIL) /.test(line)) say(line);
    });
    if (signal.aborted) return stepTotals(false);
    const totals = totalsOf(project, reportFile, output);
    const failed = exitCode !== 0 || totals.failed > 0;
    if (failed)
      say(
        output
          .split("\n")
          .filter((line) => !line.startsWith("PASS "))
          .join("\n"),
      );
    say(`${failed ? "FAIL" : "PASS"} ${project} tests: ${closingLine(totals)} (${seconds.toFixed(1)} s)`);
    // Jest can also fail as a whole, such as by a broken coverage threshold.
    return exitCode !== 0 && totals.failed === 0 ? sum([totals, stepTotals(false)]) : totals;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function totalsOf(project: Project, reportFile: string, output: string): Totals {
  let report: JestReport;
  try {
    report = JSON.parse(readFileSync(reportFile, "utf8")) as JestReport;
  } catch {
    throw new ToolError(`jest ended without a report:\n${output}`, EXIT.failed);
  }
  const totals = jestTotals(report, PROJECT_DIR);
  // The lab needs root and Linux, and is skipped by name elsewhere.
  if (project !== "lab" && totals.passed + totals.failed === 0)
    throw new ToolError(`no test ran:\n${output}`, EXIT.failed);
  return totals;
}

async function main(argv: readonly string[]): Promise<ToolExit> {
  const [first = ""] = argv;
  const project = PROJECTS[first] ?? "unit";
  const rest = project === "unit" ? argv : argv.slice(1);
  const full = project === "lab" && rest.includes("--full");
  const passedOn = rest.filter((word) => !(project === "lab" && word === "--full"));
  // Read by tests/lab: jest has no arguments for tests.
  if (full) process.env["LAB_FULL"] = "1";
  if (passedOn.includes("--help")) {
    process.stdout.write(helpOf(COMMAND));
    return EXIT.clean;
  }
  if (passedOn.includes("--version")) {
    process.stdout.write(versionText());
    return EXIT.clean;
  }
  const start = performance.now();
  const { signal, dispose } = interruption();
  const staticSteps = project !== "unit" || passedOn.length > 0 ? [] : STATIC_STEPS;
  const runStatics = async () => {
    const totals: Totals[] = [];
    for (const step of staticSteps) if (!signal.aborted) totals.push(await runStatic(step, signal));
    return totals;
  };
  const [tests, statics] = await Promise.all([runJest(project, passedOn, signal), runStatics()]);
  dispose();
  if (signal.aborted) throw signal.reason;
  const totals = sum([tests, ...statics]);
  for (const name of totals.skipped) say(`skipped: ${name}`);
  say(`took ${((performance.now() - start) / 1000).toFixed(0)} s`);
  say(closingLine(totals));
  return totals.failed > 0 ? EXIT.failed : EXIT.clean;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const { text, exitCode } = tell(error);
    process.stderr.write(`error: ${text}\n`);
    process.exitCode = exitCode;
  },
);
