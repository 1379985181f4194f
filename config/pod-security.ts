/** Which namespaces Pod Security's defaults would break. Pure. */
import { declaredCnis } from "./derive";
import { runtimesOf, seldonNamespaces } from "./runtimes";
import type { StackConfig } from "./schema";

/**
 * Namespaces that Pod Security does not look at, sorted; undefined without `k3s.hardening: cis`. K3s' own and Calico's
 * pods need the machine's network and devices. Seldon's charts (2.9.1, 2.10.2) set neither seccompProfile nor dropped
 * capabilities, so the default `restricted` would refuse their pods when they are next made. A runtime with a level of its
 * own (`seldon.podSecurity`) has a label that says so, and is not exempt: that would make the label void.
 */
export function podSecurityExemptions({
  k3s,
  cni,
  seldon,
}: Pick<StackConfig, "k3s" | "cni" | "seldon">): readonly string[] | undefined {
  if (k3s.hardening !== "cis") return undefined;
  const calico = declaredCnis({ cni }).has("calico") ? ["calico-apiserver", "calico-system", "tigera-operator"] : [];
  const labelled = runtimesOf({ seldon }).flatMap(({ namespace, podSecurity }) =>
    podSecurity === undefined ? [] : [namespace],
  );
  const own = seldonNamespaces({ seldon }).filter((namespace) => !labelled.includes(namespace));
  return [...new Set(["kube-system", ...calico, ...own, ...(k3s.podSecurityExemptions ?? [])])].sort();
}
