import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labels, token } from "../component";
import { automaticEndpoints, hostEndpoints, hostPolicy, hostTier, type Rendered } from "./host-policy";
import type { HostRuleInput } from "./host-rules";

const API = "crd.projectcalico.org/v1";

const metadata = ({ name, labels: own }: Rendered) => ({ name, labels: labels(own) });

/** Arguments of {@link HostEndpoints}. */
export interface HostEndpointsArgs extends HostRuleInput {
  /** What stands first: Calico on every node, with the failsafe ports. */
  readonly after: pulumi.Resource;
}

/**
 * Policies for the nodes' own processes. In order: Felix knows its failsafe ports already (FelixConfiguration comes before
 * Calico), then the tier, then the policy that lets in what a cluster lives on, and only then the endpoints, by which Felix
 * begins to close anything. Deleted in the reverse order, so that no endpoint outlives the policy that keeps it open.
 */
export class HostEndpoints extends pulumi.ComponentResource {
  constructor(name: string, args: HostEndpointsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { network, calico, hosts } = args;
    super(token("HostEndpoints"), name, { network, calico, hosts }, opts);
    const child = { parent: this };
    const object = (suffix: string, kind: string, rendered: Rendered, dependsOn: readonly pulumi.Resource[]) =>
      new k8s.apiextensions.CustomResource(
        `${name}-${suffix}`,
        { apiVersion: API, kind, metadata: metadata(rendered), spec: rendered.spec },
        { ...child, dependsOn: [...dependsOn] },
      );

    const tier = object("tier", "Tier", hostTier(), [args.after]);
    const policy = object("policy", "GlobalNetworkPolicy", hostPolicy(args), [tier]);
    if (calico.hostEndpoints.mode === "declared") {
      for (const endpoint of hostEndpoints(args)) object(endpoint.name, "HostEndpoint", endpoint, [policy]);
    } else {
      const { name: config, spec } = automaticEndpoints();
      // A patch: kube-controllers makes the object itself when it starts, and owns the rest of it. Deleted, it gives the one
      // field back, and kube-controllers removes its endpoints.
      new k8s.apiextensions.CustomResourcePatch(
        `${name}-automatic`,
        {
          apiVersion: API,
          kind: "KubeControllersConfiguration",
          metadata: { name: config, annotations: { "pulumi.com/patchForce": "true" } },
          spec,
        },
        { ...child, dependsOn: [policy] },
      );
    }
    this.registerOutputs({});
  }
}
