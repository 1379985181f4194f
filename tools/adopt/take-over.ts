/** The look, its report and the import file. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { quote } from "../../checks/context";
import { EXIT, type ExitCode } from "../../checks/exit-codes";
import { writeWhole } from "../../checks/report/atomic-file";
import { textOptions } from "../../checks/report/text";
import { messageOf } from "../../config/thrown";
import { programVersion } from "../../config/version";
import { ToolError } from "../cli";
import { type ImportFile, importFiles } from "./import-file";
import { type AdoptReport, jsonReport, textReport } from "./report";
import type { AdoptRun } from "./run";
import { survey, type Survey } from "./survey";

export async function takeOver(run: AdoptRun): Promise<ExitCode> {
  const { io, stack, flags, context, drift, resources, candidates, config, live } = run;
  const found = await survey({
    candidates,
    run: drift,
    config,
    signal: io.signal,
    live,
  });
  const exitCode = exitCodeOf(found);
  const ids = idsOf(found);
  const written = ids.size > 0 && found.gaps.length === 0;
  const folder = flags.out ?? `adopt-${stack}`;
  const files = [COMPONENTS, RESOURCES].map((name) => join(folder, name));
  if (written) {
    const { components, resources: rest } = importFiles(resources, ids, providerVersion());
    writeFile(files[0]!, components);
    writeFile(files[1]!, rest);
  }
  const report: AdoptReport = {
    stack,
    uid: context.subject.uid,
    kubeconfig: context.kubeconfigPath,
    program: programVersion(),
    survey: found,
    ...(written ? { files } : { withheld: whyNot(found) }),
    next: exitCode === EXIT.clean && written ? nextSteps(stack, files, flags["config-file"]) : [],
    exitCode,
  };
  live?.stop(io.stdout.isTTY !== true);
  io.stdout.write(flags.json === true ? jsonReport(report) : textReport(report, textOptions(io.stdout, io.env)));
  return exitCode;
}

/**
 * What exists, once anything of it is to be taken over: also what the stack wrote before, since a state that was lost lost
 * it all, and an import passes over what the state holds. What is being deleted is no part of it.
 */
function idsOf({ inventory }: Survey): Map<string, string> {
  const found = [...inventory.releases, ...inventory.objects];
  if (!found.some(({ standing }) => standing === "adopt")) return new Map();
  const there = found.filter(({ standing }) => standing === "adopt" || standing === "own");
  return new Map(there.map(({ resource, id }) => [resource.urn, id]));
}

const exitCodeOf = ({ gaps, obstacles }: Survey): ExitCode => {
  if (obstacles.length > 0) return EXIT.failed;
  return gaps.length > 0 ? EXIT.couldNotLook : EXIT.clean;
};

function whyNot({ gaps }: Survey): string {
  return gaps.length > 0
    ? "part of the cluster could not be looked at, and an import of the rest would leave the first up to make what exists"
    : "nothing is to take over";
}

function writeFile(file: string, content: ImportFile): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeWhole(file, `${JSON.stringify(content, undefined, 2)}\n`);
  } catch (error) {
    throw new ToolError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

/** Version of the provider's package, which is the one that the program asks the engine for. */
function providerVersion(): string {
  const { resolve } = createRequire(__filename);
  const { version } = JSON.parse(readFileSync(resolve("@pulumi/kubernetes/package.json"), "utf8")) as {
    version: string;
  };
  return version;
}

/** Names say the order in which they are imported. */
const COMPONENTS = "1-components.json";
const RESOURCES = "2-resources.json";

function nextSteps(stack: string, files: readonly string[], configFile: string | undefined): string[] {
  const which = `--stack ${quote(stack)}${configFile === undefined ? "" : ` --config-file ${quote(configFile)}`}`;
  return [
    ...files.map((file) => `pulumi import --file ${quote(file)} ${which} --protect=false --generate-code=false`),
    `pulumi preview ${which}`,
    `pulumi up ${which}`,
  ];
}
