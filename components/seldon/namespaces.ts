import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { operatorNamespace, runtimesOf } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { token } from "../component";
import { NO_SIDECARS } from "../ingress/istio";
import { limitsResource, namespaceLabels, quotaResource } from "./tenant-room";

/** Arguments of {@link SeldonNamespaces}. */
export interface SeldonNamespacesArgs {
  /** Says which namespaces there are, and what each may hold and use. */
  readonly seldon: StackConfig["seldon"];
  /** Who brings requests: Istio is kept from adding sidecars. @default nobody */
  readonly ingress?: StackConfig["ingress"];
  /** Refuse to delete them. A namespace takes every Model, Secret and volume claim with it. */
  readonly protect: boolean;
  /**
   * Report pods beyond the Pod Security level instead of refusing them, while a cluster is taken over: a pod that a
   * workaround put into the node's network could not come back after a restart.
   *
   * @default false
   */
  readonly takeOver?: boolean | undefined;
}

/**
 * The namespaces that Seldon Core runs in, with their Pod Security level, and quota and limits of each runtime. They are
 * a component of their own because the network policies come before the workloads, and both need the namespaces.
 *
 * The operator's own namespace gets the level `baseline`, whatever the runtimes have: its chart does not drop the
 * container's capabilities, which `restricted` asks for (setup chart 2.9.1 and 2.10.2).
 */
export class SeldonNamespaces extends pulumi.ComponentResource {
  /** Names of the namespaces, the operator's first. Known once the namespaces exist. */
  public readonly names: pulumi.Output<string[]>;

  constructor(name: string, args: SeldonNamespacesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("SeldonNamespaces"), name, args, opts);
    const { seldon, protect, ingress } = args;
    const how = args.takeOver === true ? "reported" : "enforced";
    const mesh = ingress?.provider === "istio" ? NO_SIDECARS : {};
    const runtimes = runtimesOf({ seldon });
    const home = operatorNamespace({ seldon });
    const apart = runtimes.every(({ namespace }) => namespace !== home);

    const namespaces = [
      ...(apart ? [createNamespace(this, home, "baseline")] : []),
      ...runtimes.map(({ namespace, podSecurity }) => createNamespace(this, namespace, podSecurity)),
    ];
    for (const { namespace, quota, limits } of runtimes) {
      const options = { parent: this, dependsOn: namespaces };
      if (quota !== undefined) {
        new k8s.core.v1.ResourceQuota(`${name}-quota-${namespace}`, quotaResource(namespace, quota), options);
      }
      if (limits !== undefined) {
        new k8s.core.v1.LimitRange(`${name}-limits-${namespace}`, limitsResource(namespace, limits), options);
      }
    }
    this.names = pulumi.all(namespaces.map((namespace) => namespace.metadata.name));

    this.registerOutputs({ names: this.names });

    function createNamespace(
      parent: pulumi.Resource,
      namespace: string,
      podSecurity: Parameters<typeof namespaceLabels>[0],
    ): k8s.core.v1.Namespace {
      const metadata = { name: namespace, labels: { ...namespaceLabels(podSecurity, how), ...mesh } };
      return new k8s.core.v1.Namespace(`${name}-${namespace}`, { metadata }, { parent, protect });
    }
  }
}
