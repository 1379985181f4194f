/** Run as a process of its own by tests/inprocess/process.test.ts: jest takes unhandled rejections for itself. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PlanEngine } from "../../inprocess/plan-engine";
import { runProgram } from "../../inprocess/run-program";

const PROGRAMS: Readonly<Record<string, () => Promise<unknown>>> = {
  /** An `apply` whose result nobody uses throws. */
  "throwing-apply": () => Promise.resolve(void pulumi.output(1).apply(() => Promise.reject(new Error("inside apply")))),
  /** An input fails. */
  "failing-input": () => {
    const name = pulumi.output(1).apply((): string => {
      throw new Error("no name today");
    });
    return Promise.resolve(void new k8s.core.v1.Namespace("n", { metadata: { name } }));
  },
  /** A stack output fails. */
  "failing-output": () => Promise.resolve({ broken: pulumi.output(Promise.reject(new Error("no output"))) }),
  /** Nothing at all keeps the process alive. */
  "never-ends": () => new Promise(() => undefined),
  "resource-hook": () => {
    const hook = new pulumi.ResourceHook("h", () => undefined);
    const hooks = { beforeCreate: [hook] };
    return Promise.resolve(void new k8s.core.v1.Namespace("hooked", { metadata: { name: "n" } }, { hooks }));
  },
};

async function main(): Promise<void> {
  const base = { project: "p", stack: "s", preview: false, config: {}, secretKeys: [], engine: new PlanEngine() };
  for (const [name, program] of Object.entries({ ...PROGRAMS, clean: () => Promise.resolve() })) {
    const outcome = await runProgram({ ...base, program }).then(
      ({ resources }) => `${resources.length} resource`,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    process.stdout.write(`${name}: ${outcome}\n`);
  }
}

void main();
