/** `npm run kubeconfig`: the step `rollout kubeconfig` for a person. Its subject comes from the stack file. */
import { CONFIG_FILE } from "../../checks/cli/flags";
import type { Io } from "../../terminal/io";
import { sshTargets } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { type CommandLine, ToolError, type ToolExit } from "../../tools/cli";
import { runStackStep } from "../cli/by-stack";

/** Bound of the whole step in seconds. */
const TIMEOUT_SECONDS = 120;

const FLAGS = {
  "config-file": CONFIG_FILE,
} as const;

const COMMAND: CommandLine<typeof FLAGS> = {
  name: "kubeconfig",
  summary:
    "Brings the administrator's kubeconfig from the stack's first server to cluster.kubeconfigFile, over SSH: for whoever\n" +
    "has none yet, or one whose certificate has ended or was rotated. A file that works for this cluster is kept; one that\n" +
    "leads to another cluster is never overwritten.",
  positionals: ["<stack>"],
  flags: FLAGS,
  notes:
    "Keys to log in come from the SSH agent (SSH_AUTH_SOCK). The file is readable by its owner only.\n" +
    "Exit codes: 0 it works or was written, 1 failed or refused, 2 could not look, 130 interrupted.",
};

/** The step's subject. @throws ToolError where the stack has no machines to ask. */
export function kubeconfigSubject(stack: string, { cluster, hosts }: Pick<StackConfig, "cluster" | "hosts">) {
  const [target] = sshTargets({ hosts });
  if (target === undefined) {
    throw new ToolError(
      `stack ${stack} declares no machines (hosts), so there is none to ask; fix: put the cluster's kubeconfig where cluster.kubeconfigFile says (${cluster.kubeconfigFile})`,
    );
  }
  return {
    stack,
    kubeconfig: cluster.kubeconfigFile,
    ...(cluster.uid === undefined ? {} : { uid: cluster.uid }),
    timeoutSeconds: TIMEOUT_SECONDS,
    endpoint: cluster.endpoint,
    name: cluster.name,
    target,
  };
}

/** Runs the command to its exit code. Faults are told on standard error. */
export const runKubeconfig = (argv: readonly string[], io: Io): Promise<ToolExit> =>
  runStackStep(
    { command: COMMAND, subjectOf: (stack, _, readConfig) => kubeconfigSubject(stack, readConfig()) },
    argv,
    io,
  );
