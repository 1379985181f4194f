/** Entry of `rollout <step>`: what the stack does through the API between two steps on a node. Started by tools/run.mjs. */
import { interruption } from "../tools/cli";
import { runRollout } from "./cli/commands";

const interrupted = interruption();
const { stdin, stdout, stderr, env } = process;
void runRollout(process.argv.slice(2), { stdin, stdout, stderr, env, signal: interrupted.signal })
  .then((exitCode) => {
    process.exitCode = exitCode;
  })
  .finally(() => interrupted.dispose());
