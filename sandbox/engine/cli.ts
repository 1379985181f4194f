/** Deploys with the real Pulumi engine: its state, plugins' cache and passphrase live and die with the run. */
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { EXIT } from "../../checks/exit-codes";
import { decodeValue } from "../../config/decode";
import { SandboxError } from "../failure";
import type { RunFolder } from "../run-folder";
import { tailOf } from "../supervisor";
import { execute } from "./command";
import { isCounted, type Deployment, type DeploymentOptions } from "./deployment";

export interface CliOptions extends DeploymentOptions {
  readonly run: RunFolder;
}

export interface CliDeployment extends Deployment {
  /** How to use the same backend by hand, for a run that is kept. */
  readonly environment: Readonly<Record<string, string>>;
  readonly configFile: string;
  /** Previews with a refresh. @throws SandboxError when the engine would change anything. */
  readonly previewAgain: () => Promise<void>;
  /** Deletes everything again; gives the resources in the order of their deletion. */
  readonly destroy: () => Promise<readonly string[]>;
}

interface Pulumi {
  readonly options: CliOptions;
  readonly env: NodeJS.ProcessEnv;
}

/** `pulumi up` on a file backend in the run's folder. @throws SandboxError with the end of its output. */
export async function deployByCli(options: CliOptions): Promise<CliDeployment> {
  const { run, stack } = options;
  const environment = {
    PULUMI_BACKEND_URL: `file://${run.folder("pulumi-state")}`,
    PULUMI_HOME: run.folder("pulumi-home"),
    PULUMI_CONFIG_PASSPHRASE_FILE: run.write("pulumi-passphrase", randomBytes(24).toString("hex")),
  };
  const env = {
    ...process.env,
    ...environment,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The plugins on PATH are used; none is fetched.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const configFile = run.write(`Pulumi.${stack.file.stack}.yaml`, renderStackFile(options));
  // `stack init` knows no --config-file: it writes the salt of the passphrase into the stack file beside the project
  // file. So it gets a project file of its own, and the checked-out stack file stays as it is.
  run.write("Pulumi.yaml", JSON.stringify({ name: stack.file.project, runtime: "nodejs" }));
  const pulumi: Pulumi = { options, env };
  const common = ["--stack", stack.file.stack, "--non-interactive"];
  const change = [
    ...common,
    "--config-file",
    configFile,
    "--yes",
    "--skip-preview",
    "--suppress-progress",
    "--color",
    "never",
  ];
  await call(pulumi, ["stack", "init", ...common, "--cwd", dirname(configFile)]);
  await call(pulumi, ["up", ...change]);
  const outputs = JSON.parse(await call(pulumi, ["stack", "output", "--json", ...common], false)) as Record<
    string,
    unknown
  >;
  const exported = JSON.parse(await call(pulumi, ["stack", "export", ...common], false)) as ExportedStack;
  const resources = (exported.deployment.resources ?? []).filter(({ type }) => isCounted(type)).length;
  const look = [...common, "--config-file", configFile, "--color", "never"];
  return {
    resources,
    outputs,
    environment,
    configFile,
    previewAgain: async () => void (await call(pulumi, ["preview", "--refresh", "--expect-no-changes", ...look])),
    destroy: async () => {
      // What protects namespaces and CRDs from a mistake would keep a sandbox from being taken down.
      if (stack.config.protect) await call(pulumi, ["state", "unprotect", "--all", "--yes", ...common]);
      return deletions(await call(pulumi, ["destroy", ...change]));
    },
  };
}

interface ExportedStack {
  readonly deployment: { readonly resources?: readonly { readonly type: string }[] };
}

/** The stack file with the run's values. JSON is YAML. Secrets are placeholders already: nobody has their keys here. */
function renderStackFile({ stack: { file } }: CliOptions): string {
  const own = Object.entries(file.values).map(([key, value]) => [`${file.project}:${key}`, value]);
  const other = Object.entries(file.other).map(([key, value]) => [key, decodeValue(value)]);
  return `${JSON.stringify({ config: Object.fromEntries([...own, ...other]) as unknown }, undefined, 2)}\n`;
}

/** Runs one Pulumi command in the project's folder and shows its output. */
async function call({ options, env }: Pulumi, args: readonly string[], show = true): Promise<string> {
  const { project, signal, say } = options;
  const { code, stdout, stderr } = await execute({
    program: "pulumi",
    args,
    cwd: project,
    env,
    signal,
    onLine: (stream, line) => {
      if (show && stream === "stdout" && NEWS.test(line)) say(`  pulumi | ${line}`);
    },
  });
  if (code === 0) return stdout;
  throw new SandboxError(
    `pulumi ${args[0] ?? ""} ended with ${code}; the end of its output:\n${tailOf(`${stdout}${stderr}`, 25)}`,
    EXIT.failed,
  );
}

/** A finished resource, a fault, or a total. Each resource has several other lines, and a preview names them all. */
const NEWS =
  /^\s*[-+~]{1,2}\s+\S+\s+\S+\s+(created|updated|replaced|deleted|.*failed)|\berror\b|^\s+([-+~] )?\d+ (unchanged|created|updated|replaced|deleted)/;

/** A line such as ` -  kubernetes:core/v1:Namespace namespaces-financial-ml deleted (0.5s)`; `[retain]` at its end. */
const DELETED = /^\s*-\s+(\S+)\s+(\S+)\s+deleted\s+\([^)]*\)\s*(\[retain\])?/;

function deletions(output: string): string[] {
  return output.split("\n").flatMap((line) => {
    const [, type = "", name = "", retained] = DELETED.exec(line) ?? [];
    if (type === "" || type.startsWith("pulumi:")) return [];
    return [`${type} ${name}${retained ? " (its objects are kept: retainOnDelete)" : ""}`];
  });
}
