import { ENVOY_LABELS, envoyBudget, podValues, serverValues } from "../../../components/seldon/server-values";
import { SELDON_VERSIONS } from "../../../config/compatibility";
import { crdSchema, describeWithUpstream, violations } from "../../support/crd-schema";
import { seldonStack } from "../../support/seldon-stack";

const valuesOf = (seldon: Record<string, unknown>) => serverValues(seldonStack({ seldon }));

test("the chart is told the agents' patience, and nothing that it has so already", () => {
  expect(valuesOf({})).toEqual({
    autoscaling: { autoscalingServerEnabled: false },
    serverConfig: { agent: { maxElapsedTimeReadySubServiceAfterStartSeconds: "300" } },
  });
});

test("every option of agents and ServerConfigs reaches its value", () => {
  const agent = {
    patienceSeconds: 600,
    startMinutes: 30,
    loadMinutes: 60,
    loadRetries: 9,
    unloadMinutes: 5,
    unloadGraceSeconds: 4,
    overcommitPercent: 0,
    memory: "512Mi",
  };
  expect(
    valuesOf({
      agent,
      mlserver: { modelStorage: "20Gi", parallelWorkers: 0 },
      triton: { modelStorage: "50Gi" },
    }).serverConfig,
  ).toEqual({
    agent: {
      maxElapsedTimeReadySubServiceAfterStartSeconds: "600",
      maxElapsedTimeReadySubServiceBeforeStartMinutes: "30",
      maxLoadElapsedTimeMinutes: "60",
      maxLoadRetryCount: "9",
      maxUnloadElapsedTimeMinutes: "5",
      unloadGracePeriodSeconds: "4",
      overcommitPercentage: "0",
      resources: { memory: "512Mi" },
    },
    mlserver: { modelVolumeStorage: "20Gi", parallel_workers: 0 },
    triton: { modelVolumeStorage: "50Gi" },
  });
});

test("a tenant's Server that is scaled switches the scaling on", () => {
  const servers = [{ name: "m", autoscaling: { minReplicas: 1, maxReplicas: 3 } }];
  expect(valuesOf({ tenants: [{ namespace: "a", servers }] }).autoscaling).toEqual({ autoscalingServerEnabled: true });
});

const podsOf = (seldon: Record<string, unknown>, podSecurity: "baseline" | "restricted" = "baseline") =>
  podValues(seldonStack({ seldon }), { podSecurity });

describe("pods of a runtime", () => {
  test("are the chart's by default", () => {
    expect(podsOf({})).toEqual({});
  });

  test("of Envoy are several on different nodes, with a budget", () => {
    const seldon = { envoy: { replicas: 3 } };
    expect(podsOf(seldon)).toEqual({
      envoy: {
        replicas: 3,
        podSpec: {
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: ENVOY_LABELS },
            },
          ],
        },
      },
    });
    expect(envoyBudget(seldonStack({ seldon }).seldon, { namespace: "a" })).toMatchObject([
      { metadata: { name: "seldon-envoy", namespace: "a" }, spec: { maxUnavailable: 1 } },
    ]);
    expect(envoyBudget(seldonStack().seldon, { namespace: "a" })).toEqual([]);
  });

  test("are hardened, every component's container by its name, under restricted", () => {
    const values = podsOf({ envoy: { replicas: 2 } }, "restricted");
    expect(
      Object.entries(values).map(([key, { podSpec }]) => [key, podSpec?.containers?.map(({ name }) => name)]),
    ).toEqual([
      ["hodometer", ["hodometer"]],
      ["scheduler", ["scheduler"]],
      ["envoy", ["envoy"]],
      ["dataflow", ["dataflow-engine"]],
      ["modelgateway", ["modelgateway"]],
      ["pipelinegateway", ["pipelinegateway"]],
    ]);
    expect(values["envoy"]?.podSpec).toMatchObject({
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
      topologySpreadConstraints: [{ maxSkew: 1 }],
    });
  });
});

describeWithUpstream("the upstream definition of a SeldonRuntime takes what the chart makes of it", () => {
  test.each(SELDON_VERSIONS)("%s", (version) => {
    const schema = crdSchema(`seldon-core-v${version}`, "seldonruntimes.mlops.seldon.io", "v1alpha1");
    const runtime = (podSpec: unknown) => ({
      apiVersion: "mlops.seldon.io/v1alpha1",
      kind: "SeldonRuntime",
      metadata: { name: "seldon", namespace: "a" },
      spec: { seldonConfig: "default", overrides: [{ name: "seldon-envoy", replicas: 2, podSpec }] },
    });
    const values = podsOf({ envoy: { replicas: 2 } }, "restricted");
    for (const { podSpec } of Object.values(values)) expect(violations(schema, runtime(podSpec))).toEqual([]);
    expect(violations(schema, runtime({ topologySpread: [] }))).toEqual([
      "spec.overrides[0].podSpec.topologySpread: field not declared in schema",
    ]);
  });
});
