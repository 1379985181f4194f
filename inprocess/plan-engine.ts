/** The engine of a plan: makes nothing, and fills in what providers would compute, per resource type. */
import type { CreatedResource, RecordedResource, ResourceEngine } from "./engine";

type Compute = (resource: RecordedResource) => CreatedResource;

const metadataOf = ({ inputs }: RecordedResource) =>
  (inputs["metadata"] ?? {}) as { readonly name?: unknown; readonly namespace?: unknown };

/** A Kubernetes object: the provider's id is `namespace/name`, its outputs are the live object. */
const kubernetesObject: Compute = (resource) => {
  const { name, namespace } = metadataOf(resource);
  if (typeof name !== "string" || name === "") {
    throw new Error("has no metadata.name; the provider would make one up, and the plan would not tell which");
  }
  return { id: typeof namespace === "string" ? `${namespace}/${name}` : name, state: {} };
};

/** helm.v3.Release of @pulumi/kubernetes 4.34. */
const helmRelease: Compute = ({ inputs }) => {
  const { name, namespace, chart, version } = inputs;
  if (typeof name !== "string" || typeof namespace !== "string") {
    throw new Error("needs an explicit name and namespace; the provider would make up the release's name");
  }
  const status = { status: "deployed", name, namespace, chart, version: version ?? "", revision: 1 };
  return { id: `${namespace}/${name}`, state: { status, resourceNames: {}, manifest: {} } };
};

/** local.Command of @pulumi/command 1.2: an id of its own, and what the command printed. */
const localCommand: Compute = ({ name }) => ({ id: name, state: { stdout: "", stderr: "", assets: {}, archive: {} } });

/** remote.Command of @pulumi/command 1.2: no machine is contacted. */
const remoteCommand: Compute = ({ name }) => ({ id: name, state: { stdout: "", stderr: "" } });

const provider: Compute = ({ name }) => ({ id: name, state: {} });

/** Types that are not plain Kubernetes objects. */
const TYPES: Readonly<Record<string, Compute>> = {
  "pulumi:providers:kubernetes": provider,
  "pulumi:providers:command": provider,
  "kubernetes:helm.sh/v3:Release": helmRelease,
  "command:local:Command": localCommand,
  "command:remote:Command": remoteCommand,
};

/** `kubernetes:<group>/<version>:<Kind>`, `core` for the legacy group; never Helm's or the YAML packages' own types. */
const KUBERNETES_OBJECT =
  /^kubernetes:(?!helm\.sh\/|yaml|kustomize)[a-z0-9.-]+\/v\d+((alpha|beta)\d+)?:[A-Z][A-Za-z0-9]*$/;

/** Knows Kubernetes objects, Helm releases, commands here and on machines, and their providers. */
export class PlanEngine implements ResourceEngine {
  /** @throws Error for every other type: an output that nobody computes would be undefined in silence. */
  create(resource: RecordedResource): Promise<CreatedResource> {
    const compute = TYPES[resource.type] ?? (KUBERNETES_OBJECT.test(resource.type) ? kubernetesObject : undefined);
    if (!compute) {
      const known = [...Object.keys(TYPES), "kubernetes:<group>/<version>:<Kind>"].join(", ");
      return Promise.reject(new Error(`unknown resource type; known: ${known}. Add a row to inprocess/plan-engine.ts`));
    }
    try {
      return Promise.resolve(compute(resource));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
