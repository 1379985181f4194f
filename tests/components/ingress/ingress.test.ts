/** The way in: what Traefik and Istio are given, and who may call. */
import { Ingress, ingressObjects } from "../../../components/ingress/ingress";
import { matchRule } from "../../../components/ingress/traefik";
import { policyContext } from "../../../components/network-policies/context";
import { edgeStack } from "../../support/edge-stack";
import { recordComponent } from "../../support/record";

type Raw = Record<string, unknown>;

const RUNTIMES = {
  host: "models.example.com",
  tenants: [{ namespace: "fraud-ml", host: "fraud.example.com" }, { namespace: "risk-ml" }],
};

const rendered = (ingress: Raw, seldon: Raw = {}) =>
  ingressObjects(edgeStack({ ingress, seldon: { ...RUNTIMES, ...seldon } }));
const named = (ingress: Raw, seldon: Raw = {}) =>
  rendered(ingress, seldon).objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
const specOf = (kind: string, ingress: Raw, seldon: Raw = {}) =>
  rendered(ingress, seldon).objects.find((object) => object.kind === kind)?.spec;

describe("Traefik", () => {
  const traefik = { provider: "traefik" };

  test("leads each host to the Envoy of its runtime, as HTTP/2; a runtime without a host gets none", () => {
    expect(named(traefik)).toEqual(["IngressRoute models/seldon", "IngressRoute fraud-ml/seldon"]);
    expect(specOf("IngressRoute", traefik)).toEqual({
      entryPoints: ["web"],
      routes: [
        {
          kind: "Rule",
          match:
            "Host(`models.example.com`) && (PathPrefix(`/v2/models/`) || PathPrefix(`/v2/pipelines/`) || PathPrefix(`/inference.GRPCInferenceService/`))",
          services: [{ name: "seldon-mesh", port: 80, scheme: "h2c" }],
        },
      ],
    });
  });

  test.each<[string, Raw, string]>([
    ["one path", { paths: ["/v2/models/"] }, "Host(`h`) && PathPrefix(`/v2/models/`)"],
    [
      "named models",
      { paths: ["/v2/"], models: ["iris", "fraud.pipeline"] },
      "Host(`h`) && PathPrefix(`/v2/`) && (Header(`seldon-model`, `iris`) || Header(`seldon-model`, `fraud.pipeline`))",
    ],
    [
      "one model",
      { paths: ["/v2/"], models: ["iris"] },
      "Host(`h`) && PathPrefix(`/v2/`) && Header(`seldon-model`, `iris`)",
    ],
  ])("lets in %s", (_, ingress, expected) => {
    expect(matchRule(edgeStack({ ingress }), { namespace: "models", host: "h" })).toBe(expected);
  });

  test("serves TLS by a Certificate, and turns plain HTTP away to it", () => {
    const secured = { ...traefik, tls: { issuer: { name: "letsencrypt" } } };
    expect(named(secured).slice(0, 4)).toEqual([
      "TLSOption models/seldon",
      "IngressRoute models/seldon",
      "Middleware models/seldon-redirect",
      "IngressRoute models/seldon-redirect",
    ]);
    expect(specOf("IngressRoute", secured)).toMatchObject({
      entryPoints: ["websecure"],
      tls: { secretName: "seldon-ingress-tls", options: { name: "seldon", namespace: "models" } },
    });
    expect(rendered(secured).certificates).toMatchObject(
      [
        ["models", "models.example.com"],
        ["fraud-ml", "fraud.example.com"],
      ].map(([namespace, host]) => ({
        metadata: { namespace },
        spec: {
          secretName: "seldon-ingress-tls",
          dnsNames: [host],
          usages: ["digital signature", "server auth"],
          issuerRef: { name: "letsencrypt", kind: "ClusterIssuer", group: "cert-manager.io" },
        },
      })),
    );
  });

  test("refuses plain HTTP, and takes a Secret that exists, when told so", () => {
    const secured = { ...traefik, tls: { from: "secret", secretName: "ours", plainHttp: "refuse" } };
    expect(named(secured).filter((name) => name.includes("models/"))).toEqual([
      "TLSOption models/seldon",
      "IngressRoute models/seldon",
    ]);
    expect(rendered(secured).certificates).toEqual([]);
  });

  test("checks Envoy's certificate under data-plane TLS", () => {
    const tls = { tls: { dataPlane: true } };
    expect(specOf("ServersTransport", traefik, tls)).toEqual({
      serverName: "seldon-mesh.models.svc",
      rootCAsSecrets: ["seldon-downstream-server"],
    });
    expect(specOf("IngressRoute", traefik, tls)).toMatchObject({
      routes: [{ services: [{ scheme: "https", serversTransport: "seldon" }] }],
    });
  });
});

