/** Every object that a stack's policies are made of, of all kinds, in the order in which they are made. Pure. */
import { enforcedNamespaces } from "../../config/policies";
import { runtimeNamespaces, seldonNamespaces } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import type { NetworkPolicy } from "./builders";
import { clusterDeny } from "./calico/cluster-deny";
import { type CalicoObject, stagedKubernetesNetworkPolicy } from "./calico/objects";
import { storageSetPolicies, storageSets } from "./calico/storage-sets";
import { type RbacObject, tierObjects } from "./calico/tiers";
import { policyContext, type PolicyConfig } from "./context";
import { renderPolicies } from "./render";

export type DeclaringConfig = PolicyConfig & Pick<StackConfig, "cni">;

export interface DeclaredPolicies {
  /** Kubernetes' own, where they act. */
  readonly policies: readonly NetworkPolicy[];
  /** What policies refer to: tiers and sets. */
  readonly before: readonly CalicoObject[];
  /** Calico's own policies, and the staged ones. */
  readonly calico: readonly CalicoObject[];
  /** The cluster's default deny: after all that opens something. */
  readonly last: readonly CalicoObject[];
  readonly rbac: readonly RbacObject[];
}

const NONE: DeclaredPolicies = { policies: [], before: [], calico: [], last: [], rbac: [] };

/**
 * What a stack declares. Where the policies do not act (`policies.enforce`), all of them are staged or absent, not the
 * default deny alone: a policy that opens something closes everything else for the pods that it selects.
 */
export function declaredPolicies(config: DeclaringConfig): DeclaredPolicies {
  const { policies: settings, cni, network } = config;
  if (!settings.enabled) return NONE;
  const enforced = new Set(enforcedNamespaces(config));
  const rendered = renderPolicies(policyContext(config));
  const acting = rendered.filter(({ metadata }) => enforced.has(metadata.namespace));
  if (cni.provider !== "calico") return { ...NONE, policies: acting };
  const { tiers, policies: essentials, rbac } = tierObjects(settings.tiers);
  const { clusterDefaultDeny, storage } = settings;
  const ours = seldonNamespaces(config);
  return {
    policies: acting,
    before: [...tiers, ...storageSets(storage)],
    calico: [
      ...essentials,
      ...runtimeNamespaces(config).flatMap((name) => storageSetPolicies(storage, name, enforced.has(name))),
      ...rendered.filter(({ metadata }) => !enforced.has(metadata.namespace)).map(stagedKubernetesNetworkPolicy),
    ],
    last:
      clusterDefaultDeny === undefined
        ? []
        : [clusterDeny({ ...clusterDefaultDeny, ours, nodeCidrs: network.nodeCidrs })],
    rbac,
  };
}
