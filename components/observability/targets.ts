/**
 * What Prometheus scrapes: one row a program with metrics. Ports of Seldon's rows come from the flow table, so that what
 * is scraped and what the policies let through cannot differ.
 */
import { operatorNamespace, runtimeNamespaces, runtimesOf } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import type { Component } from "../network-policies/endpoints";
import { POD_LABELS } from "../network-policies/endpoints";
import { flowById } from "../network-policies/flows";
import type { FlowId } from "../network-policies/flows";
import type { Source } from "./metrics/metric";

/** Parts of a configuration that decide what is watched, and how. */
export type ObservabilityConfig = Pick<StackConfig, "observability" | "policies" | "seldon" | "calico" | "cni">;

/** Namespace that Calico runs in; the operator makes it. */
export const CALICO_NAMESPACE = "calico-system";

/** How a monitor finds the endpoint of a target. */
export type Found =
  /** A container port with this name: a PodMonitor needs no more. */
  | { readonly by: "container-port"; readonly name: string }
  /** A Service of the operator, by its labels and the name of its port. */
  | { readonly by: "service"; readonly labels: Readonly<Record<string, string>>; readonly portName: string }
  /** A headless Service of ours, because the pods do not declare the port. */
  | { readonly by: "own-service" };

/** One program with metrics. */
export interface Target {
  /** Name of its monitor and Services, with the stack's prefix. */
  readonly id: string;
  /** Whose metrics these are. */
  readonly sources: readonly Source[];
  readonly namespaces: readonly string[];
  readonly podLabels: Readonly<Record<string, string>>;
  /** Container ports. Several are the same port name on pods of different kinds. */
  readonly ports: readonly number[];
  /** @default /metrics */
  readonly path?: string;
  readonly found: Found;
  /** Who writes `prometheus.io/*` annotations for it, where that is not this stack. */
  readonly annotatedBy?: string;
}

/** Ports of a row of the flow table. @throws Error for a row whose ports the configuration decides. */
function portsOf(id: FlowId): readonly number[] {
  const { ports } = flowById(id);
  if (typeof ports === "string") throw new Error(`flow ${id}: its ports are configured, a target needs numbers`);
  return ports;
}

const labelsOf = (component: Component) => POD_LABELS[component];
/** kube-controllers' default (`KubeControllersConfiguration.prometheusMetricsPort`), which the stack leaves alone. */
export const KUBE_CONTROLLERS_PORT = 9094;
export const KUBE_CONTROLLERS_LABELS = { "k8s-app": "calico-kube-controllers" };

/** Whether the stack keeps Calico. While it is being left nothing of ours may stand in its namespace. */
export const keepsCalico = ({ cni }: Pick<StackConfig, "cni">): boolean => cni.provider === "calico";

function calicoTargets({ calico, observability }: ObservabilityConfig): Target[] {
  const here = { namespaces: [CALICO_NAMESPACE] };
  const operatorService = (name: string, portName: string): Found => ({
    by: "service",
    labels: { "k8s-app": name },
    portName,
  });
  const targets: Target[] = [
    {
      id: "felix",
      sources: ["felix"],
      ...here,
      podLabels: { "k8s-app": "calico-node" },
      ports: [calico.nodeMetricsPort],
      found: { by: "own-service" }, // the operator makes one for Calico Enterprise only
      annotatedBy: "the Tigera operator, on the pods",
    },
    {
      id: "typha",
      sources: ["typha"],
      ...here,
      podLabels: { "k8s-app": "calico-typha" },
      ports: [calico.typhaMetricsPort],
      found: operatorService("calico-typha-metrics", "calico-typha-metrics"),
      annotatedBy: "the Tigera operator, on the pods",
    },
    {
      id: "kube-controllers",
      sources: ["kube-controllers"],
      ...here,
      podLabels: KUBE_CONTROLLERS_LABELS,
      ports: [KUBE_CONTROLLERS_PORT],
      found: operatorService("calico-kube-controllers", "metrics-port"),
      annotatedBy: "the Tigera operator, on its Service",
    },
  ];
  if (!observability.goldmane.enabled) return targets;
  return [
    ...targets,
    {
      id: "goldmane",
      sources: ["goldmane"],
      ...here,
      podLabels: { "k8s-app": "goldmane" },
      ports: [observability.goldmane.metricsPort],
      found: operatorService("goldmane", "metrics-port"),
      annotatedBy: "the Tigera operator, on its Service",
    },
  ];
}

/** Ports of the inference servers' own metrics, by ServerConfig. */
export const INFERENCE_PORTS: Readonly<Record<StackConfig["seldon"]["servers"][number]["config"], number>> = (() => {
  const [, mlserver] = portsOf("prometheus-to-server");
  const [triton] = portsOf("prometheus-to-triton");
  if (mlserver === undefined || triton === undefined)
    throw new Error("the flow table lost a port of a server's metrics");
  return { mlserver, triton };
})();

function seldonTargets(config: ObservabilityConfig): Target[] {
  const namespaces = runtimeNamespaces(config);
  const kinds = [...new Set(runtimesOf(config).flatMap(({ servers }) => servers.map((server) => server.config)))];
  const targets: Target[] = [
    {
      id: "agent",
      sources: ["agent"],
      namespaces,
      podLabels: labelsOf("server"),
      ports: portsOf("prometheus-to-server").slice(0, 1),
      found: { by: "container-port", name: "metrics" },
    },
    {
      id: "inference-server",
      sources: kinds.includes("mlserver") ? ["mlserver"] : [],
      namespaces,
      podLabels: labelsOf("server"),
      ports: kinds.map((kind) => INFERENCE_PORTS[kind]),
      found: { by: "container-port", name: "server-metrics" },
    },
    {
      id: "envoy",
      sources: ["envoy"],
      namespaces,
      podLabels: labelsOf("envoy"),
      ports: portsOf("prometheus-to-envoy"),
      path: "/stats/prometheus",
      found: { by: "container-port", name: "envoy-stats" },
      annotatedBy: "Seldon's chart, on the pods",
    },
    {
      id: "seldon-operator",
      sources: ["seldon-operator"],
      namespaces: [operatorNamespace(config)],
      podLabels: labelsOf("operator"),
      ports: portsOf("prometheus-to-operator"),
      found: { by: "own-service" }, // the chart declares no port for it
    },
  ];
  if (config.seldon.profile !== "pipelines") return targets;
  return [
    ...targets,
    {
      id: "pipelinegateway",
      sources: ["pipelinegateway"],
      namespaces,
      podLabels: labelsOf("pipelinegateway"),
      ports: portsOf("prometheus-to-pipelinegateway"),
      found: { by: "container-port", name: "metrics" },
    },
  ];
}

/** Everything that is scraped, Calico first. Pure. */
export function targetsOf(config: ObservabilityConfig): Target[] {
  return [...(keepsCalico(config) ? calicoTargets(config) : []), ...seldonTargets(config)];
}
