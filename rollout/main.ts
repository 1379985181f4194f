/** Entry of `rollout <step>`: what the stack does through the API between two steps on a node. Started by tools/run.mjs. */
import { startCommand } from "../tools/cli";
import { runRollout } from "./cli/commands";

startCommand(runRollout);
