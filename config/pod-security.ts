/** Which namespaces Pod Security's defaults would break. Pure. */
import { declaredCnis } from "./derive";
import { seldonNamespaces } from "./runtimes";
import type { StackConfig } from "./schema";

/**
 * Namespaces that Pod Security does not look at, sorted; undefined without `k3s.hardening: cis`. K3s' own and Calico's
 * pods need the machine's network and devices.
 *
 * Seldon's namespaces have a level of their own as their label, and an exemption would make it void. Only while a cluster is
 * taken over (`cluster.takeOver`) that label reports and does not enforce; the default `restricted` would then refuse
 * pods that a workaround has put into the node's network.
 */
export function podSecurityExemptions({
  cluster,
  k3s,
  cni,
  seldon,
}: Pick<StackConfig, "cluster" | "k3s" | "cni" | "seldon">): readonly string[] | undefined {
  if (k3s.hardening !== "cis") return undefined;
  const calico = declaredCnis({ cni }).has("calico") ? ["calico-apiserver", "calico-system", "tigera-operator"] : [];
  const own = cluster.takeOver === true ? seldonNamespaces({ seldon }) : [];
  return [...new Set(["kube-system", ...calico, ...own, ...(k3s.podSecurityExemptions ?? [])])].sort();
}
