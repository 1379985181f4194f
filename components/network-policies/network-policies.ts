import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { digest } from "../canonical";
import { token } from "../component";
import { asSpec } from "./builders";
import type { CalicoObject } from "./calico/objects";
import type { RbacObject } from "./calico/tiers";
import type { PolicyConfig } from "./context";
import { declaredPolicies } from "./declared";
import type { DeclaringConfig } from "./declared";

/** Arguments of {@link NetworkPolicies}: the sections of the configuration that decide who may talk to whom. */
export interface NetworkPoliciesArgs {
  /** Whether there are policies at all, who the clients are, and the way to the object storage. */
  readonly policies: PolicyConfig["policies"];
  /** Namespaces, profile, Kafka and tracing. */
  readonly seldon: PolicyConfig["seldon"];
  /** Who brings requests, where `policies.clients` does not say. */
  readonly ingress: PolicyConfig["ingress"];
  /** Ranges of pods, Services and nodes. */
  readonly network: PolicyConfig["network"];
  /** Who enforces: Calico's own kinds are declared where Calico runs. */
  readonly cni: DeclaringConfig["cni"];
}

/** Logical name of an object of Calico's: namespace, name and, where staged, that. */
function logicalName({ kind, metadata: { namespace, name } }: CalicoObject): string {
  const place = namespace === undefined ? name : `${namespace}-${name}`;
  return kind === "Tier" ? `tier-${name}` : kind.startsWith("Staged") ? `staged-${place}` : place;
}

/**
 * NetworkPolicies of every Seldon namespace, made from the flow table (`flows.ts`).
 *
 * Policies add up: `default-deny` closes both directions for every pod, each further policy opens what the table says
 * for one component. A connection needs both ends open, the caller's egress and the callee's ingress. They are plain
 * `networking.k8s.io/v1`, which Calico and K3s' own controller both enforce, so that they hold while a cluster changes
 * its CNI, and after a way back. Each carries the reason for each of its rules in an annotation.
 *
 * What Kubernetes' kind cannot say is said in Calico's, where Calico runs: tiers, sets of addresses, a default deny of
 * the cluster, and policies that are staged because `policies.enforce` does not let them act.
 *
 * Construct it before the workloads, so that no pod ever runs open.
 */
export class NetworkPolicies extends pulumi.ComponentResource {
  /** Names of the policies as `<namespace>/<name>`; empty when policies are disabled. */
  public readonly names: pulumi.Output<string[]>;
  /** Digest of everything rendered: changes exactly when a policy does. For triggers. */
  public readonly fingerprint: pulumi.Output<string>;

  constructor(name: string, args: NetworkPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("NetworkPolicies"), name, args, opts);
    const declared = declaredPolicies(args);
    const child = { parent: this };

    const acting = declared.policies.map(
      (policy) =>
        new k8s.networking.v1.NetworkPolicy(
          `${name}-${policy.metadata.namespace}-${policy.metadata.name}`,
          { metadata: policy.metadata, spec: asSpec(policy) },
          child,
        ),
    );
    const custom = (object: CalicoObject, dependsOn: readonly pulumi.Resource[]) =>
      new k8s.apiextensions.CustomResource(
        `${name}-${logicalName(object)}`,
        { ...object },
        dependsOn.length > 0 ? { ...child, dependsOn: [...dependsOn] } : child,
      );
    // A tier with policies cannot be deleted, and a policy without its tier is read as the last of all.
    const before = declared.before.map((object) => custom(object, []));
    const calico = declared.calico.map((object) => custom(object, before));
    // Nothing that is open by a policy may be closed for the moment between two objects.
    const last = declared.last.map((object) => custom(object, [...acting, ...calico]));
    for (const object of declared.rbac)
      grant(`${name}-${object.kind}-${object.metadata.name}`.toLowerCase(), object, child);

    const kubernetesNames = acting.map(({ metadata }) =>
      metadata.apply(({ namespace, name: policyName }) => `${namespace}/${policyName}`),
    );
    const calicoNames = [...before, ...calico, ...last].map(({ kind, metadata }) =>
      pulumi
        .all([kind, metadata])
        .apply(([word, { namespace, name: policyName }]) =>
          [word, namespace === undefined ? policyName : `${namespace}/${policyName}`].join(" "),
        ),
    );
    this.names = pulumi.all([...kubernetesNames, ...calicoNames]);
    this.fingerprint = pulumi.output(digest(fingerprinted(declared)));

    this.registerOutputs({ names: this.names, fingerprint: this.fingerprint });
  }
}

/** Stacks without objects of Calico's keep the fingerprint that they had, or a validation would run again for nothing. */
function fingerprinted({ policies, before, calico, last, rbac }: ReturnType<typeof declaredPolicies>): unknown {
  const others = [...before, ...calico, ...last, ...rbac];
  return others.length === 0 ? policies : { policies, others };
}

function grant(name: string, object: RbacObject, opts: pulumi.ResourceOptions): void {
  // The provider's types know no `readonly`.
  if (object.kind === "ClusterRole") {
    const rules = object.rules as unknown as k8s.types.input.rbac.v1.PolicyRule[];
    void new k8s.rbac.v1.ClusterRole(name, { metadata: object.metadata, rules }, opts);
    return;
  }
  const { metadata, roleRef } = object;
  const subjects = object.subjects as unknown as k8s.types.input.rbac.v1.Subject[];
  void new k8s.rbac.v1.ClusterRoleBinding(name, { metadata, roleRef, subjects }, opts);
}
