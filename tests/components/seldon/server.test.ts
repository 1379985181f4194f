import { SELDON_VERSIONS } from "../../../config/compatibility";
import { serverBudget, serverResource } from "../../../components/seldon/server";
import { crdSchema, describeWithUpstream, violations } from "../../support/crd-schema";
import { seldonStack } from "../../support/seldon-stack";

const LABELS = { "app.kubernetes.io/managed-by": "seldon-k3s" };
const BASELINE = { namespace: "a", podSecurity: "baseline" } as const;
const RESTRICTED = { namespace: "a", podSecurity: "restricted" } as const;

function declared(raw: Record<string, unknown>) {
  const [server] = seldonStack({ seldon: { servers: [{ name: "mlserver", ...raw }] } }).seldon.servers;
  if (server === undefined) throw new Error("no server in the fixture");
  return server;
}

const specOf = (raw: Record<string, unknown>, anyScaled = false) =>
  serverResource(BASELINE, declared(raw), anyScaled).spec;

test("a Server takes its ServerConfig's inference container by name and gives it the declared size", () => {
  expect(serverResource(BASELINE, declared({}), false)).toEqual({
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

test("a Server of another configuration, with GPUs and capabilities, and without replicas", () => {
  const raw = {
    name: "gpu",
    config: "triton",
    replicas: 0,
    memory: "4Gi",
    cpu: "2",
    gpus: 2,
    runtimeClass: "nvidia",
    capabilities: ["onnx-gpu"],
  };
  expect(specOf(raw)).toEqual({
    serverConfig: "triton",
    replicas: 0,
    extraCapabilities: ["onnx-gpu"],
    podSpec: {
      runtimeClassName: "nvidia",
      containers: [
        {
          name: "triton",
          resources: {
            requests: { cpu: "2", memory: "4Gi", "nvidia.com/gpu": "2" },
            limits: { memory: "4Gi", "nvidia.com/gpu": "2" },
          },
        },
      ],
    },
  });
});

describe("replicas", () => {
  test("have no bounds while nothing is scaled, so that the operator accepts any number", () => {
    expect(Object.keys(specOf({ replicas: 7 }))).toEqual(["serverConfig", "replicas", "podSpec"]);
  });

  test("are their own bounds where another Server is scaled", () => {
    expect(specOf({ replicas: 3 }, true)).toMatchObject({ replicas: 3, minReplicas: 3, maxReplicas: 3 });
  });

  test("begin at the lower bound where the Server is scaled", () => {
    const autoscaling = { minReplicas: 2, maxReplicas: 6 };
    expect(specOf({ replicas: 9, autoscaling }, true)).toMatchObject({ replicas: 2, minReplicas: 2, maxReplicas: 6 });
  });
});

describe("spread over the nodes", () => {
  const constraint = (whenUnsatisfiable: string) => [
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable,
      labelSelector: { matchLabels: { "seldon-server-name": "mlserver" } },
    },
  ];
  test.each([
    ["of one pod", { replicas: 1 }, undefined],
    ["of two pods", { replicas: 2 }, constraint("ScheduleAnyway")],
    ["that may get two pods", { autoscaling: { minReplicas: 1, maxReplicas: 2 } }, constraint("ScheduleAnyway")],
    ["that must be spread", { replicas: 2, spread: "require" }, constraint("DoNotSchedule")],
    ["that need not be", { replicas: 2, spread: "none" }, undefined],
  ])("a Server %s", (_, raw, expected) => {
    expect(specOf(raw).podSpec.topologySpreadConstraints).toEqual(expected);
  });
});

test("a node is chosen by labels and taints", () => {
  const tolerations = [{ key: "gpu" }, { key: "team", value: "ml", effect: "NoSchedule" }];
  expect(specOf({ nodeSelector: { pool: "ml" }, tolerations }).podSpec).toMatchObject({
    nodeSelector: { pool: "ml" },
    tolerations: [
      { key: "gpu", operator: "Exists" },
      { key: "team", operator: "Equal", value: "ml", effect: "NoSchedule" },
    ],
  });
});

test("a volume with models is mounted by rclone alone, and by nobody for writing", () => {
  const { podSpec } = specOf({ modelVolume: { claim: "models", path: "/var/models" } });
  expect(podSpec.volumes).toEqual([{ name: "models", persistentVolumeClaim: { claimName: "models", readOnly: true } }]);
  expect(podSpec.containers.map(({ name, volumeMounts }) => [name, volumeMounts])).toEqual([
    ["mlserver", undefined],
    ["rclone", [{ name: "models", mountPath: "/var/models", readOnly: true }]],
  ]);
});

test("the level restricted hardens every container of the pod, once each, and keeps what else is said of it", () => {
  const { podSpec } = serverResource(RESTRICTED, declared({ modelVolume: { claim: "models" } }), false).spec;
  const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  expect(podSpec.securityContext).toEqual({ seccompProfile: { type: "RuntimeDefault" } });
  expect(podSpec.containers).toEqual([
    {
      name: "mlserver",
      resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { memory: "1Gi" } },
      securityContext: hardened,
    },
    {
      name: "rclone",
      volumeMounts: [{ name: "models", mountPath: "/var/models", readOnly: true }],
      securityContext: hardened,
    },
    { name: "agent", securityContext: hardened },
  ]);
});

describe("a budget", () => {
  test("takes one pod at a time by default, and always those that are not ready", () => {
    expect(serverBudget({ namespace: "a" }, declared({ replicas: 2 }))).toEqual([
      {
        metadata: { name: "mlserver", namespace: "a", labels: LABELS },
        spec: {
          maxUnavailable: 1,
          selector: { matchLabels: { "seldon-server-name": "mlserver" } },
          unhealthyPodEvictionPolicy: "AlwaysAllow",
        },
      },
    ]);
  });

  test("is declared for Servers that may have two pods, and would only block the drain of one", () => {
    expect(serverBudget({ namespace: "a" }, declared({ replicas: 1 }))).toEqual([]);
    const scaled = declared({ maxUnavailable: 2, autoscaling: { minReplicas: 1, maxReplicas: 4 } });
    expect(serverBudget({ namespace: "a" }, scaled)).toMatchObject([{ spec: { maxUnavailable: 2 } }]);
  });
});

describeWithUpstream("the upstream definition takes a Server with everything", () => {
  const full = declared({
    config: "triton",
    replicas: 3,
    memory: "4Gi",
    cpu: "2",
    gpus: 1,
    runtimeClass: "nvidia",
    capabilities: ["x"],
    autoscaling: { minReplicas: 2, maxReplicas: 5 },
    spread: "require",
    nodeSelector: { pool: "gpu" },
    tolerations: [{ key: "gpu", value: "yes", effect: "NoExecute" }],
    modelVolume: { claim: "models" },
  });

  test.each(SELDON_VERSIONS)("%s", (version) => {
    const schema = crdSchema(`seldon-core-v${version}`, "servers.mlops.seldon.io", "v1alpha1");
    const server = serverResource(RESTRICTED, full, true);
    expect(violations(schema, server)).toEqual([]);
    const wrong = { ...server, spec: { ...server.spec, replicaz: 1 } };
    expect(violations(schema, wrong)).toEqual(["spec.replicaz: field not declared in schema"]);
  });
});
