/** `npm run policies`: which policies a cluster has, and what changes when those of the stack act. */
import { declaredPolicies } from "../../components/network-policies/declared";
import { enforcedEverywhere } from "../../config/policies";
import { seldonNamespaces } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { type CommandLine, parseCommandLine, ToolError } from "../../tools/cli";
import { PROJECT_DIR } from "../context";
import { clusterIdentity } from "../criteria/cluster-identity";
import { EXIT, type ExitCode } from "../exit-codes";
import { type Enforcing, existingPolicyChecks } from "../policy/existing/checks";
import type { Io } from "../../terminal/io";
import { RUN_FLAGS, runOnce } from "./run-once";
import { configOfStack } from "./subject-source";

export const POLICIES: CommandLine<typeof RUN_FLAGS> = {
  name: "policies",
  summary:
    "Reads the policies of a cluster, Kubernetes' and Calico's, and says what changes when all policies of the stack act: which policy of others keeps a way open that the flow table closes, and who loses a way that is open now. Changes nothing.",
  positionals: ["<stack>"],
  flags: RUN_FLAGS,
  notes:
    "It compares what is possible, not what is used: read its list before policies.enforce is set to true.\n" +
    "Exit codes: 0 nothing changes for anybody, 1 something would be cut off or stay open, 2 could not look.",
};

/** What a stack declares when every policy acts. */
export function enforcing(config: StackConfig): Enforcing {
  const acting = enforcedEverywhere(config);
  return { declared: declaredPolicies(acting), namespaces: seldonNamespaces(config) };
}

/** @throws ToolError | ConfigError before anything is looked at. */
export async function policies(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { flags, positionals, answer } = parseCommandLine(POLICIES, argv);
  if (answer !== undefined) {
    io.stdout.write(answer);
    return EXIT.clean;
  }
  const stack = positionals[0] ?? "";
  const config = configOfStack(PROJECT_DIR, stack, flags["config-file"]);
  if (!config.policies.enabled) {
    throw new ToolError(`stack "${stack}" declares no policies: policies.enabled is false; fix: enable them first`);
  }
  const checks = enforcing(config);
  return runOnce(
    {
      command: "policies",
      stack,
      flags,
      checks: (context) => [clusterIdentity(context, "could not look"), ...existingPolicyChecks(context, checks)],
    },
    io,
  );
}
