/** `npm run kubeconfig`: the step `rollout kubeconfig` for a person. Its subject comes from the stack file. */
import { Readable } from "node:stream";
import { CONFIG_FILE } from "../../checks/cli/flags";
import type { Io } from "../../checks/cli/io";
import { PROJECT_DIR } from "../../checks/context";
import { EXIT } from "../../checks/exit-codes";
import { sshTargets } from "../../config/derive";
import { ConfigError } from "../../config/faults";
import { parseConfig } from "../../config/parse";
import type { StackConfig } from "../../config/schema";
import { readStackFile } from "../../config/stack-file";
import { type CommandLine, parseCommandLine, tell, ToolError, type ToolExit } from "../../tools/cli";
import { runRollout } from "../cli/commands";

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
export async function runKubeconfig(argv: readonly string[], io: Io): Promise<ToolExit> {
  let subject: object;
  try {
    const { flags, positionals, answer } = parseCommandLine(COMMAND, argv);
    if (answer !== undefined) {
      io.stdout.write(answer);
      return EXIT.clean;
    }
    const [stack = ""] = positionals;
    const { values, secretKeys } = readStackFile(PROJECT_DIR, stack, flags["config-file"]);
    const { config, faults } = parseConfig(values, new Set(secretKeys));
    if (config === undefined) throw new ConfigError(`configuration of stack "${stack}"`, faults);
    subject = kubeconfigSubject(stack, config);
  } catch (error) {
    const { text, exitCode } = tell(error);
    io.stderr.write(`error: ${text}\n`);
    return exitCode;
  }
  return runRollout(["kubeconfig"], { ...io, stdin: Readable.from([JSON.stringify(subject)]) });
}
