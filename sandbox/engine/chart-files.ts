/** The objects of a chart folder: a stand-in's files nearly as they are, a real chart's as Helm renders them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { overlay } from "../../components/seldon/overlay";
import { fields, type KubernetesObject } from "../api/objects";
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
  if (isStandIn(folder)) return standInObjects(release);
  if (!helm) throw new SandboxError(`${folder} is a real chart, and no helm was built to render it`);
  const text = await helmTemplate(helm, release, signal);
  const isHook = ({ metadata }: KubernetesObject) => metadata.annotations?.["helm.sh/hook"] !== undefined;
  return parseDocuments(text, folder).filter((object) => !isHook(object));
}

/** The one template expression that a stand-in may hold: Helm and this module read it alike. */
const VALUE_AS_JSON = /\{\{ toJson \.Values\.([\w.]+) \}\}/g;

function standInObjects({ folder, values }: ChartRelease): KubernetesObject[] {
  const defaults = join(folder, "values.yaml");
  const own = existsSync(defaults) ? fields(load(readFileSync(defaults, "utf8"))) : {};
  const all = overlay(own, fields(values));
  return ["crds", "templates"].flatMap((part) => {
    const path = join(folder, part);
    const files = existsSync(path) ? readdirSync(path).sort() : [];
    return files.flatMap((file) => {
      const source = join(path, file);
      return parseDocuments(filledIn(readFileSync(source, "utf8"), all, source), source);
    });
  });
}

/** A stand-in's text with the values that it asks for. @throws Error when it holds another expression. */
export function filledIn(text: string, values: object, source: string): string {
  if (text.replace(VALUE_AS_JSON, "").includes("{{")) {
    throw new Error(
      `${source} holds a template expression; a stand-in is YAML with no other than {{ toJson .Values.a.b }}`,
    );
  }
  return text.replace(VALUE_AS_JSON, (_, path: string) => {
    const value = path.split(".").reduce<unknown>((at, key) => fields(at)[key], values);
    if (value === undefined) throw new Error(`${source} asks for the value "${path}", which values.yaml does not hold`);
    return JSON.stringify(value);
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
