/** `npm run preflight`: go or no-go before a change of CNI, and what it would do. */
import { type CommandLine, parseCommandLine } from "../../tools/cli";
import { EXIT, type ExitCode } from "../exit-codes";
import { planText } from "../preflight/plan";
import { makePlan } from "../preflight/planning";
import { preflightRun } from "../preflight/preflight";
import type { Io } from "../../terminal/io";
import { RUN_FLAGS, runOnce } from "./run-once";

export const PREFLIGHT: CommandLine<typeof RUN_FLAGS> = {
  name: "preflight",
  summary:
    "Looks at the machines over SSH and at the cluster, says go or no-go for the change of CNI that the stack declares, and prints what it would do. Changes nothing.",
  positionals: ["<stack>"],
  flags: RUN_FLAGS,
  notes:
    "Keys to log in come from the SSH agent (SSH_AUTH_SOCK). For the ports between nodes it sends packets from machine to machine.\n" +
    "Exit codes: 0 go, 1 no-go, 2 could not look. What could not be proven is SKIPPED with its reason, and is no no-go.",
};

/** @throws ToolError | ConfigError before anything is looked at. */
export async function preflight(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { flags, positionals, answer } = parseCommandLine(PREFLIGHT, argv);
  if (answer !== undefined) {
    io.stdout.write(answer);
    return EXIT.clean;
  }
  return runOnce(
    {
      command: "preflight",
      stack: positionals[0] ?? "",
      flags,
      checks: preflightRun,
      more: async (context) => {
        const plan = await makePlan(context, io.signal);
        const text =
          plan === undefined
            ? "Plan: the stack declares no change of CNI (cni.leaving): nothing restarts.\n"
            : planText(plan);
        return { text, json: plan === undefined ? {} : { plan } };
      },
    },
    io,
  );
}
