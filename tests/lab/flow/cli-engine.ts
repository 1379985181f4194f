/** The lab's stack under the real Pulumi engine, where the CLI and its plugins are on PATH: `LAB_ENGINE=cli`. */
import { existsSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { load } from "js-yaml";
import type { Lab } from "../lab";

const PROJECT = resolve(__dirname, "../../..");

/** Whether a lab's flow goes through `pulumi up`. */
export const wantsCli = (): boolean => process.env["LAB_ENGINE"] === "cli";

/** One call of the CLI, as words after `pulumi`. */
export type Call = readonly string[];

const STACK = ["--stack", "lab", "--non-interactive", "--color", "never"];

/** A project folder in the lab's own: its program is the lab's, its tools are the checkout's. */
function projectOf(lab: Lab): string {
  const folder = lab.folder.folder("pulumi");
  const project = {
    name: "seldon-k3s",
    runtime: { name: "nodejs", options: { typescript: true } },
    config: { "pulumi:disable-default-providers": { value: ["kubernetes"] } },
  };
  lab.folder.write("pulumi/Pulumi.yaml", JSON.stringify(project));
  lab.folder.write(
    "pulumi/index.ts",
    `export = require(${JSON.stringify(join(PROJECT, "tests/lab/engine/program"))});\n`,
  );
  lab.folder.write("pulumi/tsconfig.json", JSON.stringify({ extends: join(PROJECT, "tsconfig.pulumi.json") }));
  lab.folder.write("pulumi/package.json", JSON.stringify({ name: "lab", main: "index.ts" }));
  for (const name of ["tools", "node_modules"]) {
    if (!existsSync(join(folder, name))) symlinkSync(join(PROJECT, name), join(folder, name));
  }
  if (!existsSync(join(folder, "charts"))) symlinkSync(lab.folder.folder("charts"), join(folder, "charts"));
  return folder;
}

/** What a flow needs to call the CLI. */
export interface CliProject {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Words that make the stack; once. */
  readonly init: Call;
  readonly up: Call;
  readonly preview: Call;
}

export function cliProject(lab: Lab): CliProject {
  const cwd = projectOf(lab);
  return {
    cwd,
    env: {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${lab.folder.folder("pulumi-state")}`,
      PULUMI_HOME: lab.folder.folder("pulumi-home"),
      PULUMI_CONFIG_PASSPHRASE: "lab",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
    init: ["stack", "init", ...STACK],
    up: ["up", ...STACK, "--yes", "--skip-preview", "--suppress-progress"],
    preview: ["preview", ...STACK, "--expect-no-changes", "--diff"],
  };
}

/** Words that put a secret, which comes on standard input, into the stack file. */
export const setSecret = (key: string): string[] => ["config", "set", `seldon-k3s:${key}`, "--secret", ...STACK];

/** The stack file for a configuration; the encryption salt of the one before is kept. JSON is YAML. */
export function stackFileOf(values: Readonly<Record<string, unknown>>, before: string): string {
  const { encryptionsalt } = load(before) as { encryptionsalt?: string };
  const config = Object.entries(values).map(([key, value]) => [`seldon-k3s:${key}`, value] as const);
  return JSON.stringify({
    ...(encryptionsalt === undefined ? {} : { encryptionsalt }),
    config: Object.fromEntries(config) as Record<string, unknown>,
  });
}
