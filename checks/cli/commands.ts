/** The commands that judge a cluster, by name. */
import { suggest } from "../../config/suggest";
import { tell, ToolError, versionText } from "../../tools/cli";
import { benchNetwork } from "./bench-network";
import { diagnose } from "./diagnose";
import { drift } from "./drift";
import { gate } from "./gate";
import type { Io } from "../../terminal/io";
import { policies } from "./policies";
import { preflight } from "./preflight";
import { validate } from "./validate";

const COMMANDS: Record<string, (argv: readonly string[], io: Io) => Promise<number>> = {
  validate,
  preflight,
  drift,
  diagnose,
  policies,
  gate,
  "bench:network": benchNetwork,
};

/** Every command, for those who must know all of them. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

const HELP = `Usage: npm run validate|preflight|drift|diagnose|policies|bench:network -- <stack> [options]
       node tools/run.mjs gate <id> [options] < subject.json

Commands:
  validate       run the success criteria against a stack's cluster
  preflight      go or no-go before a change of CNI, and what it would do
  drift          what differs on the machines and in the cluster from what the stack declares
  diagnose       why something is not as it should be, best proven cause first
  policies       which policies a cluster has, and whom those of the stack would cut off
  gate           wait for one readiness gate (the stack runs this)
  bench:network  measure latency, throughput and the CNI's share, and compare two runs

\`--help\` after a command explains it, \`--version\` says which version this is.
`;

/** Runs one command to its exit code; a fault of the user's is one message on standard error. */
export async function runCommand([name = "", ...argv]: readonly string[], io: Io): Promise<number> {
  try {
    if (name === "--help" || name === "-h") {
      io.stdout.write(HELP);
      return 0;
    }
    if (name === "--version") {
      io.stdout.write(versionText());
      return 0;
    }
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw unknownCommand(name);
    return await command(argv, io);
  } catch (error) {
    const { text, exitCode } = tell(error);
    io.stderr.write(`error: ${text}\n`);
    return exitCode;
  }
}

function unknownCommand(name: string): ToolError {
  const near = suggest(name, Object.keys(COMMANDS));
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  return new ToolError(`unknown command "${name}".${hint} Allowed: ${Object.keys(COMMANDS).join(", ")}`);
}
