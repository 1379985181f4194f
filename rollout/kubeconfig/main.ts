/** Entry of `npm run kubeconfig` (command.ts). Started by tools/run.mjs. */
import { startCommand } from "../../tools/cli";
import { runKubeconfig } from "./command";

startCommand(runKubeconfig);
