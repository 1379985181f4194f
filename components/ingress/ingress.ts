import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../../config/schema";
import { token } from "../component";
import { certificateName } from "../tls/certificates";
import type { CertificateResource } from "../tls/objects";
import { istioObjects, meshAuthority } from "./istio";
import { hostCertificates, type IngressConfig, type IngressResource, routesOf } from "./routes";
import { traefikObjects } from "./traefik";

/** Arguments of {@link Ingress}: the sections of the configuration that decide what leads where. */
export type IngressArgs = IngressConfig;

/** What a provider is given. */
interface Rendered {
  readonly objects: readonly IngressResource[];
  readonly certificates: readonly CertificateResource[];
}

const PROVIDERS: Readonly<Record<StackConfig["ingress"]["provider"], (config: IngressConfig) => Rendered>> = {
  none: () => ({ objects: [], certificates: [] }),
  traefik: (config) => ({ objects: traefikObjects(config), certificates: hostCertificates(config) }),
  istio: (config) => ({
    objects: istioObjects(config),
    certificates: [...meshAuthority(config), ...hostCertificates(config)],
  }),
};

/** Everything that the way in consists of. Pure. */
export const ingressObjects = (config: IngressConfig): Rendered => PROVIDERS[config.ingress.provider](config);

/**
 * The way in from outside: one host name a runtime, REST and gRPC, by the ingress controller that the cluster has. What is
 * declared here configures it and runs nothing. The runtimes may come later: until then callers get 503.
 */
export class Ingress extends pulumi.ComponentResource {
  /** Host names that lead to a runtime; empty without a provider. */
  public readonly hosts: readonly string[];

  constructor(name: string, args: IngressArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("Ingress"), name, args, opts);
    const { objects, certificates } = ingressObjects(args);
    this.hosts = args.ingress.provider === "none" ? [] : routesOf(args).map(({ host }) => host);

    const created = certificates.map(
      (one) => new k8s.apiextensions.CustomResource(certificateName(name, one), one, { parent: this }),
    );
    for (const object of objects) {
      const { namespace, name: own } = object.metadata;
      const suffix = `${object.kind.toLowerCase()}-${namespace}-${own}`;
      // A route without its certificate would be served with the controller's own.
      void new k8s.apiextensions.CustomResource(`${name}-${suffix}`, object, { parent: this, dependsOn: created });
    }

    this.registerOutputs({ hosts: this.hosts });
  }
}
