/**
 * Reads a kubeconfig from one explicit path. The home folder and KUBECONFIG are never looked at, so that a check can
 * never judge another cluster than the one that the stack names.
 */
import { readFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";
import { load, YAMLException } from "js-yaml";
import { z } from "zod";
import { yamlFault } from "../../config/yaml-fault";
import { LookError } from "../verdict";

const named = z.looseObject({ name: z.string() });
/** Only what is needed to tell a kubeconfig from something else. */
const kubeconfigSchema = z.looseObject({
  "current-context": z.string().min(1),
  clusters: z.array(named.extend({ cluster: z.looseObject({ server: z.string() }) })).min(1),
  contexts: z.array(named.extend({ context: z.looseObject({ cluster: z.string(), user: z.string() }) })).min(1),
  users: z.array(named).min(1),
});

const FIX = "name the cluster's kubeconfig by --kubeconfig or by cluster.kubeconfigFile in the stack file";

/** The codes of what reading a file says, in words. */
const READ_PROBLEMS: Record<string, string> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "this user may not read it",
  ENOTDIR: "a part of the path is no folder",
};

/**
 * @param path Absolute, or relative to the working directory.
 * @throws LookError in one line; it never quotes the content, which holds credentials.
 */
export function loadKubeconfig(path: string): KubeConfig {
  const text = readText(path);
  const problem = problemOf(text);
  if (problem !== undefined) throw wrong(path, problem);
  const config = new KubeConfig();
  config.loadFromString(text);
  config.makePathsAbsolute(path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : ".");
  return config;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw wrong(path, READ_PROBLEMS[code] ?? code);
  }
}

const wrong = (path: string, problem: string): LookError =>
  new LookError(`kubeconfig ${path}: ${problem}`, { fix: FIX, final: true });

/** What is wrong with the text of a kubeconfig, or undefined. */
function problemOf(text: string): string | undefined {
  if (text.trim() === "") return "it is empty";
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return `not YAML: ${yamlFault(error)}`;
  }
  const parsed = kubeconfigSchema.safeParse(value);
  if (!parsed.success) {
    const missing = [...new Set(parsed.error.issues.map((issue) => issue.path.join(".") || "the whole document"))];
    return `not a kubeconfig: missing or wrong: ${missing.join(", ")}`;
  }
  return contextProblem(parsed.data);
}

function contextProblem(config: z.infer<typeof kubeconfigSchema>): string | undefined {
  const current = config["current-context"];
  const context = config.contexts.find(({ name }) => name === current)?.context;
  if (context === undefined) return `current-context "${current}" is not among its contexts`;
  const cluster = config.clusters.find(({ name }) => name === context.cluster)?.cluster;
  if (cluster === undefined) return `context "${current}" names cluster "${context.cluster}", which it does not hold`;
  if (!config.users.some(({ name }) => name === context.user)) {
    return `context "${current}" names user "${context.user}", which it does not hold`;
  }
  if (!/^https?:\/\//.test(cluster.server) || !URL.canParse(cluster.server)) {
    return `server "${cluster.server}" of cluster "${context.cluster}" is no URL`;
  }
  return undefined;
}
