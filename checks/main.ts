/** Entry of the commands that judge a cluster and its machines (checks/cli/commands.ts). Started by tools/run.mjs. */
import { startCommand } from "../tools/cli";
import { runCommand } from "./cli/commands";

startCommand(runCommand);
