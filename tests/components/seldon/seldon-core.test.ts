import * as pulumi from "@pulumi/pulumi";
import { gateSubject, subjectOf } from "../../../checks/subject";
import { SeldonCore } from "../../../components/seldon/seldon-core";
import type { RecordedResource } from "../../../inprocess/engine";
import { containsSecret } from "../../../inprocess/secrets";
import { recordComponent } from "../../support/record";
import type { Recording } from "../../support/record";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";

interface Given {
  readonly seldon?: Record<string, unknown>;
  readonly protect?: boolean;
  readonly password?: string;
  readonly credentials?: string;
  readonly takeOver?: boolean;
}

function declare({ seldon = {}, protect = true, password, credentials, takeOver }: Given = {}): Promise<Recording> {
  const config = seldonStack({ seldon });
  return recordComponent(
    () =>
      new SeldonCore("seldon", {
        seldon: config.seldon,
        charts: config.charts,
        protect,
        takeOver,
        subject: subjectOf("test", config),
        ...(password === undefined ? {} : { kafkaPassword: pulumi.secret(password) }),
        ...(credentials === undefined ? {} : { storageCredentials: pulumi.secret(credentials) }),
      }),
  );
}

const namesOf = (resources: readonly RecordedResource[]) => resources.map((resource) => resource.name).sort();

/** Asserts that each cannot be created before the one named ahead of it. */
function expectOrder(recording: Recording, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    const before = names[index - 1];
    if (before === undefined) continue;
    expect([name, recording.isAfter(recording.named(name), recording.named(before))]).toEqual([name, true]);
    expect([before, recording.isAfter(recording.named(before), recording.named(name))]).toEqual([before, false]);
  }
}

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

describe("component SeldonCore, models from object storage", () => {
  const MINIO = { kind: "minio", name: "minio", endpoint: "http://minio.minio.svc:9000", namespaces: ["tenant-a"] };
  const S3 = { kind: "s3", name: "s3", region: "eu-central-1" };
  const KEY = "correct horse battery staple";
  const credentials = JSON.stringify({
    minio: { access_key_id: "a", secret_access_key: KEY },
    s3: { access_key_id: "b", secret_access_key: KEY },
  });
  const seldon = { tenants: [{ namespace: "tenant-a" }], storage: { remotes: [MINIO, S3] } };

  test("writes each remote into a Secret of the runtimes that have it, before their agents are told of it", async () => {
    const recording = await declare({ seldon, credentials });
    const secrets = recording.ofType("Secret");
    expect(namesOf(secrets)).toEqual([
      "seldon-remote-minio-tenant-a",
      "seldon-remote-s3-financial-ml",
      "seldon-remote-s3-tenant-a",
    ]);
    for (const secret of secrets) {
      expect(containsSecret(secret.inputs["stringData"])).toBe(true);
      expectOrder(recording, [secret.name, "seldon-runtime-tenant-a"]);
    }
    expect(JSON.stringify(recording.resources)).not.toContain(KEY);
    const listed = (namespace: string) => recording.named(`seldon-runtime-${namespace}`).inputs["values"];
    expect(listed("financial-ml")).toMatchObject({
      config: { agentConfig: { rclone: { configSecrets: ["seldon-remote-s3"] } } },
    });
    expect(listed("tenant-a")).toMatchObject({
      config: { agentConfig: { rclone: { configSecrets: ["seldon-remote-minio", "seldon-remote-s3"] } } },
    });
  });

  test("is refused without credentials", async () => {
    await expect(declare({ seldon })).rejects.toThrow("storageCredentials: got none for seldon.storage.remotes");
  });
});

