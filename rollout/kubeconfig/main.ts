/** Entry of `npm run kubeconfig` (command.ts). Started by tools/run.mjs. */
import { interruption } from "../../tools/cli";
import { runKubeconfig } from "./command";

const interrupted = interruption();
const { stdin, stdout, stderr, env } = process;
void runKubeconfig(process.argv.slice(2), { stdin, stdout, stderr, env, signal: interrupted.signal })
  .then((exitCode) => {
    process.exitCode = exitCode;
  })
  .finally(() => interrupted.dispose());
