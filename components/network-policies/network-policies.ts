import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { digest } from "../canonical";
import { token } from "../component";
import { asSpec } from "./builders";
import { policyContext } from "./context";
import type { PolicyConfig } from "./context";
import { renderPolicies } from "./render";

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
}

/**
 * NetworkPolicies of every Seldon namespace, made from the flow table (`flows.ts`).
 *
 * Policies add up: `default-deny` closes both directions for every pod, each further policy opens what the table says
 * for one component. A connection needs both ends open, the caller's egress and the callee's ingress. They are plain
 * `networking.k8s.io/v1`, which Calico and K3s' own controller both enforce, so that they hold while a cluster changes
 * its CNI, and after a way back. Each carries the reason for each of its rules in an annotation.
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
    const policies = args.policies.enabled ? renderPolicies(policyContext(args)) : [];

    const created = policies.map(
      (policy) =>
        new k8s.networking.v1.NetworkPolicy(
          `${name}-${policy.metadata.namespace}-${policy.metadata.name}`,
          { metadata: policy.metadata, spec: asSpec(policy) },
          { parent: this },
        ),
    );
    this.names = pulumi
      .all(created.map((policy) => policy.metadata))
      .apply((all) => all.map(({ namespace, name: policyName }) => `${namespace}/${policyName}`));
    this.fingerprint = pulumi.output(digest(policies));

    this.registerOutputs({ names: this.names, fingerprint: this.fingerprint });
  }
}
