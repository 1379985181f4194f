import * as k8s from "@pulumi/kubernetes";
import type { types } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { token } from "../component";
import { type ObservabilityObject, renderObservability } from "./render";
import type { ObservabilityConfig } from "./targets";

/** Arguments of {@link Observability}: the sections of the configuration that decide what is watched, and how. */
export interface ObservabilityArgs {
  /** How Prometheus finds its targets; alerts and dashboards. */
  readonly observability: ObservabilityConfig["observability"];
  /** Namespace of Prometheus. It exists: whoever runs Prometheus made it. */
  readonly policies: ObservabilityConfig["policies"];
  /** Namespaces, servers and profile. */
  readonly seldon: ObservabilityConfig["seldon"];
  /** Version and metrics ports. */
  readonly calico: ObservabilityConfig["calico"];
  /** Whether Calico is here to stay. */
  readonly cni: ObservabilityConfig["cni"];
}

/**
 * What a Prometheus and a Grafana of somebody else need to watch the stack: monitors or annotated Services, alert rules,
 * dashboards, and the exceptions that their scrapes need. It brings neither of the two, and declares nothing in mode
 * `none`.
 *
 * Construct it after Calico and the namespaces: some objects stand in namespaces that these make, and Goldmane is taken
 * away while the Tigera operator lives.
 */
export class Observability extends pulumi.ComponentResource {
  /** What was declared, as `<kind> <namespace>/<name>`. */
  public readonly names: pulumi.Output<string[]>;

  constructor(name: string, args: ObservabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("Observability"), name, args, opts);
    const objects = renderObservability(args);
    for (const object of objects) declare(`${name}-${suffixOf(object)}`, object, { parent: this });
    this.names = pulumi.output(objects.map(nameOf));
    this.registerOutputs({ names: this.names });
  }
}

const namespaceOf = ({ metadata }: ObservabilityObject): string | undefined =>
  "namespace" in metadata ? metadata.namespace : undefined;

const nameOf = (object: ObservabilityObject): string =>
  [object.kind, [namespaceOf(object), object.metadata.name].filter((part) => part !== undefined).join("/")].join(" ");

/** Kind, namespace and name, as part of a resource's name. */
const suffixOf = (object: ObservabilityObject): string =>
  [object.kind.toLowerCase(), namespaceOf(object), object.metadata.name].filter((part) => part !== undefined).join("-");

/** The provider's types know no `readonly`, so the rendered objects are handed over under its own types. */
function declare(name: string, object: ObservabilityObject, opts: pulumi.CustomResourceOptions): pulumi.Resource {
  if (object.kind === "Service") {
    const spec = object.spec as unknown as types.input.core.v1.ServiceSpec;
    return new k8s.core.v1.Service(name, { metadata: object.metadata, spec }, opts);
  }
  if (object.kind === "ConfigMap") {
    return new k8s.core.v1.ConfigMap(name, { metadata: object.metadata, data: object.data }, opts);
  }
  return new k8s.apiextensions.CustomResource(name, object, opts);
}
