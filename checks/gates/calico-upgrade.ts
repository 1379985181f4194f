/**
 * Nothing is lost by the line of Calico that is to come. From 3.32 on Calico reads Kubernetes' ClusterNetworkPolicy and no longer
 * AdminNetworkPolicy and BaselineAdminNetworkPolicy: what such objects denied would be open, without a word.
 */
import type { Check } from "../check";
import type { KubeObject } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { fail, pass } from "../verdict";

/** The kinds that the line before enforces and this one does not. */
const LEFT_BEHIND = [
  { kind: "AdminNetworkPolicy", plural: "adminnetworkpolicies" },
  { kind: "BaselineAdminNetworkPolicy", plural: "baselineadminnetworkpolicies" },
] as const;

export const calicoUpgrade = (context: CheckContext): Check[] => [
  {
    id: "policies-left-behind",
    title: "No policy is of a kind that Calico no longer reads",
    proves: "what the cluster's policies deny stays denied by the declared line of Calico",
    needs: [CLUSTER_IDENTITY],
    expectations: () =>
      LEFT_BEHIND.map(({ kind, plural }) => ({
        target: kind,
        expected: "none: the declared line reads ClusterNetworkPolicy instead",
        repeat: context.kubectl("get", plural),
        probe: async (signal) => {
          const list = await context.api.findIfKnown<{ items?: KubeObject[] }>(PATHS.adminPolicies(plural), signal);
          const found = (list?.items ?? []).map(({ metadata }) => metadata.name).sort();
          if (found.length === 0) return pass(list === undefined ? "the cluster does not know the kind" : "none");
          return fail(found.join(", "), {
            fix: `write each as a ClusterNetworkPolicy once Calico reads those, and until then as a GlobalNetworkPolicy; then ${context.kubectl("delete", plural, ...found)}`,
            final: true,
          });
        },
      })),
  },
];
