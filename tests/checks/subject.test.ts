import {
  GATE_IDS,
  gateSubject,
  gateSubjectSchema,
  provingModels,
  subjectOf,
  subjectSchema,
} from "../../checks/subject";
import { stackSchema } from "../../config/schema";

const config = (more: object = {}) =>
  stackSchema.parse({
    cluster: {
      name: "test",
      kubeconfigFile: "kubeconfig.yaml",
      uid: "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001",
      endpoint: "https://192.0.2.10:6443",
    },
    network: { nodeCidrs: ["192.0.2.0/24"] },
    ...more,
  });

describe("subjectOf", () => {
  it("says what a default stack must run", () => {
    expect(subjectOf("staging", config())).toEqual({
      stack: "staging",
      kubeconfig: "kubeconfig.yaml",
      uid: "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001",
      timeoutSeconds: 300,
      calico: { version: "3.31.7", pools: ["10.42.128.0/17"], apiServer: true },
      operatorNamespace: "financial-ml",
      namespaces: ["financial-ml"],
      workloads: [
        { kind: "StatefulSet", name: "seldon-scheduler" },
        { kind: "Deployment", name: "seldon-envoy" },
      ],
      storageClass: "local-path",
      servers: [{ namespace: "financial-ml", name: "mlserver", config: "mlserver", replicas: 1 }],
      smokeModel: { namespace: "financial-ml", name: "test-model-simple" },
      policy: {
        conditions: ["clients"],
        clients: [{ namespace: "kube-system", podLabels: { "app.kubernetes.io/name": "traefik" } }],
        storagePorts: [443],
      },
      probes: { image: "docker.io/rancher/mirrored-library-busybox:1.37.0" },
    });
  });

  it("takes the probe image from the validation, else from the hosts, and knows where to probe nothing", () => {
    const probes = (more: object) => subjectOf("s", config(more)).probes;
    expect(probes({ validation: { probeImage: "registry.example.com/busybox:1" } })).toEqual({
      image: "registry.example.com/busybox:1",
    });
    expect(probes({ validation: { probePods: false } })).toBeUndefined();
    expect(subjectOf("s", config({ policies: { enabled: false } }))).not.toHaveProperty("policy");
  });

  it("adds Flannel's range while Flannel is being left, and asks nothing of Calico on Flannel", () => {
    const pools = (cni: object) => subjectOf("s", config({ cni })).calico?.pools;
    expect(pools({ provider: "calico", leaving: "flannel" })).toEqual(["10.42.128.0/17", "10.42.0.0/17"]);
    expect(pools({ provider: "flannel" })).toBeUndefined();
    expect(subjectOf("s", config({ cni: { provider: "flannel" } }))).not.toHaveProperty("calico");
  });

  it("wants the Kafka components in the pipelines profile, in every namespace", () => {
    const seldon = { profile: "pipelines", tenants: [{ namespace: "tenant-a" }], kafka: { bootstrap: "kafka:9093" } };
    const subject = subjectOf("s", config({ seldon }));
    expect(subject.namespaces).toEqual(["financial-ml", "tenant-a"]);
    expect(subject.workloads.map(({ name }) => name)).toEqual([
      "seldon-scheduler",
      "seldon-envoy",
      "seldon-dataflow-engine",
      "seldon-modelgateway",
      "seldon-pipelinegateway",
    ]);
  });

  it("knows the operator's own namespace, the servers of each tenant with their bounds, and the Models of tenants", () => {
    const seldon = {
      operatorNamespace: "seldon-system",
      tenants: [
        {
          namespace: "tenant-a",
          servers: [{ name: "big", autoscaling: { minReplicas: 2, maxReplicas: 5 } }],
          smokeModel: { name: "proof" },
        },
      ],
    };
    const subject = subjectOf("s", config({ seldon }));
    expect(subject.operatorNamespace).toBe("seldon-system");
    expect(subject.servers).toEqual([
      { namespace: "financial-ml", name: "mlserver", config: "mlserver", replicas: 1 },
      { namespace: "tenant-a", name: "big", config: "mlserver", replicas: 2, maxReplicas: 5 },
    ]);
    expect(provingModels(subject)).toEqual([
      { namespace: "financial-ml", name: "test-model-simple" },
      { namespace: "tenant-a", name: "proof" },
    ]);
  });

  it("goes through standard input unchanged", () => {
    const subject = subjectOf("s", config());
    expect(subjectSchema.parse(JSON.parse(JSON.stringify(subject)))).toEqual(subject);
  });
});

describe("gateSubject", () => {
  const subject = subjectOf("s", config());

  it.each(GATE_IDS)("%s reads its part as well as the whole subject", (id) => {
    const part = gateSubject(id, subject);
    expect(gateSubjectSchema(id).parse(part)).toMatchObject(part);
    expect(gateSubjectSchema(id).parse(subject)).toEqual(subject);
    expect(gateSubjectSchema(id).safeParse({ ...part, namespace: "x" }).success).toBe(false);
  });

  it("refuses a gate's subject without the part that it looks at", () => {
    const { namespaces: _, ...part } = gateSubject("servers-ready", subject);
    expect(gateSubjectSchema("servers-ready").safeParse(part).error?.issues[0]?.path).toEqual(["namespaces"]);
  });
});
