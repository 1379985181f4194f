/** Namespaces that were open before the stack came: whether its policies would close them, and whom that would cut off. */
import { declaredPolicies } from "../../components/network-policies/declared";
import { enforcedNamespaces } from "../../config/policies";
import { seldonNamespaces } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { quote } from "../../checks/context";
import type { KubeObject } from "../../checks/cluster/objects";
import type { ObjectDrift } from "../../checks/drift/objects/objects";
import type { NetworkPolicy } from "../../checks/evidence/objects";
import type { PodEnd } from "../../checks/policy/evaluate/model";
import { cutOff } from "./cut";
import type { Inventory } from "./inventory";
import type { Obstacle } from "./obstacles";

/** Namespaces that others made and that the first `up` would close although nobody asked for it. */
export function closedUnasked({ objects }: Inventory, config: StackConfig, stack: string): Obstacle[] {
  if (config.policies.enforce !== undefined) return [];
  const comes = (namespace: string): boolean =>
    objects.some(
      (one) => one.object.kind === "NetworkPolicy" && one.object.namespace === namespace && one.standing === "create",
    );
  const others = new Set(
    objects.filter((one) => one.object.kind === "Namespace" && one.standing === "adopt").map(({ id }) => id),
  );
  const key = config.policies.takenOver.length;
  return enforcedNamespaces(config)
    .filter((namespace) => others.has(namespace) && comes(namespace))
    .map((namespace, index) => ({
      what: `Namespace ${namespace}`,
      why: "the first up would close it: its policies deny what the flow table does not know, and its pods and callers were there before (see who would be cut off)",
      fix: `pulumi config set --path 'policies.takenOver[${key + index}]' ${namespace} -s ${quote(stack)}; or policies.enforce true, once the list has been read`,
    }));
}

type Pod = KubeObject<{
  readonly hostNetwork?: boolean;
  readonly nodeName?: string;
  readonly containers?: readonly { readonly ports?: PodEnd["ports"] }[];
}> & { readonly status?: { readonly podIP?: string; readonly phase?: string } };

/**
 * Who would be cut off in the namespaces of the stack in which its policies do not act yet. None where they do.
 * @throws LookError
 */
export async function wouldCut(
  { objects }: Inventory,
  config: StackConfig,
  { context }: ObjectDrift,
  signal: AbortSignal,
): Promise<string[]> {
  if (!config.policies.enabled) return [];
  const enforcing = { ...config, policies: { ...config.policies, enforce: true } };
  const enforced = declaredPolicies(enforcing).policies as unknown as readonly NetworkPolicy[];
  const acting = new Set(
    objects.filter(({ object, standing }) => object.kind === "NetworkPolicy" && standing === "own").map(({ id }) => id),
  );
  const taken = seldonNamespaces(config).filter((namespace) => {
    const exists = objects.some(
      ({ object, id, standing }) => object.kind === "Namespace" && id === namespace && standing !== "create",
    );
    const own = enforced.filter(({ metadata }) => metadata.namespace === namespace);
    return exists && !own.every(({ metadata: { name } }) => acting.has(`${namespace}/${name}`));
  });
  if (taken.length === 0) return [];
  const { api } = context;
  const [pods, spaces, live] = await Promise.all([
    api.list<Pod>("/api/v1/pods", signal),
    api.list<KubeObject>("/api/v1/namespaces", signal),
    api.list<NetworkPolicy>("/apis/networking.k8s.io/v1/networkpolicies", signal),
  ]);
  return cutOff({
    pods: pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed").map(endOf),
    namespaces: Object.fromEntries(spaces.map(({ metadata: { name, labels = {} } }) => [name, labels])),
    live,
    enforced: enforced.filter(({ metadata }) => taken.includes(metadata.namespace ?? "")),
    taken,
  });
}

function endOf({ metadata, spec, status }: Pod): PodEnd {
  const { podIP } = status ?? {};
  return {
    kind: "pod",
    namespace: metadata.namespace ?? "",
    labels: metadata.labels ?? {},
    ...(podIP === undefined ? {} : { ip: podIP }),
    ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
    ...(spec?.hostNetwork === true ? { hostNetwork: true } : {}),
    ports: (spec?.containers ?? []).flatMap(({ ports = [] }) => ports),
  };
}
