import { chartOf } from "../charts";
import { isRelease, type JudgedResource, kindOf, listAt, places, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type Fault, type ResourceRule } from "../rule";
import { isTree } from "../../config/tree";

/** Types of Services that listen outside the cluster; K3s' ServiceLB publishes each on every node. */
const PUBLIC = new Set<unknown>(["LoadBalancer", "NodePort"]);

/** Values that have to say ClusterIP, because the chart's own default is LoadBalancer (2.9.1 and 2.10.2, values.yaml). */
const PUBLIC_BY_DEFAULT: Readonly<Record<string, readonly string[]>> = {
  "seldon-core-v2-setup": ["values.services.defaultServiceType"],
  "seldon-core-v2-runtime": ["values.scheduler.serviceType", "values.envoy.serviceType"],
};

/** Services of the control plane that no route may lead to: the scheduler believes whoever speaks to it. */
const CONTROL_PLANE = /^seldon-(scheduler|server|pipelinegateway|dataflow)/;

const ROUTES = new Set([
  "Ingress",
  "IngressRoute",
  "IngressRouteTCP",
  "VirtualService",
  "HTTPRoute",
  "GRPCRoute",
  "TCPRoute",
]);

const isServiceType = (at: string, key: string | undefined): boolean =>
  key !== undefined && (/serviceType$/i.test(key) || (key === "type" && /service\.type$/i.test(at)));

function* judgeValues(resource: JudgedResource): Generator<Fault> {
  const chart = chartOf(resource);
  if (chart === UNKNOWN) yield cannotJudge("chart", "whether its Services are published");
  const required = chart === undefined || chart === UNKNOWN ? [] : (PUBLIC_BY_DEFAULT[chart.name] ?? []);
  for (const path of required) {
    const value = valueAt(resource.inputs, path);
    if (value === UNKNOWN) yield cannotJudge(path, "whether the Service is published");
    else if (value === undefined) yield { at: path, problem: "is not set, and the chart's default is LoadBalancer" };
  }
  for (const { at, key, value } of places(resource.inputs["values"], "values")) {
    if (required.includes(at) && value === UNKNOWN) continue;
    if (value === UNKNOWN && isServiceType(at, key)) yield cannotJudge(at, "whether the Service is published");
    if (isServiceType(at, key) && PUBLIC.has(value)) yield { at, problem: `is ${String(value)}` };
  }
}

function* judgeService({ inputs }: JudgedResource): Generator<Fault> {
  const type = valueAt(inputs, "spec.type");
  if (type === UNKNOWN) yield cannotJudge("spec.type", "whether the Service is published");
  else if (PUBLIC.has(type)) yield { at: "spec.type", problem: `is ${String(type)}` };
  const addresses = listAt(inputs, "spec.externalIPs");
  if (addresses === UNKNOWN) yield cannotJudge("spec.externalIPs", "whether the Service is published");
  else if (addresses.length > 0) yield { at: "spec.externalIPs", problem: "publishes the Service on these addresses" };
}

function* judgeListeners({ inputs }: JudgedResource): Generator<Fault> {
  const listeners = listAt(inputs, "spec.kafka.listeners");
  if (listeners === UNKNOWN) {
    yield cannotJudge("spec.kafka.listeners", "who can reach Kafka");
    return;
  }
  for (const [index, listener] of listeners.entries()) {
    const [type, authentication] = [valueAt(listener, "type"), valueAt(listener, "authentication")];
    const at = `spec.kafka.listeners[${index}]`;
    if (type === UNKNOWN || authentication === UNKNOWN) yield cannotJudge(at, "who can reach Kafka");
    else if (type !== "internal" && !isTree(authentication)) {
      yield { at, problem: "publishes Kafka, and asks nobody who he is" };
    }
  }
}

/** Object kinds whose spec sets the type of Services that Seldon's operator makes. */
const OPERATED = new Set(["SeldonRuntime", "SeldonConfig"]);

function* judgeNames(resource: JudgedResource): Generator<Fault> {
  for (const { at, key, value } of places(resource.inputs["spec"], "spec")) {
    if (value === UNKNOWN) yield cannotJudge(at, "whether it publishes the control plane");
    else if (OPERATED.has(kindOf(resource) ?? "")) {
      if (isServiceType(at, key) && PUBLIC.has(value)) yield { at, problem: `is ${String(value)}` };
    } else if (typeof value === "string" && (key === "name" || key === "host") && CONTROL_PLANE.test(value)) {
      yield { at, problem: "leads to Seldon's control plane" };
    }
  }
}

/** What asks nobody who he is stays inside the cluster. */
export const noPublicControlPlane: ResourceRule = {
  id: "no-public-control-plane",
  what: "No Service of type LoadBalancer or NodePort, of this stack or by Helm values, and no route from outside to Seldon's control plane.",
  why: "Seldon's scheduler, agents and Envoy authenticate nobody. K3s' ServiceLB publishes every such Service on every node: whoever reaches a node could load models.",
  fix: "Use ClusterIP. The way in for models is the ingress (section ingress), which has TLS and a name.",
  enforcement: "mandatory",
  *judge(resource) {
    const kind = kindOf(resource);
    if (isRelease(resource)) yield* judgeValues(resource);
    else if (kind === "Service") yield* judgeService(resource);
    else if (kind === "Kafka") yield* judgeListeners(resource);
    else if (kind !== undefined && (ROUTES.has(kind) || OPERATED.has(kind))) yield* judgeNames(resource);
  },
};
