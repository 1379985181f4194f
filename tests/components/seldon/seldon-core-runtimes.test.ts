import { containsSecret } from "../../../inprocess/secrets";
import { declare, expectOrder, namesOf } from "./support/seldon-core";

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
