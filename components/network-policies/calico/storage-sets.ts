/**
 * Ways to an object storage whose addresses are kept by name. Pure.
 *
 * Calico without an Enterprise licence has no rules by DNS name, and nothing here resolves one: a name that is resolved
 * once is wrong an hour later. A set holds the addresses that the storage's owner publishes, says which names they are
 * of, and can be changed by whoever knows better without a look at any policy.
 */
import type { StackConfig } from "../../../config/schema";
import { labels } from "../../component";
import { POD_LABELS } from "../endpoints";
import { flowById } from "../flows";
import { calicoNetworkPolicy, DEFAULT_TIER, globalNetworkSet, type CalicoObject, stagedNetworkPolicy } from "./objects";
import { is, labelled } from "./selectors";

/** Label by which policies know a set. */
const SET_LABEL = "seldon-k3s/storage";

type Storage = StackConfig["policies"]["storage"];

export const storageSets = ({ sets }: Storage): CalicoObject[] =>
  sets.map(({ name, hosts, cidrs }) =>
    globalNetworkSet(`seldon-storage-${name}`, labels({ [SET_LABEL]: name }), cidrs, [
      `addresses of ${hosts.join(", ")}, as configured; nothing resolves the names`,
    ]),
  );

/** The row `server-to-storage` for the sets, in one namespace with a runtime. */
export function storageSetPolicies({ sets, ports }: Storage, namespace: string, enforced: boolean): CalicoObject[] {
  if (sets.length === 0) return [];
  const { why, id } = flowById("server-to-storage");
  const args = {
    tier: DEFAULT_TIER,
    name: "allow-server-storage",
    order: 1000,
    selector: labelled(POD_LABELS.server),
    types: ["Egress"] as const,
    egress: sets.map(({ name }) => ({
      action: "Allow" as const,
      protocol: "TCP" as const,
      destination: { namespaceSelector: "global()", selector: is(SET_LABEL, name), ports },
    })),
    reasons: sets.map(
      ({ name, hosts }) => `to set ${name} (${hosts.join(", ")}), TCP ${ports.join(", ")}: ${why} (${id})`,
    ),
  };
  return [enforced ? calicoNetworkPolicy(namespace, args) : stagedNetworkPolicy(namespace, args)];
}
