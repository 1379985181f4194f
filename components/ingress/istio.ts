/**
 * Routes for an Istio ingress gateway that the platform has (`networking.istio.io/v1`). The Gateways live beside its pods,
 * because it reads certificates there; the rest beside the runtimes.
 *
 * Seldon's own pods stay without sidecars (`istio-injection: disabled` on their namespaces): a sidecar would take the
 * ports over that the policies name, and Seldon has TLS of its own.
 */
import { MESH_SERVICE_PORT } from "../network-policies/ports";
import { certificate, type CertificateResource } from "../tls/objects";
import { issuerOf } from "../../config/tls";
import {
  type IngressConfig,
  type IngressResource,
  MESH_SERVICE,
  MODEL_HEADER,
  resource,
  type Route,
  routesOf,
  secretOf,
} from "./routes";

const API = "networking.istio.io/v1";
const GATEWAY = [API, "Gateway"] as const;
const VIRTUAL_SERVICE = [API, "VirtualService"] as const;
const DESTINATION_RULE = [API, "DestinationRule"] as const;

const NAME = "seldon";

/** Label that keeps Istio from adding its sidecar to the pods of a namespace. */
export const NO_SIDECARS: Readonly<Record<string, string>> = { "istio-injection": "disabled" };

/** Secret beside the gateway with the authority of Envoy's certificate, under data-plane TLS. */
const MESH_CA = "seldon-mesh-ca";

const serviceHost = ({ network }: IngressConfig, { namespace }: Route): string =>
  `${MESH_SERVICE}.${namespace}.svc.${network.clusterDomain}`;

const gatewayName = ({ namespace }: Route): string => `${NAME}-${namespace}`;

function gateway(config: IngressConfig, route: Route): IngressResource {
  const { ingress } = config;
  const hosts = [`${route.namespace}/${route.host}`];
  const http = { number: 80, name: "http", protocol: "HTTP" };
  const servers =
    ingress.tls === undefined
      ? [{ port: http, hosts }]
      : [
          {
            port: { number: 443, name: "https", protocol: "HTTPS" },
            hosts,
            tls: { mode: "SIMPLE", credentialName: secretOf(config, route).name, minProtocolVersion: "TLSV1_2" },
          },
          ...(ingress.tls.plainHttp === "redirect" ? [{ port: http, hosts, tls: { httpsRedirect: true } }] : []),
        ];
  return resource(GATEWAY, ingress.istio.namespace, gatewayName(route), { selector: ingress.istio.selector, servers });
}

/** One match for every path and model: Istio takes a request that any of them fits. */
function matches({ ingress }: IngressConfig) {
  const headers = ingress.models.map((model) => ({ headers: { [MODEL_HEADER]: { exact: model } } }));
  return ingress.paths.flatMap((prefix) =>
    (headers.length === 0 ? [{}] : headers).map((header) => ({ uri: { prefix }, ...header })),
  );
}

function virtualService(config: IngressConfig, route: Route): IngressResource {
  const destination = { host: serviceHost(config, route), port: { number: MESH_SERVICE_PORT } };
  return resource(VIRTUAL_SERVICE, route.namespace, NAME, {
    hosts: [route.host],
    gateways: [`${config.ingress.istio.namespace}/${gatewayName(route)}`],
    http: [{ name: "inference", match: matches(config), route: [{ destination }] }],
  });
}

/** HTTP/1.1 stays HTTP/1.1 and gRPC stays HTTP/2: Envoy takes both on one port, whose name tells Istio neither. */
function destinationRule(config: IngressConfig, route: Route): IngressResource {
  const host = serviceHost(config, route);
  const tls = config.seldon.tls.dataPlane
    ? { tls: { mode: "SIMPLE", credentialName: MESH_CA, sni: host, subjectAltNames: [host] } }
    : { tls: { mode: "DISABLE" } };
  return resource(DESTINATION_RULE, route.namespace, NAME, {
    host,
    // Only gateways have the credential, and only they call: other namespaces never see the rule.
    exportTo: [".", config.ingress.istio.namespace],
    trafficPolicy: { connectionPool: { http: { useClientProtocol: true } }, ...tls },
  });
}

/** Everything that the gateway needs. Pure. */
export const istioObjects = (config: IngressConfig): IngressResource[] =>
  routesOf(config).flatMap((route) => [
    gateway(config, route),
    destinationRule(config, route),
    virtualService(config, route),
  ]);

/** A certificate beside the gateway, for the sake of its `ca.crt`; none without data-plane TLS. */
export function meshAuthority(config: IngressConfig): CertificateResource[] {
  const { seldon, ingress, network } = config;
  if (!seldon.tls.dataPlane) return [];
  const { namespace } = ingress.istio;
  return [
    certificate({
      name: MESH_CA,
      namespace,
      dnsNames: [`seldon-ingress.${namespace}.svc.${network.clusterDomain}`],
      usages: ["digital signature", "client auth"],
      issuer: issuerOf(config),
      lifetime: seldon.tls,
    }),
  ];
}
