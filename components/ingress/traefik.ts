/**
 * Routes for the Traefik that K3s deploys (`traefik.io/v1alpha1`). Each lives beside the runtime that it leads to, so that
 * Traefik needs no leave to look across namespaces, which K3s' does not have.
 */
import { MESH_SERVICE_PORT } from "../network-policies/ports";
import {
  type IngressConfig,
  type IngressResource,
  MESH_CA_SECRET,
  MESH_SERVICE,
  MODEL_HEADER,
  resource,
  type Route,
  routesOf,
  secretOf,
} from "./routes";

const API = "traefik.io/v1alpha1";
const INGRESS_ROUTE = [API, "IngressRoute"] as const;
const MIDDLEWARE = [API, "Middleware"] as const;
const TLS_OPTION = [API, "TLSOption"] as const;
const SERVERS_TRANSPORT = [API, "ServersTransport"] as const;

const NAME = "seldon";
const REDIRECT = "seldon-redirect";

const anyOf = (rules: readonly string[]): string => (rules.length === 1 ? (rules[0] ?? "") : `(${rules.join(" || ")})`);

/** Traefik's rule for what is let in (syntax of Traefik 3). */
export function matchRule({ ingress }: Pick<IngressConfig, "ingress">, { host }: Route): string {
  const paths = ingress.paths.map((path) => `PathPrefix(\`${path}\`)`);
  const models = ingress.models.map((model) => `Header(\`${MODEL_HEADER}\`, \`${model}\`)`);
  return [`Host(\`${host}\`)`, anyOf(paths), ...(models.length > 0 ? [anyOf(models)] : [])].join(" && ");
}

/**
 * Envoy behind its Service. HTTP/2 for every request, which gRPC needs and REST may have: without TLS only when told so
 * (h2c), with TLS by what both sides offer.
 */
function backend({ seldon }: IngressConfig) {
  const service = { name: MESH_SERVICE, port: MESH_SERVICE_PORT };
  return seldon.tls.dataPlane ? { ...service, scheme: "https", serversTransport: NAME } : { ...service, scheme: "h2c" };
}

/** Objects of one route. */
function objectsOf(config: IngressConfig, route: Route): IngressResource[] {
  const { ingress, seldon } = config;
  const { namespace, host } = route;
  const { http, https } = ingress.traefik;
  const rule = { kind: "Rule", match: matchRule(config, route), services: [backend(config)] };
  const transport = resource(SERVERS_TRANSPORT, namespace, NAME, {
    serverName: `${MESH_SERVICE}.${namespace}.svc`,
    // The newer field `rootCAs` is not in the definitions of Traefik 3.3, which K3s 1.32 deploys.
    rootCAsSecrets: [MESH_CA_SECRET],
  });
  const toEnvoy = seldon.tls.dataPlane ? [transport] : [];
  if (ingress.tls === undefined) {
    return [...toEnvoy, resource(INGRESS_ROUTE, namespace, NAME, { entryPoints: [http], routes: [rule] })];
  }
  const tls = { secretName: secretOf(config, route).name, options: { name: NAME, namespace } };
  const secured = [
    ...toEnvoy,
    resource(TLS_OPTION, namespace, NAME, { minVersion: "VersionTLS12" }),
    resource(INGRESS_ROUTE, namespace, NAME, { entryPoints: [https], routes: [rule], tls }),
  ];
  if (ingress.tls.plainHttp === "refuse") return secured;
  const redirect = {
    kind: "Rule",
    match: `Host(\`${host}\`)`,
    middlewares: [{ name: REDIRECT, namespace }],
    // Never called: the redirect answers first.
    services: [{ kind: "TraefikService", name: "noop@internal" }],
  };
  return [
    ...secured,
    resource(MIDDLEWARE, namespace, REDIRECT, { redirectScheme: { scheme: "https", permanent: true } }),
    resource(INGRESS_ROUTE, namespace, REDIRECT, { entryPoints: [http], routes: [redirect] }),
  ];
}

/** Everything that K3s' Traefik needs. Pure. */
export const traefikObjects = (config: IngressConfig): IngressResource[] =>
  routesOf(config).flatMap((route) => objectsOf(config, route));
