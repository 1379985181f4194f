/** What leads where, whichever provider brings it: one route a runtime with a host name. Pure. */
import { runtimesOf } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { ingressIssuer } from "../../config/tls";
import { labels } from "../component";
import { certificate, type CertificateResource, SERVER_ONLY } from "../tls/objects";

export type IngressConfig = Pick<StackConfig, "seldon" | "ingress" | "network">;

/** Service of a runtime's Envoy, and the Secret whose `ca.crt` its certificate is checked against under data-plane TLS. */
export const MESH_SERVICE = "seldon-mesh";
export const MESH_CA_SECRET = "seldon-downstream-server";

/** Header by which Envoy finds the model; the path says it where the header is absent (v2.10.2, `createHeaderFilter`). */
export const MODEL_HEADER = "seldon-model";

/** A host name and the runtime behind it. */
export interface Route {
  readonly namespace: string;
  readonly host: string;
}

/** Routes in the order of the runtimes; a runtime without a host name is reached from inside the cluster only. */
export const routesOf = (config: Pick<StackConfig, "seldon">): Route[] =>
  runtimesOf(config).flatMap(({ namespace, host }) => (host === undefined ? [] : [{ namespace, host }]));

/** A custom resource of an ingress provider. */
export interface IngressResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly spec: object;
}

/** One of them, with the labels that all have. */
export const resource = (
  [apiVersion, kind]: readonly [apiVersion: string, kind: string],
  namespace: string,
  name: string,
  spec: object,
): IngressResource => ({ apiVersion, kind, metadata: { name, namespace, labels: labels() }, spec });

/** Where the Secret of a route's certificate is, by provider: Traefik reads it beside the route, Istio beside the gateway. */
export function secretOf({ ingress }: Pick<StackConfig, "ingress">, { namespace }: Route) {
  const secretName = ingress.tls?.secretName ?? "";
  return ingress.provider === "istio"
    ? { namespace: ingress.istio.namespace, name: `${secretName}-${namespace}` }
    : { namespace, name: secretName };
}

/** Certificates for the host names; none where the Secrets exist already. */
export function hostCertificates(config: IngressConfig): CertificateResource[] {
  const issuer = ingressIssuer(config);
  if (issuer === undefined) return [];
  return routesOf(config).map((route) => {
    const { name, namespace } = secretOf(config, route);
    const shared = { name, namespace, usages: SERVER_ONLY, issuer, lifetime: config.seldon.tls };
    return certificate({ ...shared, dnsNames: [route.host] });
  });
}
