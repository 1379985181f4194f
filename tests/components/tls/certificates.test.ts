/** Certificates: which, for whom, by whom, and what waits for them. */
import { Certificates } from "../../../components/tls/certificates";
import { ownAuthority } from "../../../components/tls/objects";
import { seldonCertificates, tlsValues } from "../../../components/tls/seldon-certificates";
import { subjectOf } from "../../../checks/subject";
import { edgeStack, STRIMZI } from "../../support/edge-stack";
import { recordComponent } from "../../support/record";

type Raw = Record<string, unknown>;

const named = (seldon: Raw) =>
  seldonCertificates(edgeStack({ seldon })).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

const record = (seldon: Raw = {}, ingress: Raw = {}) => {
  const config = edgeStack({ seldon, ingress });
  const args = { ...config, subject: subjectOf("test", config), protect: true };
  return recordComponent(() => new Certificates("c", args));
};

describe("certificates of Seldon's components", () => {
  test.each<[string, Raw, string[]]>([
    ["none while TLS is off", {}, []],
    [
      "the control plane's two",
      { tls: { controlPlane: true } },
      ["models/seldon-controlplane-server", "models/seldon-controlplane-client"],
    ],
    [
      "the control plane's too for the data plane alone, because Envoy takes its configuration with them",
      { tls: { dataPlane: true } },
      [
        "models/seldon-controlplane-server",
        "models/seldon-controlplane-client",
        "models/seldon-upstream-server",
        "models/seldon-upstream-client",
        "models/seldon-downstream-server",
      ],
    ],
    [
      "in every runtime's namespace, and in the operator's own",
      { tls: { controlPlane: true }, operatorNamespace: "seldon-system", tenants: [{ namespace: "fraud-ml" }] },
      [
        "seldon-system/seldon-controlplane-server",
        "seldon-system/seldon-controlplane-client",
        "models/seldon-controlplane-server",
        "models/seldon-controlplane-client",
        "fraud-ml/seldon-controlplane-server",
        "fraud-ml/seldon-controlplane-client",
      ],
    ],
  ])("%s", (_, seldon, expected) => expect(named(seldon)).toEqual(expected));

  test("name what is dialled, in each form, and serve both ways", () => {
    const all = seldonCertificates(edgeStack({ seldon: { tls: { dataPlane: true } } }));
    const names = Object.fromEntries(all.map(({ metadata, spec }) => [metadata.name, spec.dnsNames]));
    expect(names["seldon-controlplane-server"]).toEqual([
      "seldon-scheduler",
      "seldon-scheduler.models",
      "seldon-scheduler.models.svc",
      "seldon-scheduler.models.svc.cluster.local",
      "localhost",
    ]);
    // Not the namespace's own name, as upstream has it: gateways dial seldon-mesh.
    expect(names["seldon-downstream-server"]).toEqual([
      "seldon-mesh",
      "seldon-mesh.models",
      "seldon-mesh.models.svc",
      "seldon-mesh.models.svc.cluster.local",
      "localhost",
    ]);
    for (const { metadata, spec } of all) {
      expect(spec).toMatchObject({
        secretName: metadata.name,
        usages: ["digital signature", "server auth", "client auth"],
        duration: "2160h",
        renewBefore: "720h",
        privateKey: { rotationPolicy: "Always" },
        issuerRef: { name: "seldon-ca", kind: "ClusterIssuer", group: "cert-manager.io" },
      });
    }
  });

  test("are signed by the issuer that is named, for as long as is said", () => {
    const issuer = { name: "vault", kind: "VaultClusterIssuer", group: "example.com" };
    const [first] = seldonCertificates(
      edgeStack({ seldon: { tls: { controlPlane: true, issuer, duration: "48h", renewBefore: "12h" } } }),
    );
    expect(first?.spec).toMatchObject({ issuerRef: issuer, duration: "48h", renewBefore: "12h" });
  });
});

