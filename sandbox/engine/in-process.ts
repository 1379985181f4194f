/** Deploys the unmodified program without the Pulumi CLI. */
import program from "../../index";
import { runProgram } from "../../inprocess/run-program";
import { maskSecrets } from "../../inprocess/secrets";
import { ApplyEngine } from "./apply-engine";
import { isCounted, type Deployment, type DeploymentOptions } from "./deployment";

/** @throws RunFault naming the resource that could not be made. */
export async function deployInProcess(options: DeploymentOptions & { readonly helm?: string }): Promise<Deployment> {
  const { project, stack, signal, say, helm } = options;
  const engine = new ApplyEngine({ project, signal, say, helm });
  try {
    const { resources, outputs } = await runProgram({
      project: stack.file.project,
      stack: stack.file.stack,
      preview: false,
      config: stack.file.values,
      secretKeys: stack.file.secretKeys,
      other: stack.file.other,
      engine,
      program: () => Promise.resolve(program()),
      signal,
    });
    const count = resources.filter(({ type }) => isCounted(type)).length;
    return { resources: count, outputs: maskSecrets(outputs) as Readonly<Record<string, unknown>> };
  } finally {
    engine.close();
  }
}