describe("Istio", () => {
  const istio = { provider: "istio" };

  test("opens a Gateway a host beside the gateway's pods, and routes beside the runtimes", () => {
    expect(named(istio)).toEqual([
      "Gateway istio-system/seldon-models",
      "DestinationRule models/seldon",
      "VirtualService models/seldon",
      "Gateway istio-system/seldon-fraud-ml",
      "DestinationRule fraud-ml/seldon",
      "VirtualService fraud-ml/seldon",
    ]);
    expect(specOf("Gateway", istio)).toEqual({
      selector: { istio: "ingressgateway" },
      servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["models/models.example.com"] }],
    });
    expect(specOf("VirtualService", { ...istio, paths: ["/v2/models/"], models: ["iris", "wine"] })).toEqual({
      hosts: ["models.example.com"],
      gateways: ["istio-system/seldon-models"],
      http: [
        {
          name: "inference",
          match: ["iris", "wine"].map((exact) => ({
            uri: { prefix: "/v2/models/" },
            headers: { "seldon-model": { exact } },
          })),
          route: [{ destination: { host: "seldon-mesh.models.svc.cluster.local", port: { number: 80 } } }],
        },
      ],
    });
    expect(specOf("DestinationRule", istio)).toMatchObject({
      trafficPolicy: { connectionPool: { http: { useClientProtocol: true } }, tls: { mode: "DISABLE" } },
    });
  });

  test("serves TLS by a Secret beside its pods, one a runtime", () => {
    const secured = { ...istio, tls: {} };
    expect(specOf("Gateway", secured)).toMatchObject({
      servers: [
        { port: { number: 443 }, tls: { mode: "SIMPLE", credentialName: "seldon-ingress-tls-models" } },
        { port: { number: 80 }, tls: { httpsRedirect: true } },
      ],
    });
    expect(rendered(secured).certificates.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      "istio-system/seldon-ingress-tls-models",
      "istio-system/seldon-ingress-tls-fraud-ml",
    ]);
  });

  test("checks Envoy's certificate under data-plane TLS, by an authority beside its pods", () => {
    const tls = { tls: { dataPlane: true } };
    expect(specOf("DestinationRule", istio, tls)).toMatchObject({
      trafficPolicy: {
        tls: { mode: "SIMPLE", credentialName: "seldon-mesh-ca", sni: "seldon-mesh.models.svc.cluster.local" },
      },
    });
    const [authority] = rendered(istio, tls).certificates;
    expect([authority?.metadata.namespace, authority?.spec.secretName]).toEqual(["istio-system", "seldon-mesh-ca"]);
  });
});

describe("clients that the policies admit", () => {
  const TRAEFIK = { namespace: "kube-system", podLabels: { "app.kubernetes.io/name": "traefik" } };
  test.each<[string, Raw, Raw]>([
    ["K3s' Traefik", { provider: "traefik" }, TRAEFIK],
    ["K3s' Traefik too without a route of the stack's own", {}, TRAEFIK],
    [
      "Istio's gateway, where it is said to be",
      { provider: "istio", istio: { namespace: "edge", selector: { app: "gateway" } } },
      { namespace: "edge", podLabels: { app: "gateway" } },
    ],
  ])("%s", (_, ingress, client) => {
    expect(policyContext(edgeStack({ ingress })).clients).toEqual([client]);
  });
});

describe("the component", () => {
  const record = (ingress: Raw) =>
    recordComponent(() => new Ingress("ingress", edgeStack({ ingress, seldon: RUNTIMES })));

  test("declares certificates before the routes that need them", async () => {
    const recording = await record({ provider: "istio", tls: {} });
    const gateway = recording.named("ingress-gateway-istio-system-seldon-models");
    const certificate = recording.named("ingress-istio-system-seldon-ingress-tls-models");
    expect(recording.isAfter(gateway, certificate)).toBe(true);
  });

  test("declares nothing without a provider", async () => {
    expect((await record({ provider: "none" })).resources.map(({ name }) => name)).toEqual(["ingress"]);
  });
});
