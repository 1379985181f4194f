/** Entry of `npm run adopt` (command.ts). Started by tools/run.mjs. */
import { interruption } from "../cli";
import { runAdopt } from "./command";

const interrupted = interruption();
const { stdin, stdout, stderr, env } = process;
void runAdopt(process.argv.slice(2), { stdin, stdout, stderr, env, signal: interrupted.signal })
  .then((exitCode) => {
    process.exitCode = exitCode;
  })
  .finally(() => interrupted.dispose());
