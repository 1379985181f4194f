/** Entry of `npm run adopt` (command.ts). Started by tools/run.mjs. */
import { startCommand } from "../cli";
import { runAdopt } from "./command";

startCommand(runAdopt);
