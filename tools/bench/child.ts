/** One measured process: imports everything, evaluates one case, prints a Sample as JSON. */
import { PlanEngine } from "../../inprocess/plan-engine";
import { runProgram } from "../../inprocess/run-program";
import { evaluate, PROJECT_DIR } from "../plan/evaluate";
import { CASES, type Case, type Sample } from "./cases";

/** A program that makes nothing, run as the real one is. */
const evaluateNothing = () =>
  runProgram({
    project: "seldon-k3s",
    stack: "empty",
    preview: true,
    config: {},
    secretKeys: [],
    engine: new PlanEngine(),
    program: () => Promise.resolve(),
  });

async function main(name: Case): Promise<void> {
  const stackFile = CASES[name](PROJECT_DIR);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const { resources } = stackFile ? await evaluate(stackFile) : await evaluateNothing();
  const end = performance.now();
  const evaluationCpu = process.cpuUsage(cpuBefore);
  const totalCpu = process.cpuUsage();
  const sample: Sample = {
    total: end,
    evaluation: end - start,
    totalCpu: (totalCpu.user + totalCpu.system) / 1000,
    evaluationCpu: (evaluationCpu.user + evaluationCpu.system) / 1000,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    resources: resources.length,
  };
  process.stdout.write(JSON.stringify(sample));
}

void main(process.argv[2] as Case);
