import { policyContext, portsOf } from "../../../components/network-policies/context";
import type { PolicyContext } from "../../../components/network-policies/context";
import { flowById } from "../../../components/network-policies/flows";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";

describe("what a configuration means for the policies", () => {
  test("by default: one namespace, clients only, storage by 443", () => {
    const context = policyContext(seldonStack());
    expect(context).toMatchObject({
      operatorNamespace: "financial-ml",
      namespaces: ["financial-ml"],
      reserved: ["10.42.0.0/16", "10.43.0.0/16", "192.0.2.0/24"],
      storageCidrs: ["0.0.0.0/0"],
      ports: { storage: [443], kafka: [], collector: [], schemaRegistry: [] },
      kafka: { cidrs: [] },
      collector: { cidrs: [] },
    });
    expect([...context.conditions]).toEqual(["clients"]);
    expect(context.monitoringNamespace).toBeUndefined();
  });

  test.each([
    [
      "pipelines",
      { seldon: { profile: "pipelines", kafka: { bootstrap: "k:9092", protocol: "PLAINTEXT" } } },
      ["pipelines", "clients"],
    ],
    ["Kafka with a password", { seldon: PIPELINES }, ["pipelines", "clients", "componentSecrets"]],
    ["Kafka settings that the profile does not use", { seldon: { ...PIPELINES, profile: "models" } }, ["clients"]],
    ["no clients", { policies: { clients: [] } }, []],
    ["monitoring", { policies: { monitoringNamespace: "monitoring" } }, ["clients", "monitoring"]],
    ["tracing", { seldon: { tracing: { endpoint: "otel:4317" } } }, ["clients", "tracing"]],
    ["triton", { seldon: { servers: [{ name: "t", config: "triton" }] } }, ["clients", "triton"]],
  ])("%s switches its conditions on", (_, sections, conditions) => {
    expect([...policyContext(seldonStack(sections)).conditions]).toEqual(conditions);
  });

  test.each([
    ["a namespace", { bootstrap: "b.kafka:9093", namespace: "kafka" }, { namespace: "kafka", cidrs: [] }, 9093],
    ["ranges", { bootstrap: "b.example.com:9094", cidrs: ["198.51.100.0/24"] }, { cidrs: ["198.51.100.0/24"] }, 9094],
    ["an address as bootstrap", { bootstrap: "198.51.100.7:9092" }, { cidrs: ["198.51.100.7/32"] }, 9092],
    ["a name alone, which no policy can express", { bootstrap: "b.example.com:9092" }, { cidrs: [] }, 9092],
  ])("Kafka by %s", (_, kafka, destination, port) => {
    const context = policyContext(seldonStack({ seldon: { profile: "pipelines", kafka } }));
    expect(context.kafka).toEqual(destination);
    expect(context.ports.kafka).toEqual([port]);
  });

  test.each([
    [
      "a namespace",
      { endpoint: "otel.observability:4317", namespace: "observability" },
      { namespace: "observability", cidrs: [] },
    ],
    ["an address", { endpoint: "198.51.100.8:4317" }, { cidrs: ["198.51.100.8/32"] }],
  ])("the collector by %s", (_, tracing, destination) => {
    const context = policyContext(seldonStack({ seldon: { tracing } }));
    expect(context.collector).toEqual(destination);
    expect(context.ports.collector).toEqual([4317]);
  });
});

describe("ports of a row", () => {
  const plain = policyContext(seldonStack());
  const tls: PolicyContext = { ...plain, conditions: new Set(["controlPlaneTls"]) };

  test.each([
    ["operator-to-scheduler", [9004], [9044]],
    ["server-to-scheduler", [9005], [9055]],
    // TLS for xDS and pipelines uses the same ports or does not exist.
    ["envoy-to-scheduler", [9002], [9002]],
    ["dataflow-to-scheduler", [9008], [9008]],
  ] as const)("%s: %j, and %j under control-plane TLS", (id, plaintextPorts, tlsPorts) => {
    expect(portsOf(flowById(id), plain)).toEqual(plaintextPorts);
    expect(portsOf(flowById(id), tls)).toEqual(tlsPorts);
  });
});
