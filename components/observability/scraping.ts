/** Monitors, Services and annotations: how Prometheus is told of each target. Pure. */
import { runtimesOf } from "../../config/runtimes";
import { labels } from "../component";
import { PREFIX } from "./names";
import { INFERENCE_PORTS, type ObservabilityConfig, type Target } from "./targets";

/** Label of the Services that carry nothing but metrics; monitors select by it. */
export const TARGET_LABEL = "seldon-k3s/metrics-of";
/** Port name of our own Services. */
const PORT_NAME = "metrics";

type Labels = Readonly<Record<string, string>>;

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations?: Labels;
}

/** A headless Service: kube-proxy makes no rule and the kubelet no environment variable of it. */
export interface MetricsService {
  readonly apiVersion: "v1";
  readonly kind: "Service";
  readonly metadata: Metadata;
  readonly spec: {
    readonly clusterIP: "None";
    /** A server that is not ready is the one whose metrics matter. */
    readonly publishNotReadyAddresses: true;
    readonly selector: Labels;
    readonly ports: readonly [{ readonly name: string; readonly port: number; readonly targetPort: number }];
  };
}

interface Endpoint {
  readonly port: string;
  readonly path: string;
  readonly interval: string;
  readonly scrapeTimeout: string;
}

interface Scope {
  readonly namespaceSelector: { readonly matchNames: readonly string[] };
  readonly selector: { readonly matchLabels: Labels };
}

/** A monitor of the prometheus-operator. */
export type Monitor = { readonly apiVersion: "monitoring.coreos.com/v1"; readonly metadata: Metadata } & (
  | { readonly kind: "PodMonitor"; readonly spec: Scope & { readonly podMetricsEndpoints: readonly Endpoint[] } }
  | { readonly kind: "ServiceMonitor"; readonly spec: Scope & { readonly endpoints: readonly Endpoint[] } }
);

interface ServiceArgs {
  readonly name: string;
  readonly target: string;
  readonly namespace: string;
  readonly selector: Labels;
  readonly port: number;
  readonly annotations?: Labels;
}

const service = ({ name, target, namespace, selector, port, annotations }: ServiceArgs): MetricsService => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: `${PREFIX}-${name}-metrics`,
    namespace,
    labels: labels({ [TARGET_LABEL]: target }),
    ...(annotations === undefined ? {} : { annotations }),
  },
  spec: {
    clusterIP: "None",
    publishNotReadyAddresses: true,
    selector,
    ports: [{ name: PORT_NAME, port, targetPort: port }],
  },
});

/** The annotations that the usual scrape configurations look for. One set names one port. */
const scrapeAnnotations = (port: number, path = "/metrics"): Labels => ({
  "prometheus.io/scrape": "true",
  "prometheus.io/port": String(port),
  "prometheus.io/path": path,
});

/** What an annotated Service needs to select: the inference servers' port differs by kind, so each Server has its own. */
function annotatedSelectors(target: Target, namespace: string, config: ObservabilityConfig) {
  const [port] = target.ports;
  if (port === undefined) return [];
  if (target.id !== "inference-server") return [{ name: target.id, selector: target.podLabels, port }];
  const runtime = runtimesOf(config).find((each) => each.namespace === namespace);
  return (runtime?.servers ?? []).map((server) => ({
    name: `server-${server.name}`,
    selector: { ...target.podLabels, "seldon-server-name": server.name },
    port: INFERENCE_PORTS[server.config],
  }));
}

/** Services of ours: for monitors, where pods do not declare the port; for annotations, where nobody else writes them. */
export function metricsServices(targets: readonly Target[], config: ObservabilityConfig): MetricsService[] {
  const annotated = config.observability.mode === "annotations";
  const wanted = targets.filter(({ found, annotatedBy }) =>
    annotated ? annotatedBy === undefined : found.by === "own-service",
  );
  return wanted.flatMap((target) =>
    target.namespaces.flatMap((namespace) =>
      annotatedSelectors(target, namespace, config).map(({ name, selector, port }) =>
        service({
          name,
          target: target.id,
          namespace,
          selector,
          port,
          ...(annotated ? { annotations: scrapeAnnotations(port, target.path) } : {}),
        }),
      ),
    ),
  );
}

/** The monitor of one target, in the namespace of Prometheus. */
function monitor(target: Target, namespace: string, { observability }: ObservabilityConfig): Monitor {
  const { found } = target;
  const metadata = { name: `${PREFIX}-${target.id}`, namespace, labels: labels(observability.labels) };
  const endpoint = (port: string): Endpoint => ({
    port,
    path: target.path ?? "/metrics",
    interval: `${observability.intervalSeconds}s`,
    scrapeTimeout: `${observability.timeoutSeconds}s`,
  });
  const scope = (matchLabels: Labels): Scope => ({
    namespaceSelector: { matchNames: target.namespaces },
    selector: { matchLabels },
  });
  const common = { apiVersion: "monitoring.coreos.com/v1", metadata } as const;
  if (found.by === "container-port") {
    const spec = { ...scope(target.podLabels), podMetricsEndpoints: [endpoint(found.name)] };
    return { ...common, kind: "PodMonitor", spec };
  }
  const [matchLabels, port] =
    found.by === "service" ? [found.labels, found.portName] : [{ [TARGET_LABEL]: target.id }, PORT_NAME];
  return { ...common, kind: "ServiceMonitor", spec: { ...scope(matchLabels), endpoints: [endpoint(port)] } };
}

/** Monitors of every target; none unless the prometheus-operator reads them. */
export function monitors(targets: readonly Target[], config: ObservabilityConfig): Monitor[] {
  const { observability, policies } = config;
  const namespace = policies.monitoringNamespace;
  if (observability.mode !== "prometheus-operator" || namespace === undefined) return [];
  return targets.map((target) => monitor(target, namespace, config));
}
