/** `npm run drift`: what differs, on the machines and in the cluster, from what the stack declares. */
import { type CommandLine, parseCommandLine } from "../../tools/cli";
import { PROJECT_DIR } from "../context";
import { driftChecks } from "../drift/drift";
import { ObjectDrift, objectDriftChecks } from "../drift/objects/objects";
import { driftSummary } from "../drift/objects/summary";
import { EXIT, type ExitCode } from "../exit-codes";
import { declaredStack } from "./declared-source";
import type { Io } from "../../terminal/io";
import { RUN_FLAGS, runOnce } from "./run-once";

export const DRIFT: CommandLine<typeof RUN_FLAGS> = {
  name: "drift",
  summary:
    "Names what differs from what the stack declares and Pulumi cannot see. On the machines, read over SSH: files, settings in force, versions, leftovers, rules, certificates. In the cluster: declared objects (by a dry run of server-side apply), objects that nobody declared, Helm's releases. Changes nothing.",
  positionals: ["<stack>"],
  flags: RUN_FLAGS,
  notes:
    "Keys to log in come from the SSH agent (SSH_AUTH_SOCK). A dry run needs the verb patch, Helm's records the verb list on secrets.\n" +
    "Differences that are right stand in the stack file under drift.allow, each with its reason.\n" +
    "Exit codes: 0 clean, 2 could not look, 7 drift. Drift beats what could not be looked at: such gaps are in the report.",
};

/** @throws ToolError | ConfigError before anything is looked at. */
export async function drift(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { flags, positionals, answer } = parseCommandLine(DRIFT, argv);
  if (answer !== undefined) {
    io.stdout.write(answer);
    return EXIT.clean;
  }
  const stack = positionals[0] ?? "";
  const { declared, allow } = await declaredStack(PROJECT_DIR, stack, flags["config-file"]);
  let objects: ObjectDrift | undefined;
  return runOnce(
    {
      command: "drift",
      stack,
      flags,
      checks: (context) => {
        objects = new ObjectDrift(context, declared, allow);
        // Without machines in the stack file the cluster is somebody else's, and so are its machines.
        const machines = context.subject.machines === undefined ? [] : driftChecks(context);
        return [...machines, ...objectDriftChecks(objects)];
      },
      more: (_, run) => Promise.resolve(driftSummary(objects!.ledger, run)),
    },
    io,
  );
}
