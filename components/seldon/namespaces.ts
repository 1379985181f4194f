import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labels, token } from "../component";

/** Arguments of {@link SeldonNamespaces}. */
export interface SeldonNamespacesArgs {
  /** The namespaces, the operator's first: `seldonNamespaces(config)`. */
  readonly namespaces: readonly string[];
  /** Refuse to delete them. A namespace takes every Model, Secret and volume claim with it. */
  readonly protect: boolean;
}

/**
 * The namespaces that Seldon Core runs in. They are a component of their own because the network policies come before
 * the workloads, and both need the namespaces.
 */
export class SeldonNamespaces extends pulumi.ComponentResource {
  /** Names of the namespaces, the operator's first. Known once the namespaces exist. */
  public readonly names: pulumi.Output<string[]>;

  constructor(name: string, args: SeldonNamespacesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("SeldonNamespaces"), name, args, opts);

    const namespaces = args.namespaces.map(
      (namespace) =>
        new k8s.core.v1.Namespace(
          `${name}-${namespace}`,
          { metadata: { name: namespace, labels: labels() } },
          { parent: this, protect: args.protect },
        ),
    );
    this.names = pulumi.all(namespaces.map((namespace) => namespace.metadata.name));

    this.registerOutputs({ names: this.names });
  }
}
