/** `npm run charts`: see the help text. */
import path from "node:path";
import { EXIT } from "../../checks/exit-codes";
import { configOf } from "../../config/stack-config";
import { readStackFile } from "../../config/stack-file";
import { liveSteps } from "../../terminal/steps/live";
import { interruption, runTool, ToolError } from "../cli";
import { ChartLock } from "./lock-file";
import { allCharts, chartsOf, type PinnedChart } from "./pinned";
import { pullCharts } from "./pull";

const PROJECT_DIR = path.join(__dirname, "../..");
const LOCK_FILE = "charts.lock.yaml";
const DEFAULT_TARGET = "charts";

const COMMAND = {
  name: "charts",
  summary:
    "Pulls the Helm charts of a stack, or of every supported version, into the charts folder, so that previews and\n" +
    `deployments need no network. Each archive must have the SHA-256 that ${LOCK_FILE} records.`,
  positionals: ["[stack]"],
  flags: {
    all: { type: "boolean", summary: "every version of config/compatibility.ts instead of one stack's" },
    from: { type: "string", value: "PATH,...", summary: "local archives, chart folders, or folders of either" },
    update: { type: "boolean", summary: `record the SHA-256 of archives that ${LOCK_FILE} does not know yet` },
  },
  notes: "Behind a proxy, fetch the archives with `helm pull` and hand them over with --from.",
} as const;

/** The charts to bring, and the folder for them. */
function wanted(stack: string | undefined, all: boolean | undefined): { charts: PinnedChart[]; folder: string } {
  if (all === true && stack === undefined) return { charts: allCharts(), folder: DEFAULT_TARGET };
  if (all === true || stack === undefined) throw new ToolError("name one stack, or give --all");
  const config = configOf(readStackFile(PROJECT_DIR, stack));
  return { charts: chartsOf(config), folder: config.charts.folder };
}

void runTool(COMMAND, async ({ positionals: [stack], flags: { all, from, update } }) => {
  const { charts, folder } = wanted(stack, all);
  const { signal, dispose } = interruption();
  const { stdout, stderr, env } = process;
  const live = liveSteps({ title: `charts ${stack ?? "--all"}` }, { stderr, env, signal });
  try {
    await pullCharts({
      charts,
      from: from?.split(","),
      target: path.resolve(PROJECT_DIR, folder),
      lock: new ChartLock(path.join(PROJECT_DIR, LOCK_FILE)),
      update: update === true,
      signal,
      live,
      onProgress: (line) => stdout.write(`${line}\n`),
    });
    // Its lines are on the same terminal; elsewhere the list is all that is seen here.
    live?.stop(!stdout.isTTY);
  } finally {
    live?.stop(true);
    dispose();
  }
  return EXIT.clean;
});
