/** Entry of the commands that judge a cluster and its machines (checks/cli/commands.ts). Started by tools/run.mjs. */
import { interruption } from "../tools/cli";
import { runCommand } from "./cli/commands";

const interrupted = interruption();
const { stdin, stdout, stderr, env } = process;
void runCommand(process.argv.slice(2), { stdin, stdout, stderr, env, signal: interrupted.signal })
  .then((exitCode) => {
    process.exitCode = exitCode;
  })
  .finally(() => interrupted.dispose());
