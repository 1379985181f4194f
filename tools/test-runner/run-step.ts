import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PROJECT_DIR, type Step } from "./steps";

export interface StepOutcome {
  readonly exitCode: number;
  /** Both streams, in the order in which they came. */
  readonly output: string;
  readonly seconds: number;
}

/**
 * Runs a step to its end.
 *
 * @param onLine called with each line of the step's standard error, as progress.
 * @param signal ends the step; what it started gets the time to clean up that it takes.
 */
export function runStep(step: Step, signal: AbortSignal, onLine: (line: string) => void): Promise<StepOutcome> {
  const start = performance.now();
  const child = spawn(process.execPath, step.args, { cwd: PROJECT_DIR, stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const output: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => output.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => {
    output.push(line);
    onLine(line);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", stop);
      const seconds = (performance.now() - start) / 1000;
      resolve({ exitCode: code ?? 1, output: output.join("\n"), seconds });
    });
  });
}
