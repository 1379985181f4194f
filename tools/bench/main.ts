/** `npm run bench`: see the help text. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { EXIT } from "../../checks/exit-codes";
import { programVersion } from "../../config/version";
import { above, liveSteps, step } from "../../terminal/steps/live";
import { interruption, runTool, ToolError } from "../cli";
import { CASES, type Case, HEAP_MIB, type Sample } from "./cases";
import { ratiosOf, reportOf } from "./report";

const PROJECT_DIR = path.join(__dirname, "../..");
const REPORT = "docs/benchmarks/program.md";

const COMMAND = {
  name: "bench",
  summary:
    "Measures the in-process evaluation of the program: staging against an empty program, and a large generated stack\n" +
    "against a small one. Prints ratios; exits 1 when one is over its limit. Leave the machine alone meanwhile.",
  positionals: [],
  flags: {
    rounds: { type: "string", value: "N", summary: "measurements of each case, 5 unless told" },
    write: { type: "boolean", summary: `write the report to ${REPORT}` },
    json: { type: "boolean", summary: "print the ratios as JSON" },
  },
} as const;

async function measure(name: Case, signal: AbortSignal): Promise<Sample> {
  const child = ["--require", "./tools/typescript.cjs", path.join(__dirname, "child.ts"), name];
  const { stdout } = await promisify(execFile)(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, ...child], {
    cwd: PROJECT_DIR,
    signal,
  });
  return JSON.parse(stdout) as Sample;
}

function roundsOf(text = "5"): number {
  if (!/^[1-9]\d?$/.test(text)) throw new ToolError(`--rounds: got "${text}", expected a number from 1 to 99`);
  return Number(text);
}

void runTool(COMMAND, async ({ flags }) => {
  const rounds = roundsOf(flags.rounds);
  const { signal, dispose } = interruption();
  const { stderr, env } = process;
  const names = Array.from({ length: rounds }, (_, index) => `round ${index + 1}/${rounds}`);
  const live = liveSteps({ title: "bench", expected: names }, { stderr, env, signal });
  const samples: Record<Case, Sample[]> = { empty: [], staging: [], small: [], large: [] };
  try {
    for (const round of names) {
      await step(live, round, async (tell) => {
        for (const name of Object.keys(CASES) as Case[]) {
          tell(`${name} ...`);
          const sample = await measure(name, signal);
          samples[name].push(sample);
          const line = `${round}, ${name}: ${(sample.total / 1000).toFixed(2)} s\n`;
          above(live, () => stderr.write(line));
        }
      });
    }
    live?.stop(false);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    live?.stop(true);
    dispose();
  }
  const ratios = ratiosOf(samples);
  // The minutes of the run itself are in it: one busy processor is 1.
  const load = `load average ${loadavg()[1]?.toFixed(1)}`;
  const machine = `${availableParallelism()} processors, Node.js ${process.version}, program ${programVersion()}, ${load}`;
  const report = reportOf(samples, machine);
  process.stdout.write(flags.json ? `${JSON.stringify(ratios, undefined, 2)}\n` : report);
  if (flags.write) {
    const file = path.join(PROJECT_DIR, REPORT);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, report);
  }
  return ratios.every(({ met }) => met) ? EXIT.clean : EXIT.failed;
});
