import type { JudgedResource } from "../../policy-pack/resource";
import type { Tree } from "../../config/tree";

/** A resource of the stack `prod`, directly under it unless a component is named. */
export function resource(
  type: string,
  inputs: Tree = {},
  more: Partial<JudgedResource> & { component?: string } = {},
): JudgedResource {
  const { component, ...rest } = more;
  const name = more.name ?? "it";
  const chain = component === undefined ? type : `seldon-k3s:index:${component}$${type}`;
  const urn = `urn:pulumi:prod::seldon-k3s::${chain}::${name}`;
  return { urn, type, name, inputs, protect: false, retainOnDelete: false, ...rest };
}

export const namespace = (name: unknown, more: Parameters<typeof resource>[2] = {}): JudgedResource =>
  resource("kubernetes:core/v1:Namespace", { metadata: { name } }, { name: "namespace", protect: true, ...more });

export const release = (inputs: Tree, more: Parameters<typeof resource>[2] = {}): JudgedResource =>
  resource("kubernetes:helm.sh/v3:Release", { name: "release", namespace: "models", ...inputs }, more);

export const server = (podSpec: unknown): JudgedResource =>
  resource("kubernetes:mlops.seldon.io/v1alpha1:Server", { metadata: { namespace: "models" }, spec: { podSpec } });

export const policy = (spec: unknown, kind = "networking.k8s.io/v1:NetworkPolicy"): JudgedResource =>
  resource(`kubernetes:${kind}`, { metadata: { name: "policy", namespace: "models" }, spec }, { name: "policy" });

export const CALICO_POLICY = "crd.projectcalico.org/v1:GlobalNetworkPolicy";

/** A Server with one container. */
export const pod = (container: Tree): JudgedResource => server({ containers: [{ name: "mlserver", ...container }] });

export const network = (cni: unknown): JudgedResource =>
  resource("seldon-k3s:index:NodeNetwork", { cni, hosts: { servers: [{}], agents: [{}] } });

export const RUNTIME = "./charts/seldon-core-v2-runtime-2.10.2";
