/** What a chart folder brings: a stand-in's files nearly as they are, a real chart's as Helm renders them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { objectsOf } from "../../checks/drift/objects/release-record";
import { overlay } from "../../components/seldon/overlay";
import { fields, type KubernetesObject } from "../api/objects";
import { SandboxError } from "../failure";
import { asObjects, parseDocuments } from "../simulation/documents";
import { tailOf } from "../supervisor";
import { execute } from "./command";

export interface ChartRelease {
  /** Path of the chart's folder. */
  readonly folder: string;
  readonly name: string;
  readonly namespace: string;
  readonly values: unknown;
}

/** A chart, rendered. */
export interface RenderedChart {
  /** CRDs of the chart's folder `crds`: no part of Helm's manifest, and nothing that Helm looks after. */
  readonly crds: readonly KubernetesObject[];
  /** The objects of the manifest. */
  readonly objects: readonly KubernetesObject[];
  /** What Helm would apply and keep in its record: YAML, without hooks. */
  readonly manifest: string;
  /** `Chart.yaml`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The chart's own values. */
  readonly values: Readonly<Record<string, unknown>>;
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
export async function renderChart(release: ChartRelease, { helm, signal }: RenderOptions): Promise<RenderedChart> {
  const { folder } = release;
  if (!existsSync(join(folder, "Chart.yaml"))) throw new Error(`there is no chart in ${folder}`);
  const own = { metadata: yamlFile(join(folder, "Chart.yaml")), values: yamlFile(join(folder, "values.yaml")) };
  if (isStandIn(folder)) return { ...own, ...standIn(release, own.values) };
  if (!helm) throw new SandboxError(`${folder} is a real chart, and no helm was built to render it`);
  const manifest = await helmTemplate(helm, release, signal);
  const crds = parseDocuments(await runHelm(helm, ["show", "crds", folder], { folder, signal }), folder);
  return { ...own, crds, objects: objectsIn(manifest, folder), manifest };
}

const yamlFile = (path: string): RenderedChart["values"] =>
  existsSync(path) ? fields(load(readFileSync(path, "utf8"))) : {};

/** As Helm and the drift run read a manifest: YAML 1.1, where `0420` is octal. */
const objectsIn = (manifest: string, source: string): KubernetesObject[] => asObjects(objectsOf(manifest), source);

/** The one template expression that a stand-in may hold: Helm and this module read it alike. */
const VALUE_AS_JSON = /\{\{ toJson \.Values\.([\w.]+) \}\}/g;

function standIn({ folder, values }: ChartRelease, own: object): Pick<RenderedChart, "crds" | "objects" | "manifest"> {
  const all = overlay(own, fields(values));
  const manifest = filesOf(folder, "templates")
    .map((path) => `---\n# Source: ${path}\n${filledIn(readFileSync(join(folder, path), "utf8"), all, path)}`)
    .join("\n");
  const crds = filesOf(folder, "crds").map((path) => join(folder, path));
  return {
    crds: crds.flatMap((path) => parseDocuments(readFileSync(path, "utf8"), path)),
    objects: objectsIn(manifest, folder),
    manifest,
  };
}

/** Files of a part of the chart, by their names, as paths below its folder. */
function filesOf(folder: string, part: string): string[] {
  const path = join(folder, part);
  const files = existsSync(path) ? readdirSync(path).sort() : [];
  return files.map((file) => join(part, file));
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

/** Without hooks, which this engine does not run. Values go by standard input, because they may hold secrets. */
const helmTemplate = (helm: string, release: ChartRelease, signal: AbortSignal): Promise<string> => {
  const { folder, name, namespace, values } = release;
  const args = ["template", name, folder, "--namespace", namespace, "--no-hooks", "--values", "-"];
  return runHelm(helm, args, { folder, signal, stdin: JSON.stringify(values ?? {}) });
};

async function runHelm(
  helm: string,
  args: readonly string[],
  { folder, signal, stdin }: { readonly folder: string; readonly signal: AbortSignal; readonly stdin?: string },
): Promise<string> {
  const run = { program: helm, args, cwd: folder, stdin, signal, onLine: () => undefined };
  const { code, stdout, stderr } = await execute(run);
  if (code !== 0) throw new Error(`helm ${args[0]} ${folder} ended with ${code}:\n${tailOf(stderr)}`);
  return stdout;
}