describe("component SeldonCore, what a runtime has of its own", () => {
  test("leaves the number of pods between its bounds to the scheduler, and bounds the others", async () => {
    const servers = [
      { name: "m", autoscaling: { minReplicas: 1, maxReplicas: 3 } },
      { name: "fixed", replicas: 2 },
    ];
    const recording = await declare({ seldon: { servers } });
    const server = (name: string) => recording.named(`seldon-server-financial-ml-${name}`);
    expect(server("m").options.ignoreChanges).toEqual(["spec.replicas"]);
    expect(server("m").inputs).toMatchObject({ spec: { replicas: 1, minReplicas: 1, maxReplicas: 3 } });
    expect(server("fixed").options.ignoreChanges ?? []).toEqual([]);
    expect(server("fixed").inputs).toMatchObject({ spec: { replicas: 2, minReplicas: 2, maxReplicas: 2 } });
    expect(recording.named("seldon-setup").inputs).toMatchObject({
      values: { autoscaling: { autoscalingServerEnabled: true } },
    });
  });

  test("has a budget for Envoy and for each Server of several pods", async () => {
    const servers = [{ name: "m", replicas: 2 }, { name: "one" }];
    const recording = await declare({ seldon: { servers, envoy: { replicas: 2 }, tenants: [{ namespace: "a" }] } });
    expect(namesOf(recording.ofType("PodDisruptionBudget"))).toEqual([
      "seldon-budget-a-m",
      "seldon-budget-a-seldon-envoy",
      "seldon-budget-financial-ml-m",
      "seldon-budget-financial-ml-seldon-envoy",
    ]);
  });

  test("hardens the tenant that asks for it and no other", async () => {
    const tenants = [{ namespace: "a", podSecurity: "restricted" }];
    const recording = await declare({ seldon: { operatorNamespace: "seldon-system", tenants } });
    const hardened = (name: string) => JSON.stringify(recording.named(name).inputs).includes("seccompProfile");
    expect(hardened("seldon-runtime-a")).toBe(true);
    expect(hardened("seldon-server-a-mlserver")).toBe(true);
    expect(hardened("seldon-runtime-financial-ml")).toBe(false);
    expect(hardened("seldon-server-financial-ml-mlserver")).toBe(false);
  });

  test("puts the operator where it belongs, and the definitions where they were", async () => {
    const recording = await declare({ seldon: { operatorNamespace: "seldon-system" } });
    expect(recording.named("seldon-setup").inputs["namespace"]).toBe("seldon-system");
    expect(recording.named("seldon-crds").inputs["namespace"]).toBe("financial-ml");
    expect(recording.named("seldon-setup").inputs).toMatchObject({
      values: { controller: { clusterwide: true, watchNamespaces: ["financial-ml"] } },
    });
  });

  test("proves a tenant by a Model of its own, behind the gate of all Servers", async () => {
    const tenants = [{ namespace: "a", smokeModel: { name: "proof" } }];
    const recording = await declare({ seldon: { tenants } });
    expect(recording.named("seldon-smoke-model-a").inputs).toMatchObject({
      metadata: { name: "proof", namespace: "a" },
      spec: { requirements: ["sklearn"] },
    });
    expectOrder(recording, ["seldon-servers-ready", "seldon-smoke-model-a"]);
  });

  test("lays what no key decides under what one does", async () => {
    const values = {
      setup: { imagePullSecrets: [{ name: "pull" }], services: { serviceGRPCPrefix: "grpc-" } },
      runtime: { envoy: { podSpec: { priorityClassName: "high" } } },
    };
    const recording = await declare({ seldon: { values, envoy: { replicas: 2 } } });
    expect(recording.named("seldon-setup").inputs).toMatchObject({
      values: {
        imagePullSecrets: [{ name: "pull" }],
        services: { serviceGRPCPrefix: "grpc-", defaultServiceType: "ClusterIP" },
      },
    });
    expect(recording.named("seldon-runtime-financial-ml").inputs).toMatchObject({
      values: {
        envoy: {
          replicas: 2,
          serviceType: "ClusterIP",
          podSpec: { priorityClassName: "high", topologySpreadConstraints: [{ maxSkew: 1 }] },
        },
      },
    });
  });

  test("is taken down Models first, then Servers, runtimes, operator; the definitions stay", async () => {
    const tenants = [{ namespace: "a", smokeModel: {} }];
    const recording = await declare({ seldon: { operatorNamespace: "seldon-system", tenants } });
    const before = (dependent: string, needed: string) =>
      recording.isAfter(recording.named(dependent), recording.named(needed));
    const stages = [
      ["seldon-smoke-model", "seldon-smoke-model-a"],
      ["seldon-server-financial-ml-mlserver", "seldon-server-a-mlserver"],
      ["seldon-runtime-financial-ml", "seldon-runtime-a"],
      ["seldon-setup"],
      ["seldon-crds"],
    ];
    for (const [index, stage] of stages.entries()) {
      for (const first of stage) {
        for (const later of stages.slice(index + 1).flat()) {
          expect([first, later, before(first, later), before(later, first)]).toEqual([first, later, true, false]);
        }
      }
    }
    expect(recording.named("seldon-crds").options.retainOnDelete).toBe(true);
  });
});
