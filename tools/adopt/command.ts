/** `npm run adopt`: takes over what is in a cluster already. See docs/adopt.md. */
import { CheckContext, PROJECT_DIR, quote } from "../../checks/context";
import { clusterIdentity } from "../../checks/criteria/cluster-identity";
import { planner } from "../../checks/cli/declared-source";
import type { Io } from "../../terminal/io";
import { declaredOf } from "../../checks/drift/objects/declared";
import { ObjectDrift } from "../../checks/drift/objects/objects";
import { runChecks } from "../../checks/engine";
import { EXIT, EXIT_INTERRUPTED } from "../../checks/exit-codes";
import { subjectOf } from "../../checks/subject";
import { LookError } from "../../checks/verdict";
import { configOf } from "../../config/stack-config";
import { readStackFile } from "../../config/stack-file";
import { liveSteps, step } from "../../terminal/steps/live";
import { type CommandLine, parseCommandLine, tell, ToolError, type ToolExit } from "../cli";
import { candidatesOf } from "./candidates";
import { IMPORT_CLI } from "./import-file";
import { removeWorkarounds } from "./remove";
import { type AdoptRun, FLAGS } from "./run";
import { takeOver } from "./take-over";

const COMMAND: CommandLine<typeof FLAGS> = {
  name: "adopt",
  summary:
    "Takes over what is in a cluster already. Compares what the stack declares with what is there (a dry run; nothing is\n" +
    "written), says what is taken over, what the first `pulumi up` changes field by field, what stays outside, what stands\n" +
    "in the way and which workarounds are there, and writes the files for `pulumi import`.",
  positionals: ["<stack>"],
  flags: FLAGS,
  notes:
    `The import files need Pulumi CLI ${IMPORT_CLI} or later. The dry run needs the verb patch, Helm's records the verb list on secrets.\n` +
    "Exit codes: 0 nothing stands in the way (or nothing is to take over), 1 something does, or a step was refused,\n" +
    "2 could not look, 130 interrupted. docs/adopt.md says how a take-over goes from here.",
};

/** Runs the command to its exit code. Faults are told on standard error. */
export async function runAdopt(argv: readonly string[], io: Io): Promise<ToolExit> {
  try {
    const { flags, positionals, answer } = parseCommandLine(COMMAND, argv);
    if (answer !== undefined) {
      io.stdout.write(answer);
      return EXIT.clean;
    }
    if (flags.yes === true && flags["remove-workarounds"] !== true) {
      throw new ToolError("--yes means something only with --remove-workarounds. See: npm run adopt -- --help");
    }
    return await adopt(positionals[0] ?? "", flags, io);
  } catch (error) {
    if (io.signal.aborted) {
      io.stderr.write("error: interrupted; nothing more was asked of the cluster\n");
      return EXIT_INTERRUPTED;
    }
    if (error instanceof LookError) {
      io.stderr.write(`error: ${error.message}\nfix: ${error.fix}\n`);
      return EXIT.couldNotLook;
    }
    const { text, exitCode } = tell(error);
    io.stderr.write(`error: ${text}\n`);
    return exitCode;
  }
}

async function adopt(stack: string, flags: AdoptRun["flags"], io: Io): Promise<ToolExit> {
  const file = readStackFile(PROJECT_DIR, stack, flags["config-file"]);
  const config = configOf(file);
  const live = liveSteps({ title: `adopt ${stack}` }, io);
  const context = new CheckContext(subjectOf(stack, config), flags.kubeconfig);
  try {
    const { resources, marks } = await step(live, "what the stack declares", async () => {
      const { evaluate, marks } = planner();
      return { ...(await evaluate(file)), marks };
    });
    await step(live, "the cluster's identity", () => assertIdentity(context, io.signal));
    const run: AdoptRun = {
      io,
      live,
      stack,
      config,
      flags,
      context,
      drift: new ObjectDrift(context, declaredOf(resources, marks), []),
      resources,
      candidates: candidatesOf(resources, marks),
    };
    return await (flags["remove-workarounds"] === true ? removeWorkarounds(run) : takeOver(run));
  } finally {
    live?.stop(true);
    context.close();
  }
}

/** Nothing is compared before the cluster is known to be the stack's. @throws ToolError where it is not */
async function assertIdentity(context: CheckContext, signal: AbortSignal): Promise<void> {
  const { subject } = context;
  if (subject.uid === undefined) {
    throw new ToolError(
      `stack ${subject.stack} does not name its cluster (cluster.uid), so nobody can tell whether this is the right one; fix: pulumi config set --path cluster.uid $(${context.kubectl("get namespace kube-system -o jsonpath={.metadata.uid}")}) -s ${quote(subject.stack)}`,
    );
  }
  const { results, exitCode } = await runChecks([clusterIdentity(context)], { signal });
  const [finding] = results.flatMap(({ findings }) => findings);
  if (exitCode === EXIT.clean) return;
  signal.throwIfAborted();
  const fix = finding?.fix === undefined ? "" : `\nfix: ${finding.fix}`;
  throw new ToolError(`${finding?.actual ?? "the cluster did not answer"}${fix}`, exitCode);
}
