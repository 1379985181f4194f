/** Entry of `npm run rotate` (command.ts). Started by tools/run.mjs. */
import { startCommand } from "../../tools/cli";
import { runRotate } from "./command";

startCommand(runRotate);
