/**
 * What Pod Security level `restricted` asks of a container beyond the charts' own settings (user 1000, never root).
 * The operator merges these by the container's name; what the chart says about the pod stays (2.9.1 and 2.10.2,
 * `patch_utils.go` MergePodSpecs).
 */
import type { Runtime } from "../../config/runtimes";

interface ContainerSecurity {
  readonly allowPrivilegeEscalation: false;
  readonly capabilities: { readonly drop: readonly ["ALL"] };
}

/** The part of a container that the level adds. */
export interface HardenedContainer {
  readonly name: string;
  readonly securityContext: ContainerSecurity;
}

/** The part of a pod's spec that the level adds. */
export interface HardenedPod {
  readonly securityContext: { readonly seccompProfile: { readonly type: "RuntimeDefault" } };
  readonly containers: readonly HardenedContainer[];
}

const CONTAINER: ContainerSecurity = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** What a pod with these containers needs under a level; nothing under any other than `restricted`. */
export function hardened(podSecurity: Runtime["podSecurity"], containers: readonly string[]): HardenedPod | undefined {
  if (podSecurity !== "restricted") return undefined;
  return {
    securityContext: { seccompProfile: { type: "RuntimeDefault" } },
    containers: containers.map((name) => ({ name, securityContext: CONTAINER })),
  };
}
