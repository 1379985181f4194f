/** What is broken in the lab, how it comes about there, and what the diagnosis must name. Data. */
import type { Change } from "./objects";
import {
  deadHostPort,
  firewall,
  flannelRules,
  noDeadHostPort,
  noFirewall,
  noFlannelRules,
  noRouterRules,
  otherCni,
  routerRules,
  sweepCni,
} from "./machines";
import { MLSERVER_IMAGE } from "../image/seldon-image";
import { type Container, variables } from "./pod";
import type { PodView, Stage } from "./stage";

export interface Injection {
  /** What is done, in one line, as the table of docs/benchmarks/diagnosis.md has it. */
  readonly cause: string;
  /** Rule that must stand first; `nothing` where nothing is wrong. */
  readonly verdict: string;
  /** Part of the short run. @default false */
  readonly short?: boolean;
  readonly change?: Change;
  /** Before the server pod is made anew. */
  readonly prepare?: (stage: Stage) => Promise<unknown>;
  /** Puts back what `prepare` did, once the pod is gone. */
  readonly undo?: (stage: Stage) => Promise<unknown>;
  /** The state in which somebody asks. */
  readonly state: string;
  readonly holds: (pod: PodView) => boolean;
  /** Something that must be so on the network at that moment, beside the pod's own state. */
  readonly proof?: (stage: Stage, pod: PodView) => Promise<void> | void;
}

/** A podSpec of the Server with one container. */
const server = (container: Container): Change => ({ server: { containers: [container] } });
const mlserver = (values: Readonly<Record<string, string>>): Change =>
  server({ name: "mlserver", env: variables(values) });

const said = (pod: PodView, container: string, words: RegExp): boolean =>
  words.test(pod.containers[container]?.log ?? "");
const restarted = (pod: PodView, container: string): boolean => (pod.containers[container]?.restarts ?? 0) > 0;
const listens = (pod: PodView): boolean => said(pod, "mlserver", /gRPC server running on/);
const agentWaits = (pod: PodView): boolean => said(pod, "agent", /Waiting for Inference Server .*connection refused/);
const noScheduler = (pod: PodView): boolean => said(pod, "agent", /Scheduler not ready/);

/** Somewhere that refuses: the admin machine has no proxy. */
const PROXY = "http://192.0.2.1:3128";
const METRICS = "mlserver-metrics";

export const INJECTIONS: readonly Injection[] = [
  {
    cause: "nothing: real MLServer 1.7.1 and rclone, all containers ready",
    verdict: "nothing",
    short: true,
    state: "readiness of the server pod",
    holds: ({ ready }) => ready,
  },
  {
    cause: "only MLSERVER_GRPC_PORT is changed, to 9600",
    verdict: "ports-differ",
    short: true,
    change: mlserver({ MLSERVER_GRPC_PORT: "9600" }),
    state: "an agent that is refused by an MLServer that listens",
    holds: (pod) => listens(pod) && agentWaits(pod),
  },
  {
    cause: "MLServer is still starting: its container unpacks an environment for 40 s first",
    verdict: "mlserver-starting",
    change: server({ name: "mlserver", command: ["sh", "-c", "sleep 40; exec mlserver start /mnt/agent/models"] }),
    state: "an agent that is refused",
    holds: agentWaits,
  },
  {
    cause: "MLServer crashes: MLSERVER_PARALLEL_WORKERS is no number",
    verdict: "crashed",
    change: mlserver({ MLSERVER_PARALLEL_WORKERS: "many" }),
    state: "a restart of MLServer",
    holds: (pod) => restarted(pod, "mlserver"),
  },
  {
    cause: "MLSERVER_HOST is the pod's address",
    verdict: "mlserver-host",
    change: server({
      name: "mlserver",
      env: [{ name: "MLSERVER_HOST", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
    }),
    state: "an agent that is refused by an MLServer that listens",
    holds: (pod) => listens(pod) && agentWaits(pod),
  },
  {
    cause: "the container of the Server's podSpec is called ml-server",
    verdict: "wrong-container-name",
    change: server({
      name: "ml-server",
      image: MLSERVER_IMAGE,
      command: ["mlserver", "start", "/mnt/agent/models"],
      workingDir: "/tmp",
      env: variables({ MLSERVER_HTTP_PORT: "9000", MLSERVER_GRPC_PORT: "9500" }),
      volumeMounts: [{ name: "mlserver-models", mountPath: "/mnt/agent" }],
    }),
    state: "two servers that want one port",
    holds: (pod) =>
      ["mlserver", "ml-server"].some((name) => restarted(pod, name) || said(pod, name, /address already in use/i)),
  },
  {
    cause: "a Service called mlserver-metrics puts MLSERVER_METRICS_PORT=tcp://... into the pod",
    verdict: "service-link-env",
    prepare: (stage) => stage.kubectl("create", "service", "clusterip", METRICS, "--tcp=8082:8082"),
    undo: (stage) => stage.kubectl("delete", "service", METRICS, "--ignore-not-found"),
    state: "a restart of MLServer",
    holds: (pod) => restarted(pod, "mlserver"),
  },
  {
    cause: "proxy variables in the agent without 0.0.0.0 in NO_PROXY",
    verdict: "proxy-env",
    change: server({
      name: "agent",
      env: variables({ HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: "127.0.0.1,localhost,.svc,10.43.0.0/16" }),
    }),
    state: "an agent whose questions go to the proxy, beside an MLServer that is ready",
    holds: (pod) => pod.containers["mlserver"]?.ready === true && said(pod, "agent", /proxyconnect tcp/),
  },
  {
    cause: "a bridge, not Calico, connected the pod: its address is of the node's podCIDR",
    verdict: "pod-address-outside-pools",
    prepare: otherCni,
    undo: sweepCni,
    state: "an agent without its scheduler",
    holds: noScheduler,
    proof: (_, { ip = "" }) => {
      if (!/^10\.42\.[0-9]\./.test(ip)) throw new Error(`the pod has ${ip}: Calico connected it after all`);
    },
  },
  {
    cause: "Flannel's rules are left in the NAT table of the server pod's machine",
    verdict: "flannel-leftovers",
    prepare: flannelRules,
    undo: noFlannelRules,
    state: "an agent without its scheduler",
    holds: noScheduler,
  },
  {
    cause: "frozen rules of kube-router are left on the scheduler's machine",
    verdict: "kube-router-leftovers",
    prepare: routerRules,
    undo: noRouterRules,
    state: "an agent without its scheduler",
    holds: noScheduler,
  },
  {
    cause: "a host port of a pod that was recreated after the change of CNI is dead",
    verdict: "dead-host-ports",
    prepare: deadHostPort,
    undo: noDeadHostPort,
    state: "readiness of the server pod",
    holds: ({ ready }) => ready,
  },
  {
    cause: "the NetworkPolicy that lets agents in to the scheduler is gone",
    verdict: "scheduler-policy",
    prepare: (stage) => stage.withoutPolicy("scheduler"),
    undo: (stage) => stage.declare(),
    state: "an agent without its scheduler",
    holds: noScheduler,
  },
  {
    cause: "a firewall between the machines drops connections to 9005",
    verdict: "scheduler-policy",
    prepare: firewall,
    undo: noFirewall,
    state: "an agent without its scheduler",
    holds: noScheduler,
  },
];
