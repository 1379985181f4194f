/** The process that stands in for the absent operators: `node --require ./tools/typescript.cjs sandbox/simulation/main.ts KUBECONFIG`. */
import { messageOf } from "../../config/thrown";
import { ApiClient } from "../api/client";
import { Simulator } from "./simulator";

const ROUND_MS = 400;

/** Runs until it is ended by a signal. A round that fails is told and tried again: charts come and go meanwhile. */
async function main(kubeconfig: string): Promise<never> {
  const simulator = new Simulator(ApiClient.fromFile(kubeconfig));
  for (let last = ""; ;) {
    const failure = await simulator.round().then(() => "", messageOf);
    if (failure !== "" && failure !== last) process.stderr.write(`${new Date().toISOString()} ${failure}\n`);
    last = failure;
    await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  }
}

const [, , kubeconfig] = process.argv;
if (kubeconfig === undefined) {
  process.stderr.write("usage: node --require ./tools/typescript.cjs sandbox/simulation/main.ts KUBECONFIG\n");
  process.exitCode = 2;
} else {
  void main(kubeconfig);
}
