/** `npm run drift`: what differs on the machines from what the stack declares. */
import { type CommandLine, helpOf, parseCommandLine } from "../../tools/cli";
import { driftChecks } from "../drift/drift";
import { EXIT, type ExitCode } from "../exit-codes";
import type { Io } from "./io";
import { RUN_FLAGS, runOnce } from "./run-once";

const { kubeconfig: _, ...FLAGS } = RUN_FLAGS;

export const DRIFT: CommandLine<typeof FLAGS> = {
  name: "drift",
  summary:
    "Reads every machine over SSH and names what differs from what the stack declares and Pulumi cannot see: files, settings in force, versions, leftovers, rules, certificates. Changes nothing.",
  positionals: ["<stack>"],
  flags: FLAGS,
  notes:
    "Keys to log in come from the SSH agent (SSH_AUTH_SOCK).\n" +
    "Exit codes: 0 clean, 2 could not look, 7 drift. Drift beats a machine that could not be read: such gaps are in the report.",
};

/** @throws ToolError | ConfigError before anything is looked at. */
export async function drift(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { flags, positionals, help } = parseCommandLine(DRIFT, argv);
  if (help) {
    io.stdout.write(helpOf(DRIFT));
    return EXIT.clean;
  }
  return runOnce({ command: "drift", stack: positionals[0] ?? "", flags, checks: driftChecks }, io);
}
