/** Where pods are described: in objects that make them and in Helm values, as a whole or as what is laid over them. */
import { isRelease, type JudgedResource, kindOf, member, places, UNKNOWN } from "./resource";
import { isTree, type Tree } from "../config/tree";

/** Kinds whose spec describes no pod, however it looks. */
const WITHOUT_PODS = new Set([
  "Certificate",
  "ClusterIssuer",
  "FelixConfiguration",
  "Gateway",
  "GlobalNetworkPolicy",
  "GlobalNetworkSet",
  "HostEndpoint",
  "ImageSet",
  "IngressRoute",
  "LimitRange",
  "Middleware",
  "Model",
  "NetworkPolicy",
  "PodDisruptionBudget",
  "PodMonitor",
  "PrometheusRule",
  "ResourceQuota",
  "Service",
  "ServiceMonitor",
  "StagedGlobalNetworkPolicy",
  "StagedKubernetesNetworkPolicy",
  "StagedNetworkPolicy",
  "Tier",
  "VirtualService",
]);

/** The part of the inputs in which pods can be described: an object's spec, a release's values. */
export function podRoot(resource: JudgedResource): string | undefined {
  if (isRelease(resource)) return "values";
  const kind = kindOf(resource);
  return kind === undefined || WITHOUT_PODS.has(kind.replace(/Patch$/, "")) ? undefined : "spec";
}

export interface PodFound {
  readonly at: string;
  /** The pod's spec, or an overlay on one. */
  readonly pod: Tree;
}

/** Every value of the resource that can be, or be part of, a pod's description. Nothing where there are no pods. */
export function* podPlaces(resource: JudgedResource) {
  const root = podRoot(resource);
  if (root !== undefined && root in resource.inputs) yield* places(resource.inputs[root], root);
}

/** Places below which everything is unknown, so that nobody can tell what pods will be. */
export function* unknownPlaces(resource: JudgedResource): Generator<string> {
  for (const { at, value } of podPlaces(resource)) if (value === UNKNOWN) yield at;
}

const looksLikePod = (key: string | undefined, value: Tree): boolean =>
  key === "podSpec" || "containers" in value || "initContainers" in value || "hostNetwork" in value;

/** Specs of pods and overlays on them. */
export function* podsOf(resource: JudgedResource): Generator<PodFound> {
  for (const { at, key, value } of podPlaces(resource)) {
    if (isTree(value) && looksLikePod(key, value)) yield { at, pod: value };
  }
}

export interface ContainerFound {
  readonly at: string;
  readonly container: Tree;
  /** False for those that run before the others. */
  readonly stays: boolean;
}

/** The containers of one pod. */
export function* containersOf({ at, pod }: PodFound): Generator<ContainerFound> {
  for (const list of ["containers", "initContainers", "ephemeralContainers"]) {
    const containers = pod[list];
    if (!Array.isArray(containers)) continue;
    for (const [index, container] of containers.entries()) {
      if (!isTree(container)) continue;
      const { name } = container;
      const place = member(at, list);
      const stays = list === "containers";
      yield {
        at: typeof name === "string" ? `${place}[${name}]` : member(place, index),
        container,
        stays,
      };
    }
  }
}
