import { SELDON_VERSIONS } from "../../../config/compatibility";
import { kafkaSecret, serverResource, smokeModelResource } from "../../../components/seldon/resources";
import { crdSchema, describeWithUpstream, violations } from "../../support/crd-schema";
import { seldonStack } from "../../support/seldon-stack";

const LABELS = { "app.kubernetes.io/managed-by": "seldon-k3s" };

function serverOf(raw: Record<string, unknown>) {
  const [server] = seldonStack({ seldon: { servers: [raw] } }).seldon.servers;
  if (server === undefined) throw new Error("no server in the fixture");
  return serverResource("a", server);
}

test("a Server takes its ServerConfig's inference container by name and gives it the declared size", () => {
  expect(serverOf({ name: "mlserver" })).toEqual({
    apiVersion: "mlops.seldon.io/v1alpha1",
    kind: "Server",
    metadata: { name: "mlserver", namespace: "a", labels: LABELS },
    spec: {
      serverConfig: "mlserver",
      replicas: 1,
      podSpec: {
        containers: [
          { name: "mlserver", resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { memory: "1Gi" } } },
        ],
      },
    },
  });
});

test("a Server of another configuration, with replicas and capabilities", () => {
  const server = serverOf({
    name: "gpu",
    config: "triton",
    replicas: 0,
    memory: "4Gi",
    cpu: "2",
    capabilities: ["onnx-gpu"],
  });
  expect(server.spec).toEqual({
    serverConfig: "triton",
    replicas: 0,
    extraCapabilities: ["onnx-gpu"],
    podSpec: {
      containers: [{ name: "triton", resources: { requests: { cpu: "2", memory: "4Gi" }, limits: { memory: "4Gi" } } }],
    },
  });
});

test("a Server leaves the bounds of its replicas open, so that the operator accepts any number", () => {
  const spec: object = serverOf({ name: "mlserver", replicas: 7 }).spec;
  expect(Object.keys(spec)).not.toEqual(expect.arrayContaining(["minReplicas"]));
  expect(Object.keys(spec)).not.toEqual(expect.arrayContaining(["maxReplicas"]));
});

test("the smoke Model", () => {
  expect(smokeModelResource("financial-ml", seldonStack().seldon.smokeModel)).toEqual({
    apiVersion: "mlops.seldon.io/v1alpha1",
    kind: "Model",
    metadata: { name: "test-model-simple", namespace: "financial-ml", labels: LABELS },
    spec: {
      storageUri: "gs://seldon-models/scv2/samples/mlserver_1.6.0/iris-sklearn",
      requirements: ["sklearn"],
      memory: "100Ki",
      replicas: 1,
    },
  });
});

test("the Kafka Secret's name and key are those that the chart is told", () => {
  expect(kafkaSecret("a")).toEqual({
    metadata: { name: "seldon-kafka-sasl", namespace: "a", labels: LABELS },
    key: "password",
  });
});

describeWithUpstream("the upstream definitions take what we declare", () => {
  const schema = (version: string, kind: string) =>
    crdSchema(`seldon-core-v${version}`, `${kind.toLowerCase()}s.mlops.seldon.io`, "v1alpha1");
  const full = { name: "gpu", config: "triton", replicas: 3, memory: "4Gi", cpu: "2", capabilities: ["x"] };

  test.each(SELDON_VERSIONS)("Server, %s", (version) => {
    const server = serverOf(full);
    expect(violations(schema(version, "Server"), server)).toEqual([]);
    const wrong = { ...server, spec: { ...server.spec, replicaz: 1 } };
    expect(violations(schema(version, "Server"), wrong)).toEqual(["spec.replicaz: field not declared in schema"]);
  });

  test.each(SELDON_VERSIONS)("Model, %s", (version) => {
    const model = smokeModelResource("a", seldonStack().seldon.smokeModel);
    expect(violations(schema(version, "Model"), model)).toEqual([]);
    const wrong = { ...model, spec: { ...model.spec, storageUrl: "gs://x" } };
    expect(violations(schema(version, "Model"), wrong)).toEqual(["spec.storageUrl: field not declared in schema"]);
  });
});
