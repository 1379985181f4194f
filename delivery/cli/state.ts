/** Entry of `npm run state` (delivery/state/command.ts). Started by tools/run.mjs. */
import { startCommand } from "../../tools/cli";
import { runState } from "../state/command";

// Whatever this command or Pulumi writes is for its owner alone.
process.umask(0o077);
startCommand(runState);
