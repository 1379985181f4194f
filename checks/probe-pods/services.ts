/** That no Service sends anything to a probe pod: looked at before a pod is made, and again while pods run. Pure. */
import type { EndpointSlice, KubeObject } from "../cluster/objects";
import type { ProbePodSpec } from "./manifest";
import { PROBE_PREFIX } from "./names";

/** A Service as far as it says whom it selects. */
export type SelectingService = KubeObject<{
  readonly selector?: Readonly<Record<string, string>>;
  readonly publishNotReadyAddresses?: boolean;
}>;

/**
 * Services that would send requests to a pod with these labels although it is not Ready: they say that readiness does
 * not count. Any other Service lists it as an endpoint that is not ready, which no proxy uses.
 */
export function servicesBlindToReadiness(
  { namespace, labels }: Pick<ProbePodSpec, "namespace" | "labels">,
  services: readonly SelectingService[],
): string[] {
  return services
    .filter(({ metadata, spec }) => {
      const selector = Object.entries(spec?.selector ?? {});
      if (metadata.namespace !== namespace || spec?.publishNotReadyAddresses !== true) return false;
      return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
    })
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

/** Probe pods that an EndpointSlice calls ready, as `<namespace>/<slice>: <pod>`. None, or something is wrong. */
export function readyProbes(slices: readonly EndpointSlice[]): string[] {
  return slices.flatMap(({ metadata, endpoints }) =>
    (endpoints ?? [])
      // An absent condition means ready (discovery.k8s.io/v1).
      .filter(({ conditions, targetRef }) => conditions?.ready !== false && isProbeName(targetRef))
      .map(({ targetRef }) => `${metadata.namespace}/${metadata.name}: ${targetRef?.name}`),
  );
}

const isProbeName = (target: { readonly kind?: string; readonly name?: string } | undefined): boolean =>
  target?.kind === "Pod" && target.name?.startsWith(`${PROBE_PREFIX}-`) === true;
