/**
 * Objects of Calico's own kinds, typed and checked.
 *
 * They are written as `crd.projectcalico.org/v1`, the form in which Calico 3.31 and 3.32 keep them (chart CRDs of both
 * lines), like FelixConfiguration: that needs no aggregated API server, which the 3.32 line calls deprecated, and no
 * create through it by server-side apply, which fails up to 3.32.0. What the API server of Calico would refuse is
 * refused by the builders here.
 *
 * Names carry the tier, `<tier>.<name>`: up to 3.31 Felix takes the tier from the name, from 3.32 on from `spec.tier`.
 * With both, an upgrade renames nothing. The label `projectcalico.org/tier` is what lists by tier go by.
 */
import { labels } from "../../component";
import { REASONS_ANNOTATION, type NetworkPolicy } from "../builders";
import type { Protocol } from "../flow";

export const CALICO_API = "crd.projectcalico.org/v1";

/** Where Kubernetes' policies are, and what denies at the end of all tiers. It always exists. */
export const DEFAULT_TIER = "default";

export type Action = "Allow" | "Deny" | "Pass";

/** Whom one side of a rule means: pods and sets by selector, addresses by range. */
export interface Entity {
  readonly selector?: string;
  readonly namespaceSelector?: string;
  readonly nets?: readonly string[];
  readonly ports?: readonly number[];
}

export interface Rule {
  readonly action: Action;
  readonly protocol?: Protocol;
  readonly source?: Entity;
  readonly destination?: Entity;
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One object as it is applied. */
export interface CalicoObject<Kind extends string = string, Spec extends object = object> {
  readonly apiVersion: typeof CALICO_API;
  readonly kind: Kind;
  readonly metadata: Metadata;
  readonly spec: Spec;
}

const object = <Kind extends string, Spec extends object>(
  kind: Kind,
  metadata: Omit<Metadata, "labels" | "annotations"> & { readonly labels?: Readonly<Record<string, string>> },
  spec: Spec,
  reasons: readonly string[],
): CalicoObject<Kind, Spec> => {
  if (reasons.length === 0) throw new Error(`${kind} ${metadata.name}: got no reason for it`);
  return {
    apiVersion: CALICO_API,
    kind,
    metadata: {
      ...metadata,
      labels: labels(metadata.labels),
      annotations: { [REASONS_ANNOTATION]: reasons.join("\n") },
    },
    spec,
  };
};

/**
 * A tier. What no rule of it decides goes on with the next one, so that an empty tier changes nothing: Calico's own
 * default is to deny it for every pod that a policy of the tier is about.
 */
export const tier = (name: string, order: number, reasons: readonly string[]) =>
  object("Tier", { name }, { order, defaultAction: "Pass" }, reasons);

export interface PolicyArgs {
  readonly tier: string;
  /** Without the tier's prefix. */
  readonly name: string;
  /** Place in its tier; Kubernetes' policies have 1000. */
  readonly order: number;
  readonly selector: string;
  readonly types: readonly ("Ingress" | "Egress")[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
  readonly reasons: readonly string[];
}

/** @throws Error for a rule that Calico would refuse, or that would mean everybody. */
function policySpec({ tier, name, order, selector, types, ingress = [], egress = [] }: PolicyArgs) {
  const where = `${tier}.${name}`;
  if (selector === "") throw new Error(`${where}: got no selector, which would select every pod and host`);
  if (ingress.length > 0 && !types.includes("Ingress"))
    throw new Error(`${where}: ingress rules need the type Ingress`);
  if (egress.length > 0 && !types.includes("Egress")) throw new Error(`${where}: egress rules need the type Egress`);
  for (const { action, protocol, source, destination } of [...ingress, ...egress]) {
    if (destination?.ports !== undefined && protocol === undefined) throw new Error(`${where}: ports need a protocol`);
    const anybody = source === undefined && destination === undefined;
    if (action === "Allow" && anybody) throw new Error(`${where}: got a rule that allows everybody`);
  }
  return {
    tier,
    order,
    selector,
    types,
    ...(ingress.length > 0 ? { ingress } : {}),
    ...(egress.length > 0 ? { egress } : {}),
  };
}

const tiered = (name: string, tier: string, namespace?: string) => ({
  name: `${tier}.${name}`,
  ...(namespace === undefined ? {} : { namespace }),
  labels: { "projectcalico.org/tier": tier },
});

/** A policy about pods of every namespace that its selector takes. */
export const globalNetworkPolicy = (args: PolicyArgs) =>
  object("GlobalNetworkPolicy", tiered(args.name, args.tier), policySpec(args), args.reasons);

/** The same, staged: flow logs show what it would do. */
export const stagedGlobalNetworkPolicy = (args: PolicyArgs) =>
  object(
    "StagedGlobalNetworkPolicy",
    tiered(args.name, args.tier),
    { ...policySpec(args), stagedAction: "Set" },
    args.reasons,
  );

/** A policy about pods of one namespace. */
export const calicoNetworkPolicy = (namespace: string, args: PolicyArgs) =>
  object("NetworkPolicy", tiered(args.name, args.tier, namespace), policySpec(args), args.reasons);

/** The same, staged. */
export const stagedNetworkPolicy = (namespace: string, args: PolicyArgs) =>
  object(
    "StagedNetworkPolicy",
    tiered(args.name, args.tier, namespace),
    { ...policySpec(args), stagedAction: "Set" },
    args.reasons,
  );

/** A Kubernetes policy, staged: its text is the same, and nothing enforces it. */
export const stagedKubernetesNetworkPolicy = ({ metadata, spec }: NetworkPolicy) =>
  object(
    "StagedKubernetesNetworkPolicy",
    { name: metadata.name, namespace: metadata.namespace },
    { ...spec, stagedAction: "Set" },
    (metadata.annotations[REASONS_ANNOTATION] ?? "").split("\n"),
  );

/** Addresses that policies select by the set's labels. */
export const globalNetworkSet = (
  name: string,
  own: Readonly<Record<string, string>>,
  nets: readonly string[],
  reasons: readonly string[],
) => object("GlobalNetworkSet", { name, labels: own }, { nets }, reasons);
