import { load } from "js-yaml";
import type { StackConfig } from "../../../config/schema";
import { renderObservability } from "../../../components/observability/render";
import { everything, watchedStack } from "../../support/observability-stack";
import { promtool, withPromtool } from "../../support/promtool";

interface Rendered {
  kind: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string>; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
}

const render = (config: StackConfig) => renderObservability(config) as unknown as Rendered[];
const ofKind = (config: StackConfig, kind: string) => render(config).filter((object) => object.kind === kind);
const named = (objects: readonly Rendered[]) =>
  objects.map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`);

const ANNOTATIONS = { mode: "annotations" };
const TWO_KINDS = { servers: [{ name: "mlserver" }, { name: "big", config: "triton" }] };

describe("for the prometheus-operator", () => {
  it("each target has one monitor, in the namespace of Prometheus, with the labels that it wants", () => {
    const config = watchedStack({ observability: { labels: { release: "prom", team: "ml" } } });
    const monitors = [...ofKind(config, "PodMonitor"), ...ofKind(config, "ServiceMonitor")];
    expect(named(monitors).sort()).toEqual([
      "monitoring/seldon-k3s-agent",
      "monitoring/seldon-k3s-envoy",
      "monitoring/seldon-k3s-felix",
      "monitoring/seldon-k3s-inference-server",
      "monitoring/seldon-k3s-kube-controllers",
      "monitoring/seldon-k3s-seldon-operator",
      "monitoring/seldon-k3s-typha",
    ]);
    for (const { metadata } of [...monitors, ...ofKind(config, "PrometheusRule")]) {
      expect(metadata.labels).toEqual({ "app.kubernetes.io/managed-by": "seldon-k3s", release: "prom", team: "ml" });
    }
  });

  it("monitors carry path, port, interval and time-out", () => {
    const config = watchedStack({ observability: { intervalSeconds: 60, timeoutSeconds: 20 } });
    const envoy = ofKind(config, "PodMonitor").find(({ metadata }) => metadata.name === "seldon-k3s-envoy");
    expect(envoy?.spec).toEqual({
      namespaceSelector: { matchNames: ["financial-ml"] },
      selector: { matchLabels: { "app.kubernetes.io/name": "seldon-envoy" } },
      podMetricsEndpoints: [{ port: "envoy-stats", path: "/stats/prometheus", interval: "60s", scrapeTimeout: "20s" }],
    });
    const typha = ofKind(config, "ServiceMonitor").find(({ metadata }) => metadata.name === "seldon-k3s-typha");
    expect(typha?.spec).toEqual({
      namespaceSelector: { matchNames: ["calico-system"] },
      selector: { matchLabels: { "k8s-app": "calico-typha-metrics" } },
      endpoints: [{ port: "calico-typha-metrics", path: "/metrics", interval: "60s", scrapeTimeout: "20s" }],
    });
  });

  it("a Service of ours stands only before pods that do not declare their port, and its monitor selects it alone", () => {
    const services = ofKind(watchedStack({ seldon: { tenants: [{ namespace: "b" }] } }), "Service");
    expect(named(services)).toEqual([
      "calico-system/seldon-k3s-felix-metrics",
      "financial-ml/seldon-k3s-seldon-operator-metrics",
    ]);
    expect(services[0]?.spec).toEqual({
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: { "k8s-app": "calico-node" },
      ports: [{ name: "metrics", port: 9091, targetPort: 9091 }],
    });
    expect(services.filter(({ metadata }) => metadata.annotations !== undefined)).toEqual([]);
    const felix = ofKind(watchedStack(), "ServiceMonitor").find(({ metadata }) => metadata.name === "seldon-k3s-felix");
    expect(felix?.spec).toMatchObject({ selector: { matchLabels: { "seldon-k3s/metrics-of": "felix" } } });
    expect(services[0]?.metadata.labels["seldon-k3s/metrics-of"]).toBe("felix");
  });
});

describe("for a Prometheus that looks for annotations", () => {
  const config = watchedStack({ observability: ANNOTATIONS, seldon: TWO_KINDS });

  it("there are annotated Services for what nobody else annotates, one a port", () => {
    const services = ofKind(config, "Service").map(({ metadata, spec }) => [
      metadata.name,
      metadata.annotations,
      (spec as { selector: object }).selector,
    ]);
    const server = { "app.kubernetes.io/name": "seldon-server" };
    const scrape = (port: number) => ({
      "prometheus.io/scrape": "true",
      "prometheus.io/port": String(port),
      "prometheus.io/path": "/metrics",
    });
    expect(services).toEqual([
      ["seldon-k3s-agent-metrics", scrape(9006), server],
      ["seldon-k3s-server-mlserver-metrics", scrape(8082), { ...server, "seldon-server-name": "mlserver" }],
      ["seldon-k3s-server-big-metrics", scrape(8002), { ...server, "seldon-server-name": "big" }],
      ["seldon-k3s-seldon-operator-metrics", scrape(4000), { "control-plane": "v2-controller-manager" }],
    ]);
  });

  it("there is no object of the prometheus-operator, and the rules are a file to mount", () => {
    expect(new Set(render(config).map(({ kind }) => kind))).toEqual(new Set(["Service", "ConfigMap"]));
    const rules = ofKind(config, "ConfigMap").find(({ metadata }) => metadata.name === "seldon-k3s-rules");
    const file = load(rules?.data?.["seldon-k3s.rules.yaml"] ?? "") as { groups: { name: string; rules: object[] }[] };
    expect(file.groups.map(({ name }) => name)).toEqual(["seldon-k3s-calico", "seldon-k3s-seldon"]);
    expect(file.groups[0]?.rules[0]).toMatchObject({ alert: "CalicoNodeNotReady", for: "5m" });
  });

  withPromtool("that file is one that Prometheus loads, as it stands in the ConfigMap", () => {
    const rules = ofKind(config, "ConfigMap").find(({ metadata }) => metadata.name === "seldon-k3s-rules");
    const { status, said } = promtool(["check", "rules", "rules.yaml"], {
      "rules.yaml": rules?.data?.["seldon-k3s.rules.yaml"],
    });
    expect([status, said]).toEqual([0, expect.stringMatching(/SUCCESS: \d{2} rules found/)]);
  });
});

describe("kube-controllers of Calico 3.32", () => {
  const policies = (config: StackConfig) => ofKind(config, "NetworkPolicy");

  it("are opened to Prometheus' namespace in the operator's own tier, before its policy", () => {
    expect(policies(watchedStack({ calico: { version: "3.32.1" } }))).toMatchObject([
      {
        apiVersion: "crd.projectcalico.org/v1",
        metadata: { name: "calico-system.seldon-k3s-metrics", namespace: "calico-system" },
        spec: {
          tier: "calico-system",
          order: 0,
          selector: "k8s-app == 'calico-kube-controllers'",
          types: ["Ingress"],
          ingress: [
            {
              action: "Allow",
              protocol: "TCP",
              source: { namespaceSelector: "kubernetes.io/metadata.name == 'monitoring'" },
              destination: { ports: [9094] },
            },
          ],
        },
      },
    ]);
  });

  it("need no exception in 3.31, and get none while Calico is being left, which a policy of its kind would stop", () => {
    expect(policies(watchedStack())).toEqual([]);
    const leaving = { calico: { version: "3.32.1" }, cni: { provider: "flannel", leaving: "calico" } };
    expect(policies(watchedStack(leaving))).toEqual([]);
  });

  it("are opened for annotations too", () => {
    expect(policies(watchedStack({ calico: { version: "3.32.1" }, observability: ANNOTATIONS }))).toHaveLength(1);
  });
});

describe("custom resources", () => {
  it("are told to kube-state-metrics where it is said to listen", () => {
    const find = (config: StackConfig) =>
      ofKind(config, "ConfigMap").find(({ metadata }) => metadata.name === "seldon-k3s-custom-resource-state");
    expect(find(watchedStack())).toBeUndefined();
    const file = load(find(everything())?.data?.["config.yaml"] ?? "") as {
      kind: string;
      spec: {
        resources: { groupVersionKind: { kind: string }; metricNamePrefix: string; metrics: { name: string }[] }[];
      };
    };
    expect(file.kind).toBe("CustomResourceStateMetrics");
    expect(
      file.spec.resources.map(({ groupVersionKind, metricNamePrefix, metrics }) => [
        groupVersionKind.kind,
        metricNamePrefix,
        metrics.map(({ name }) => name),
      ]),
    ).toEqual([
      ["Model", "", ["seldon_model_condition"]],
      ["Server", "", ["seldon_server_condition"]],
      ["TigeraStatus", "", ["tigera_status_condition"]],
    ]);
  });
});

describe("Goldmane", () => {
  it("is declared with its metrics port, and only where it is asked for", () => {
    expect(ofKind(watchedStack(), "Goldmane")).toEqual([]);
    expect(ofKind(everything({ goldmane: { enabled: true, metricsPort: 9999 } }), "Goldmane")).toMatchObject([
      { metadata: { name: "default" }, spec: { metricsPort: 9999 } },
    ]);
  });
});

it("nothing is declared in mode none", () => {
  expect(render(watchedStack({ observability: { mode: "none" } }))).toEqual([]);
});

it("a caller that names no namespace of Prometheus is told what to do", () => {
  const config = watchedStack();
  const lost = { ...config, policies: { ...config.policies, monitoringNamespace: undefined } };
  expect(() => renderObservability(lost)).toThrow("got no policies.monitoringNamespace");
});

it("the same configuration always gives the same objects, and no two of them the same name", () => {
  const config = everything();
  expect(JSON.stringify(render(config))).toBe(JSON.stringify(render(config)));
  const keys = render(config).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
  expect(new Set(keys).size).toBe(keys.length);
});
