/** How the way between pods is broken, in the words of the agent. */
import { podOf } from "../../support/diagnosis-objects";
import { DiagnosisWorld } from "../../support/diagnosis-world";
import { agentLine, ended, P } from "./case";

const { ago } = DiagnosisWorld;

export const dialling = (error: string): string =>
  `rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: ${error}\\"`;

/** MLServer is up, and the agent cannot register. */
export function noScheduler(world: DiagnosisWorld, error: string, pod = P): void {
  world.unready(pod, "agent");
  world.ports(pod, { 9008: "waiting" });
  world.log(pod, "agent", [
    agentLine("info", "All critical agent subservices ready."),
    agentLine("info", "Call subscribe to scheduler"),
    agentLine("error", "Scheduler not ready", dialling(error)),
  ]);
}

export const TIMEOUT = "dial tcp 10.43.0.20:9005: i/o timeout";

export function apiFails(world: DiagnosisWorld, error: string): void {
  world.unready(P, "agent");
  world.ports(P, { 9008: "waiting" });
  world.log(P, "agent", [
    agentLine("info", "Subscribed to scheduler"),
    agentLine(
      "error",
      "Scheduler not ready",
      `failed waiting to check if pod's IP is published to endpoints: failed to list endpointslice for mlserver-0: ${error}`,
    ),
  ]);
}

export const API_TIMEOUT =
  'Get \\"https://10.43.0.1:443/apis/discovery.k8s.io/v1/namespaces/financial-ml/endpointslices\\": dial tcp 10.43.0.1:443: i/o timeout';

/** Takes a rule out of a policy of the stack, by the words in its annotation's place: the port. */
export function close(world: DiagnosisWorld, policy: string, direction: "ingress" | "egress", port: number): void {
  const found = world.objects.policies.find(
    ({ metadata }) => metadata.namespace === "financial-ml" && metadata.name === policy,
  );
  const rules = found?.spec?.[direction];
  if (found?.spec === undefined || rules === undefined) throw new Error(`no policy ${policy} with ${direction}`);
  found.spec[direction] = rules.filter(({ ports = [] }) => !ports.some((one) => one.port === port));
}

export function gateway(world: DiagnosisWorld, log: readonly string[]): void {
  const name = "seldon-dataflow-engine-6f-abcde";
  world.objects.pods.push(
    podOf(name, {
      node: "a1",
      ip: "10.42.160.30",
      labels: { "app.kubernetes.io/name": "seldon-dataflow-engine" },
      containers: [
        {
          name: "dataflow-engine",
          env: [{ name: "SELDON_KAFKA_BOOTSTRAP_SERVERS", value: "seldon-kafka-bootstrap.financial-ml:9092" }],
        },
      ],
    }),
  );
  ended(world, "dataflow-engine", { exitCode: 1, pod: name });
  world.log(name, "dataflow-engine", log, true);
}

/** The scheduler was restarted, and a replica does not come. */
export function restarted(world: DiagnosisWorld, seconds: number, log: readonly string[]): void {
  world.container("seldon-scheduler-0", "scheduler").status.state = { running: { startedAt: ago(seconds) } };
  world.log("seldon-scheduler-0", "scheduler", log);
  world.pod("mlserver-1").status = {
    phase: "Pending",
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/2 nodes are available: 2 Insufficient memory.",
      },
    ],
  };
  world.objects.models[0]!.status = { conditions: [{ type: "Ready", status: "Unknown" }] };
}

export const CONNECTED = 'time="x" level=info msg="Received agent subscribe request from mlserver:0" func=Subscribe';
