/** Entry of `npm run rotate` (command.ts). Started by tools/run.mjs. */
import { interruption } from "../../tools/cli";
import { runRotate } from "./command";

const interrupted = interruption();
const { stdin, stdout, stderr, env } = process;
void runRotate(process.argv.slice(2), { stdin, stdout, stderr, env, signal: interrupted.signal })
  .then((exitCode) => {
    process.exitCode = exitCode;
  })
  .finally(() => interrupted.dispose());
