import { local } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../checks/subject";
import { canonicalJson } from "./canonical";

/** Arguments of {@link rolloutStep}. */
export interface RolloutStepArgs {
  /** Step to run at create and at every change of the subject (`npm run rollout -- --help`). @default none */
  readonly run?: string;
  /** Step to run when the resource is deleted. @default none */
  readonly onDelete?: string;
  /** What the steps work on, as JSON on standard input. Holds no secret: it is stored in clear. */
  readonly subject: Readonly<Record<string, unknown>>;
}

/**
 * What every subject of a step begins with.
 *
 * @param timeoutSeconds bound of the step.
 */
export const stepBase = ({ stack, kubeconfig, uid }: Subject, timeoutSeconds: number) => ({
  stack,
  kubeconfig,
  uid,
  timeoutSeconds,
});

const commandLine = (step: string): string => `node tools/run.mjs rollout ${step}`;

/**
 * What the runner does through the Kubernetes API, or over SSH for many machines at once, as one step of a deployment.
 *
 * Unlike a gate it has no triggers: a changed subject runs it again (an update), and nothing but the removal from the
 * program runs `onDelete`.
 */
export function rolloutStep(
  name: string,
  { run, onDelete, subject }: RolloutStepArgs,
  opts: pulumi.CustomResourceOptions,
): local.Command {
  return new local.Command(
    name,
    {
      ...(run === undefined ? {} : { create: commandLine(run) }),
      ...(onDelete === undefined ? {} : { delete: commandLine(onDelete) }),
      stdin: canonicalJson(subject),
      addPreviousOutputInEnv: false,
    },
    opts,
  );
}
