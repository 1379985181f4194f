import { SELDON_VERSIONS } from "../../../config/compatibility";
import { kafkaSecret, smokeModelResource } from "../../../components/seldon/resources";
import { crdSchema, describeWithUpstream, violations } from "../../support/crd-schema";
import { seldonStack } from "../../support/seldon-stack";

const LABELS = { "app.kubernetes.io/managed-by": "seldon-k3s" };

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

  test.each(SELDON_VERSIONS)("Model, %s", (version) => {
    const model = smokeModelResource("a", seldonStack().seldon.smokeModel);
    expect(violations(schema(version, "Model"), model)).toEqual([]);
    const wrong = { ...model, spec: { ...model.spec, storageUrl: "gs://x" } };
    expect(violations(schema(version, "Model"), wrong)).toEqual(["spec.storageUrl: field not declared in schema"]);
  });
});
