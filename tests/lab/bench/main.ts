/** `npm run bench:cni`: see the help text. */
import { EXIT } from "../../../checks/exit-codes";
import { programVersion } from "../../../config/version";
import { interruption, runTool, ToolError } from "../../../tools/cli";
import { type Measured, measureRun, ORDERS, type Order } from "./measure";
import { renderMarkdown } from "./table";
import type { TopologyName } from "../topology";
import { planOf } from "../topology";
import { whyNoLab } from "../tools";

const COMMAND = {
  name: "bench:cni",
  summary:
    "Measures in the lab what workloads feel while a cluster goes from Flannel to Calico and back, and how long it takes.\n" +
    "Prints a Markdown table. Leave the machine alone meanwhile: nodes, load and runner share it.",
  positionals: [],
  flags: {
    topology: { type: "string", value: "A,B", summary: "labs to measure, 1s1a unless told; such as 1s2a,1s4a,3s2a" },
    runs: { type: "string", value: "N", summary: "times that each is measured, 1 unless told" },
    order: {
      type: "string",
      value: "ORDER",
      summary: "stack (live, both ways), window, maintainers (there only), or none",
    },
    rate: {
      type: "string",
      value: "N",
      summary: "new connections a second from each node to each other, 50 unless told",
    },
    batch: { type: "string", value: "N", summary: "hosts.batch: agents at a time, 5 unless told" },
    there: { type: "boolean", summary: "only the way to Calico" },
    json: { type: "boolean", summary: "print everything as JSON, each bad second with its first fault" },
  },
  notes:
    "LAB_ENGINE=cli goes through the Pulumi CLI on PATH; LAB_EXTRAS=<folder> runs the real Felix and kube-router.\n" +
    "Exit codes: 0 measured, 1 a run did not end well, 2 no lab can run here.",
} as const;

function count(flag: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new ToolError(`--${flag}: got "${text}", expected a number from 1 to 9999`);
  return Number(text);
}

function orderOf(text = "stack"): Order {
  const found = ORDERS.find((order) => order === text);
  if (found === undefined) throw new ToolError(`--order: got "${text}", allowed: ${ORDERS.join(", ")}`);
  return found;
}

void runTool(COMMAND, async ({ flags }) => {
  const why = whyNoLab();
  if (why !== undefined) throw new ToolError(`no lab can run on this machine: ${why}`);
  const topologies = (flags.topology ?? "1s1a").split(",") as TopologyName[];
  topologies.forEach(planOf);
  const runs = count("runs", flags.runs, 1);
  const setting = {
    order: orderOf(flags.order),
    rate: count("rate", flags.rate, 50),
    batch: count("batch", flags.batch, 5),
    back: flags.there !== true,
  };
  const { signal, dispose } = interruption();
  const rows: Measured[] = [];
  try {
    for (const topology of topologies) {
      for (let run = 1; run <= runs; run++) {
        const say = (text: string) => void process.stderr.write(`${topology} run ${run}/${runs}: ${text}\n`);
        rows.push(...(await measureRun({ ...setting, topology, run, say, signal })));
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    dispose();
  }
  process.stdout.write(
    flags.json ? `${JSON.stringify(rows, undefined, 2)}\n` : `${renderMarkdown(rows)}\nProgram ${programVersion()}.\n`,
  );
  return EXIT.clean;
});
