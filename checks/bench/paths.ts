/** The ways that are measured, as a table: who asks whom for what. Pure. */
import { POD_LABELS } from "../../components/network-policies/endpoints";
import { MESH_SERVICE_PORT, PORTS } from "../../components/network-policies/ports";
import type { Places } from "../policy/places";
import type { ProbePodSpec } from "../probe-pods/manifest";
import { PLAIN_PORT } from "../probe-pods/script";
import { INFERENCE_BODY } from "../criteria/inference";
import { CLIENT_COMMAND } from "./client-program";
import type { Request } from "./job";

/** What is known of the cluster before anything is measured. */
export interface Scene {
  readonly namespace: string;
  readonly places: Places;
  /** The server pod that is measured; absent where none runs. */
  readonly server?: { readonly name: string; readonly address: string };
  /** The smoke model's name, and the one under which the server pod holds it; absent where it holds none. */
  readonly model: { readonly name: string; readonly held?: string };
}

/** Pods that measure, by what they stand for. */
export type Client = "envoy-here" | "envoy-there" | "server-here";

/**
 * They wear labels of whom they stand for, so that the policies let them through as they would let those. Their Service
 * sends them nothing: a readiness gate that is never true keeps every probe pod out of it.
 */
export function clientSpecs({ namespace, places }: Pick<Scene, "namespace" | "places">): ProbePodSpec[] {
  const spec = (key: Client, component: "envoy" | "server", node: string, port: number): ProbePodSpec => ({
    key: `bench-${key}`,
    namespace,
    node,
    labels: POD_LABELS[component],
    ports: [port],
    kubeletPort: port,
    command: CLIENT_COMMAND,
  });
  return [
    spec("server-here", "server", places.here, PORTS.server.proxyHttp),
    spec("envoy-here", "envoy", places.here, PLAIN_PORT),
    ...(places.there === undefined ? [] : [spec("envoy-there", "envoy", places.there, PLAIN_PORT)]),
  ];
}

/** The key of a client's pod. */
export const clientKey = (client: Client): string => `bench-${client}`;

const get = (host: string, port: number, path: string): Request => ({
  host,
  port,
  method: "GET",
  path,
  headers: {},
  body: "",
  expect: [],
});

function infer(host: string, port: number, model: string, header: string): Request {
  const headers = { "Content-Type": "application/json", [header]: model };
  const bare = model.replace(/_\d+$/, "");
  return { host, port, method: "POST", path: `/v2/models/${bare}/infer`, headers, body: INFERENCE_BODY, expect: [200] };
}

/** A way from one of our pods. */
interface PodPath {
  readonly kind: "pod";
  readonly client: Client;
  /** @param peer Address of the pod that stands for a server. @returns why it cannot be measured, instead. */
  readonly request: (scene: Scene, peer: string) => Request | string;
}

/** Loopback inside the server pod, by port-forward. */
interface ForwardPath {
  readonly kind: "forward";
  readonly port: number;
  readonly protocol: "http" | "grpc";
}

export type PathRow = (PodPath | ForwardPath) & {
  readonly id: string;
  readonly title: string;
  readonly from: string;
  readonly to: string;
};

const HERE = "a pod on the server's node";
const THERE = "a pod on another node";
const NO_MODEL = "no server pod holds the smoke model";

const agent = ({ server, model }: Scene): Request | string => {
  if (server === undefined || model.held === undefined) return NO_MODEL;
  return infer(server.address, PORTS.server.proxyHttp, model.held, "seldon-internal-model");
};

/**
 * Between our own pods it is the network alone; through the agent it is the network, the agent, and its loopback way to
 * the inference server; through the Service it is also kube-proxy's choice and Envoy.
 */
export const PATHS: readonly PathRow[] = [
  {
    id: "loopback-http",
    title: "loopback in the server pod, HTTP, by port-forward",
    from: "this machine",
    to: `127.0.0.1:${PORTS.server.inferenceHttp} in the server pod`,
    kind: "forward",
    port: PORTS.server.inferenceHttp,
    protocol: "http",
  },
  {
    id: "loopback-grpc",
    title: "loopback in the server pod, gRPC, by port-forward",
    from: "this machine",
    to: `127.0.0.1:${PORTS.server.inferenceGrpc} in the server pod`,
    kind: "forward",
    port: PORTS.server.inferenceGrpc,
    protocol: "grpc",
  },
  {
    id: "pod-loopback",
    title: "loopback in a pod of ours",
    from: HERE,
    to: "itself",
    kind: "pod",
    client: "server-here",
    request: () => get("127.0.0.1", PORTS.server.proxyHttp, "/"),
  },
  {
    id: "pod-same-node",
    title: "pod to pod on one node",
    from: HERE,
    to: "a pod of ours there",
    kind: "pod",
    client: "envoy-here",
    request: (_, peer) => get(peer, PORTS.server.proxyHttp, "/"),
  },
  {
    id: "pod-across-nodes",
    title: "pod to pod across nodes",
    from: THERE,
    to: "a pod of ours on the server's node",
    kind: "pod",
    client: "envoy-there",
    request: (_, peer) => get(peer, PORTS.server.proxyHttp, "/"),
  },
  {
    id: "agent-same-node",
    title: "inference through the agent, one node",
    from: HERE,
    to: `the server pod, port ${PORTS.server.proxyHttp}`,
    kind: "pod",
    client: "envoy-here",
    request: agent,
  },
  {
    id: "agent-across-nodes",
    title: "inference through the agent, across nodes",
    from: THERE,
    to: `the server pod, port ${PORTS.server.proxyHttp}`,
    kind: "pod",
    client: "envoy-there",
    request: agent,
  },
  {
    id: "service",
    title: "Service seldon-mesh, answered by Envoy",
    from: HERE,
    to: `Service seldon-mesh:${MESH_SERVICE_PORT}`,
    kind: "pod",
    client: "server-here",
    request: () => get("seldon-mesh", MESH_SERVICE_PORT, "/"),
  },
  {
    id: "inference",
    title: "inference through the ingress",
    from: HERE,
    to: `Service seldon-mesh:${MESH_SERVICE_PORT}, and on to the smoke model`,
    kind: "pod",
    client: "server-here",
    request: ({ model }) => infer("seldon-mesh", MESH_SERVICE_PORT, model.name, "seldon-model"),
  },
];
