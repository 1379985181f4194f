/** The objects of a chart folder: a stand-in's files as they are, a real chart's as Helm renders them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "../api/objects";
import { SandboxError } from "../failure";
import { parseDocuments } from "../simulation/documents";
import { tailOf } from "../supervisor";
import { execute } from "./command";

export interface ChartRelease {
  /** Path of the chart's folder. */
  readonly folder: string;
  readonly name: string;
  readonly namespace: string;
  readonly values: unknown;
}

/** Marks the charts of sandbox/stand-ins in their Chart.yaml. */
const STAND_IN_MARK = "seldon-k3s/stand-in";

export function isStandIn(folder: string): boolean {
  const file = join(folder, "Chart.yaml");
  return existsSync(file) && readFileSync(file, "utf8").includes(STAND_IN_MARK);
}

export interface RenderOptions {
  /** Path of the helm binary; only for a real chart. */
  readonly helm?: string;
  readonly signal: AbortSignal;
}

/**
 * @throws Error when there is no such chart, or when it cannot be rendered.
 */
export async function chartObjects(
  release: ChartRelease,
  { helm, signal }: RenderOptions,
): Promise<KubernetesObject[]> {
  const { folder } = release;
  if (!existsSync(join(folder, "Chart.yaml"))) throw new Error(`there is no chart in ${folder}`);
  if (isStandIn(folder)) return ["crds", "templates"].flatMap((part) => standInObjects(join(folder, part)));
  if (!helm) throw new SandboxError(`${folder} is a real chart, and no helm was built to render it`);
  const text = await helmTemplate(helm, release, signal);
  const isHook = ({ metadata }: KubernetesObject) => metadata.annotations?.["helm.sh/hook"] !== undefined;
  return parseDocuments(text, folder).filter((object) => !isHook(object));
}

function standInObjects(folder: string): KubernetesObject[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).sort();
  return files.flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    if (text.includes("{{"))
      throw new Error(`${join(folder, file)} holds a template expression; a stand-in is plain YAML`);
    return parseDocuments(text, join(folder, file));
  });
}

/** Values go by standard input, because they may hold secrets. */
async function helmTemplate(helm: string, release: ChartRelease, signal: AbortSignal): Promise<string> {
  const { folder, name, namespace, values } = release;
  const { code, stdout, stderr } = await execute({
    program: helm,
    args: ["template", name, folder, "--namespace", namespace, "--include-crds", "--values", "-"],
    cwd: folder,
    stdin: JSON.stringify(values ?? {}),
    signal,
    onLine: () => undefined,
  });
  if (code !== 0) throw new Error(`helm template ${folder} ended with ${code}:\n${tailOf(stderr)}`);
  return stdout;
}
