import { gateSubject, subjectOf } from "../../../checks/subject";
import { containsSecret } from "../../../inprocess/secrets";
import type { Recording } from "../../support/record";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";
import { declare, expectOrder, type Given, namesOf } from "./support/seldon-core";

describe("component SeldonCore, models profile", () => {
  let recording: Recording;
  beforeAll(async () => {
    recording = await declare();
  });

  test("declares exactly this, all of it under itself", () => {
    const component = recording.one("seldon-k3s:index:SeldonCore", "seldon");
    const children = recording.childrenOf(component);
    expect(recording.resources).toHaveLength(children.length + 1);
    expect(children.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
      "command:local:Command seldon-runtime-ready",
      "command:local:Command seldon-servers-ready",
      "kubernetes:helm.sh/v3:Release seldon-crds",
      "kubernetes:helm.sh/v3:Release seldon-runtime-financial-ml",
      "kubernetes:helm.sh/v3:Release seldon-setup",
      "kubernetes:mlops.seldon.io/v1alpha1:Model seldon-smoke-model",
      "kubernetes:mlops.seldon.io/v1alpha1:Server seldon-server-financial-ml-mlserver",
    ]);
  });

  test("puts everything behind what it needs", () => {
    expectOrder(recording, [
      "seldon-crds",
      "seldon-setup",
      "seldon-runtime-financial-ml",
      "seldon-runtime-ready",
      "seldon-server-financial-ml-mlserver",
      "seldon-servers-ready",
      "seldon-smoke-model",
    ]);
  });

  test("installs the charts from the local folder under fixed names", () => {
    const common = { namespace: "financial-ml", timeout: 600, maxHistory: 5, skipAwait: false, createNamespace: false };
    expect(recording.named("seldon-crds").inputs).toMatchObject({
      ...common,
      name: "seldon-core-v2-crds",
      chart: "./charts/seldon-core-v2-crds-2.10.2",
      values: {},
    });
    expect(recording.named("seldon-setup").inputs).toMatchObject({
      ...common,
      name: "seldon-core-v2-setup",
      chart: "./charts/seldon-core-v2-setup-2.10.2",
      values: {
        services: { defaultServiceType: "ClusterIP" },
        autoscaling: { autoscalingServerEnabled: false },
        serverConfig: { agent: { maxElapsedTimeReadySubServiceAfterStartSeconds: "300" } },
      },
    });
    expect(recording.named("seldon-runtime-financial-ml").inputs).toMatchObject({
      ...common,
      name: "seldon-core-v2-runtime",
      chart: "./charts/seldon-core-v2-runtime-2.10.2",
      values: {
        hodometer: { replicas: 0 },
        dataflow: { replicas: 0 },
        modelgateway: { replicas: 0 },
        pipelinegateway: { replicas: 0 },
        scheduler: { serviceType: "ClusterIP" },
        envoy: { serviceType: "ClusterIP" },
        config: { tracingConfig: { disable: true } },
      },
    });
  });

  test("keeps the definitions when it is deleted, and nothing else", () => {
    expect(recording.named("seldon-crds").options).toMatchObject({ retainOnDelete: true, protect: true });
    const others = recording.resources.filter((resource) => resource.name !== "seldon-crds");
    expect(others.filter(({ options }) => options.retainOnDelete === true || options.protect === true)).toEqual([]);
  });

  test("runs its gates on the subject, in the project folder", () => {
    const subject = subjectOf("test", seldonStack());
    for (const [name, id] of [
      ["seldon-runtime-ready", "seldon-runtime-ready"],
      ["seldon-servers-ready", "servers-ready"],
    ] as const) {
      const { inputs } = recording.named(name);
      expect(inputs["create"]).toBe(`node tools/run.mjs gate ${id}`);
      expect(JSON.parse(inputs["stdin"] as string)).toEqual(gateSubject(id, subject));
      expect(inputs).not.toHaveProperty("dir");
      expect(inputs).not.toHaveProperty("delete");
    }
  });

  test("has no Triton, no Secret, and publishes nothing on the nodes", () => {
    expect(recording.ofType("Secret")).toEqual([]);
    const objects = recording.resources.filter(({ custom }) => custom);
    const everything = JSON.stringify(objects.map(({ inputs }) => inputs));
    for (const absent of ["triton", "LoadBalancer", "NodePort", "kafka"]) expect(everything).not.toContain(absent);
  });
});