test.each([
  [{}, {}],
  [{ controlPlane: true }, { controlplane: { protocol: "SSL" } }],
  [{ dataPlane: true }, { envoy: { protocol: "SSL" } }],
  [
    { controlPlane: true, dataPlane: true },
    { controlplane: { protocol: "SSL" }, envoy: { protocol: "SSL" } },
  ],
])("chart values for %j", (tls, expected) =>
  expect(tlsValues(edgeStack({ seldon: { tls } }).seldon)).toEqual(expected),
);

test("the stack's own authority keeps its key in cert-manager's namespace and signs for all", () => {
  const { tls } = edgeStack({ seldon: { tls: { certManager: { namespace: "pki" } } } }).seldon;
  const [root, authority, issuer] = ownAuthority(tls);
  expect(root.spec).toEqual({ selfSigned: {} });
  expect(authority.metadata.namespace).toBe("pki");
  expect(authority.spec).toMatchObject({
    isCA: true,
    issuerRef: { name: root.metadata.name },
    privateKey: { rotationPolicy: "Never" },
  });
  expect(issuer.spec).toEqual({ ca: { secretName: authority.spec.secretName } });
});

describe("the component", () => {
  const types = (recording: Awaited<ReturnType<typeof record>>) =>
    recording.resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);

  test("declares authority, certificates and the gate behind them, in that order", async () => {
    const recording = await record({ tls: { controlPlane: true } });
    expect(types(recording).sort()).toEqual([
      "Certificate c-authority",
      "Certificate c-models-seldon-controlplane-client",
      "Certificate c-models-seldon-controlplane-server",
      "Certificates c",
      "ClusterIssuer c-issuer",
      "ClusterIssuer c-self-signed",
      "Command c-ready",
    ]);
    const gate = recording.named("c-ready");
    expect(gate.inputs["create"]).toBe("node tools/run.mjs gate objects-ready");
    expect(JSON.parse(String(gate.inputs["stdin"]))).toMatchObject({
      awaited: [
        { resource: "certificates.v1.cert-manager.io", namespace: "models", name: "seldon-controlplane-server" },
        { resource: "certificates.v1.cert-manager.io", namespace: "models", name: "seldon-controlplane-client" },
      ],
    });
    const order = ["c-self-signed", "c-authority", "c-issuer", "c-models-seldon-controlplane-server", "c-ready"];
    for (const [index, name] of order.slice(1).entries()) {
      expect(recording.isAfter(recording.named(name), recording.named(order[index] ?? ""))).toBe(true);
    }
  });

  test("installs cert-manager first, protected, with definitions that stay", async () => {
    const recording = await record({ tls: { dataPlane: true, certManager: { install: true } } });
    const release = recording.named("c-cert-manager");
    expect(release.inputs).toMatchObject({
      chart: "./charts/cert-manager-1.21.2",
      namespace: "cert-manager",
      values: { crds: { enabled: true, keep: true } },
    });
    expect([release.options.protect, recording.named("c-namespace").options.protect]).toEqual([true, true]);
    expect(recording.isAfter(recording.named("c-self-signed"), release)).toBe(true);
  });

  test("has no authority of its own where an issuer is named", async () => {
    const recording = await record({ tls: { controlPlane: true, issuer: { name: "platform-ca" } } });
    expect(recording.ofType("ClusterIssuer")).toEqual([]);
    expect(recording.ofType("Certificate")).toHaveLength(2);
  });

  test("declares the authority alone where only Kafka or the ingress ask for it", async () => {
    expect(types(await record(STRIMZI))).toHaveLength(4);
    const host = { host: "models.example.com" };
    expect(types(await record(host, { provider: "traefik", tls: {} }))).toHaveLength(4);
    const issuer = { name: "letsencrypt" };
    expect(types(await record(host, { provider: "traefik", tls: { issuer } }))).toEqual(["Certificates c"]);
  });
});
