/**
 * Every port of the system, named once. The flow table, the checks and the docs take their numbers from here.
 *
 * Container ports, not Service ports: kube-proxy rewrites the destination before a policy sees the packet.
 * Source: Seldon Core 2.9.1 and 2.10.2, chart `seldon-core-v2-setup` (container ports and arguments) and
 * `scheduler/cmd/agent/cli/cli.go` for those that the chart does not declare.
 */
export const PORTS = {
  operator: {
    /** controller-runtime metrics; default of the flag `metrics-bind-address`, declared by no chart. */
    metrics: 4000,
    health: 8081,
  },
  scheduler: {
    /** Envoy's configuration (xDS). No authentication. */
    xds: 9002,
    /** Control plane gRPC. No authentication. */
    control: 9004,
    controlTls: 9044,
    /** Where agents register. No authentication. */
    agent: 9005,
    agentTls: 9055,
    /** Pipeline topology for the dataflow engine. No authentication, and no TLS in any version. */
    chainer: 9008,
    /** HTTP probes, from 2.10 on. */
    health: 9999,
  },
  envoy: {
    /** Inference over REST and gRPC; behind port 80 of the Service `seldon-mesh`. */
    inference: 9000,
    /** Copies of mirrored requests; Envoy calls itself there over loopback. */
    mirror: 9001,
    /** Readiness and `/stats/prometheus`. */
    stats: 9003,
    /** Admin interface, used by the preStop hook over loopback. */
    admin: 9901,
  },
  server: {
    /** Agent's reverse proxy, REST: the way in for inference. */
    proxyHttp: 9001,
    /** Agent's reverse proxy, gRPC. */
    proxyGrpc: 9501,
    /** Inference server, REST (`/v2/health/ready`). No authentication, and it would bypass the agent. */
    inferenceHttp: 9000,
    /** Inference server, gRPC (`ServerLive`). No HTTP/1.1 client gets an answer here. */
    inferenceGrpc: 9500,
    mlserverMetrics: 8082,
    tritonMetrics: 8002,
    agentMetrics: 9006,
    /** Agent's drainer; the preStop hooks call `/terminate`. No authentication. */
    drainer: 9007,
    /** Agent's own verdict, `/ready`. */
    readiness: 9008,
    /** rclone's remote control. No authentication. */
    rclone: 5572,
    /** Agent's debug service. No authentication. */
    debug: 7777,
  },
  modelgateway: { health: 9999 },
  pipelinegateway: { http: 9010, grpc: 9011, metrics: 9006, health: 9999 },
  dataflow: { health: 8000 },
  hodometer: { publish: 80 },
  kubernetes: {
    /** K3s' API server on the nodes, the endpoint behind Service `kubernetes`:443. */
    apiServer: 6443,
    dns: 53,
  },
} as const;

/** Port of the Service `seldon-mesh` that clients dial. */
export const MESH_SERVICE_PORT = 80;

/** Ports that answer anybody who reaches them: only a NetworkPolicy stands before them. */
export const UNAUTHENTICATED_PORTS = {
  scheduler: [PORTS.scheduler.xds, PORTS.scheduler.control, PORTS.scheduler.agent, PORTS.scheduler.chainer],
  server: [
    PORTS.server.rclone,
    PORTS.server.debug,
    PORTS.server.drainer,
    PORTS.server.inferenceHttp,
    PORTS.server.inferenceGrpc,
  ],
  envoy: [PORTS.envoy.mirror, PORTS.envoy.admin],
} as const;