describe("component SeldonCore", () => {
  test("leaves the definitions unprotected where the configuration says so, but keeps them", async () => {
    const { options } = (await declare({ protect: false })).named("seldon-crds");
    expect(options.retainOnDelete).toBe(true);
    expect(options.protect ?? false).toBe(false);
  });

  test("leaves the podSpec of Servers alone while they are taken over, and only then", async () => {
    const ignored = async (takeOver?: boolean) => {
      const { resources } = await declare(takeOver === undefined ? {} : { takeOver });
      return resources.flatMap(({ name, options }) => (options.ignoreChanges ? [[name, options.ignoreChanges]] : []));
    };
    expect(await ignored(true)).toEqual([["seldon-server-financial-ml-mlserver", ["spec.podSpec"]]]);
    expect(await ignored(false)).toEqual([]);
    expect(await ignored()).toEqual([]);
  });

  test("installs 2.9.1 from its own folders", async () => {
    const recording = await declare({ seldon: { version: "2.9.1" } });
    expect(
      recording
        .ofType("Release")
        .map(({ inputs }) => inputs["chart"])
        .sort(),
    ).toEqual([
      "./charts/seldon-core-v2-crds-2.9.1",
      "./charts/seldon-core-v2-runtime-2.9.1",
      "./charts/seldon-core-v2-setup-2.9.1",
    ]);
  });

  test("gives every tenant a runtime and Servers behind one gate, and the first namespace the Model", async () => {
    const servers = [{ name: "mlserver" }, { name: "gpu", config: "triton" }];
    const recording = await declare({ seldon: { tenants: [{ namespace: "tenant-a" }], servers } });
    expect(namesOf(recording.ofType("Release"))).toEqual([
      "seldon-crds",
      "seldon-runtime-financial-ml",
      "seldon-runtime-tenant-a",
      "seldon-setup",
    ]);
    expect(namesOf(recording.ofType("Server"))).toEqual([
      "seldon-server-financial-ml-gpu",
      "seldon-server-financial-ml-mlserver",
      "seldon-server-tenant-a-gpu",
      "seldon-server-tenant-a-mlserver",
    ]);
    for (const { name } of recording.ofType("Server")) {
      expectOrder(recording, ["seldon-runtime-tenant-a", "seldon-runtime-ready", name, "seldon-servers-ready"]);
      expectOrder(recording, ["seldon-runtime-financial-ml", "seldon-runtime-ready"]);
    }
    expect(recording.one("Model").inputs).toMatchObject({ metadata: { namespace: "financial-ml" } });
  });

  test("keeps every resource's name when a first tenant comes, so that nothing is replaced", async () => {
    const alone = namesOf((await declare()).resources);
    const together = namesOf((await declare({ seldon: { tenants: [{ namespace: "tenant-a" }] } })).resources);
    expect(together).toEqual(expect.arrayContaining(alone));
  });

  test("runs the gates again when values change, and leaves them alone when not", async () => {
    const triggers = async (seldon: Record<string, unknown>) =>
      (await declare({ seldon })).ofType("Command").map(({ inputs }) => inputs["triggers"]);
    const before = await triggers({});
    expect(await triggers({})).toEqual(before);
    const traced = await triggers({ tracing: { endpoint: "otel:4317" } });
    for (const [index, value] of traced.entries()) expect(value).not.toEqual(before[index]);
  });

  test.each([
    ["the version", { version: "2.9.1" }],
    ["a value", { tracing: { endpoint: "otel:4317" } }],
    ["a Server's size", { servers: [{ name: "mlserver", memory: "2Gi" }] }],
    ["the Model", { smokeModel: { memory: "200Ki" } }],
  ])("has another fingerprint for %s", async (_, seldon) => {
    const fingerprint = async (given: Given) => (await declare(given)).one("SeldonCore").outputs?.["fingerprint"];
    const before = await fingerprint({});
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint({})).toBe(before);
    expect(await fingerprint({ seldon })).not.toBe(before);
  });
});

describe("component SeldonCore, pipelines profile", () => {
  const PASSWORD = "correct horse battery staple";

  test("writes the Kafka password into a Secret a namespace, before the runtime, and nowhere else", async () => {
    const recording = await declare({
      seldon: { ...PIPELINES, tenants: [{ namespace: "tenant-a" }] },
      password: PASSWORD,
    });
    const secrets = recording.ofType("Secret");
    expect(namesOf(secrets)).toEqual(["seldon-kafka-financial-ml", "seldon-kafka-tenant-a"]);
    for (const secret of secrets) {
      expect(secret.inputs["metadata"]).toMatchObject({ name: "seldon-kafka-sasl" });
      expect(containsSecret(secret.inputs["stringData"])).toBe(true);
      expectOrder(recording, [secret.name, "seldon-runtime-tenant-a"]);
    }
    expect(JSON.stringify(recording.resources)).not.toContain(PASSWORD);
    // The component's own arguments hold it too, as a secret.
    const others = recording.resources.filter((resource) => resource.custom && !secrets.includes(resource));
    expect(others.filter(({ inputs }) => containsSecret(inputs))).toEqual([]);
    expect(recording.named("seldon-setup").inputs).toMatchObject({
      values: { security: { kafka: { sasl: { client: { secret: "seldon-kafka-sasl", passwordPath: "password" } } } } },
    });
  });

  test("makes no Secret for brokers in plaintext, even when a password is given", async () => {
    const kafka = { bootstrap: "k:9092", protocol: "PLAINTEXT" };
    const recording = await declare({ seldon: { profile: "pipelines", kafka }, password: PASSWORD });
    expect(recording.ofType("Secret")).toEqual([]);
  });

  test.each([
    ["without Kafka settings", { profile: "pipelines" }, "seldon.profile: got pipelines without seldon.kafka"],
    ["without the password", PIPELINES, "kafkaPassword: got none for seldon.kafka.protocol SASL_SSL"],
  ])("is refused %s", async (_, seldon, message) => {
    await expect(declare({ seldon })).rejects.toThrow(message);
  });
});
