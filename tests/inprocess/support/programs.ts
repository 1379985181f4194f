/** Small programs, and how they are run without an engine. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ResourceEngine } from "../../../inprocess/engine";
import { PlanEngine } from "../../../inprocess/plan-engine";
import { runProgram, type RunOptions } from "../../../inprocess/run-program";

export const namespace = (name: string, opts?: pulumi.CustomResourceOptions) =>
  new k8s.core.v1.Namespace(name, { metadata: { name } }, opts);

export const run = (program: RunOptions["program"], options: Partial<RunOptions> = {}) =>
  runProgram({
    project: "demo",
    stack: "test",
    preview: false,
    config: {},
    secretKeys: [],
    engine: new PlanEngine(),
    program,
    ...options,
  });

/** Refuses the resource of that name. */
export const failing = (name: string, after: () => Promise<void> = () => Promise.resolve()): ResourceEngine => {
  const plan = new PlanEngine();
  return {
    create: async (resource) => {
      if (resource.name !== name) return plan.create(resource);
      await after();
      throw new Error("the API server said no");
    },
  };
};
