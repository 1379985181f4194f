/** `npm run sandbox`: see the help text in options.ts. */
import { resolve } from "node:path";
import { EXIT } from "../checks/exit-codes";
import { liveSteps } from "../terminal/steps/live";
import { interruption, runTool, type ToolExit } from "../tools/cli";
import { COMMAND, readOptions } from "./options";
import { Progress } from "./progress";
import { renderReport } from "./report";
import { runSandbox, type KeptRun } from "./run";
import { stopKeptRuns } from "./stop";

const PROJECT = resolve(__dirname, "..");

void runTool(COMMAND, async ({ flags }): Promise<ToolExit> => {
  if (flags.stop) {
    const progress = new Progress();
    const count = await stopKeptRuns(progress);
    progress.say(count === 0 ? "no sandbox runs" : `stopped ${count}`);
    return EXIT.clean;
  }
  const options = readOptions(flags);
  const { signal, dispose } = interruption();
  const { stdout, stderr, env } = process;
  const live = liveSteps({ title: `sandbox ${options.stack}` }, { stderr, env, signal });
  try {
    const progress = new Progress(undefined, live);
    const { report, kept } = await runSandbox({ project: PROJECT, options, progress, interrupted: signal });
    // The report has every part with its time; elsewhere the list is all that is seen here.
    live?.stop(!stdout.isTTY);
    const text = options.json ? `${JSON.stringify({ ...report, kept }, undefined, 2)}\n` : renderReport(report);
    stdout.write(text);
    if (kept) stderr.write(keptNote(kept, options.stack));
    return report.validation.exitCode === 0 ? EXIT.clean : EXIT.failed;
  } finally {
    live?.stop(true);
    dispose();
  }
});

function keptNote({ kubeconfig, id, environment, configFile }: KeptRun, stack: string): string {
  const variables = Object.entries(environment).map(([name, value]) => `  export ${name}=${value}`);
  const preview = `  pulumi preview --refresh --stack ${stack} --config-file ${configFile ?? ""}`;
  return [
    "",
    `The sandbox ${id} keeps running.`,
    `  export KUBECONFIG=${kubeconfig}    # for kubectl`,
    ...(configFile === undefined ? [] : [...variables, preview]),
    "  npm run sandbox -- --stop                # ends it and removes its folder",
    "",
  ].join("\n");
}
