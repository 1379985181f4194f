/** Which engine deploys, and why. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { SandboxError } from "../failure";

export const ENGINES = ["cli", "in-process"] as const;
export type EngineName = (typeof ENGINES)[number];

/** The Pulumi CLI, its language host and the providers of @pulumi/kubernetes and @pulumi/command. */
export const CLI_PROGRAMS = [
  "pulumi",
  "pulumi-language-nodejs",
  "pulumi-resource-kubernetes",
  "pulumi-resource-command",
];

export interface EngineChoice {
  readonly engine: EngineName;
  readonly reason: string;
}

/** Programs that PATH does not hold. */
export function missingPrograms(env: NodeJS.ProcessEnv, programs = CLI_PROGRAMS): string[] {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const isThere = (program: string) => folders.some((folder) => isExecutable(join(folder, program)));
  return programs.filter((program) => !isThere(program));
}

/** @throws SandboxError when the CLI is asked for and cannot be had. */
export function chooseEngine(asked: EngineName | undefined, env: NodeJS.ProcessEnv): EngineChoice {
  if (asked === "in-process") return { engine: asked, reason: "asked for" };
  const missing = missingPrograms(env);
  if (asked === "cli" && missing.length > 0) {
    throw new SandboxError(
      `--engine cli needs ${CLI_PROGRAMS.join(", ")} on PATH; missing: ${missing.join(", ")}. Install the Pulumi CLI ` +
        "(https://www.pulumi.com/docs/install/) and put the plugins on PATH, or leave the option out",
    );
  }
  if (missing.length === 0)
    return { engine: "cli", reason: asked ? "asked for" : "the Pulumi CLI and its plugins are on PATH" };
  return { engine: "in-process", reason: `not on PATH: ${missing.join(", ")}` };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
