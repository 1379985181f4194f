/** What looks like a case inside a server pod, and is another or none. */
import { DiagnosisWorld } from "../../support/diagnosis-world";
import { agentWaits, ended, mlserverSays, mlserverSilent, type NearMiss, P } from "./case";

const { ago } = DiagnosisWorld;

export const SERVER_NEAR_MISSES: readonly NearMiss[] = [
  {
    what: "MLServer that has not listened for 130 s of its 100 s",
    not: "mlserver-starting",
    make: (world) => mlserverSilent(world, 130),
    verdict: "mlserver-not-listening",
  },
  {
    what: "MLServer that said that it listens elsewhere, 40 s after its start",
    not: "mlserver-starting",
    verdict: "ports-differ",
    make: (world) => {
      mlserverSilent(world, 40);
      world.env(P, "mlserver", { MLSERVER_HTTP_PORT: "8080", MLSERVER_GRPC_PORT: "8081" });
      world.ports(P, { 8080: "live", 8081: "grpc" });
      world.log(P, "mlserver", mlserverSays("0.0.0.0", 8080, 8081));
    },
  },
  {
    what: "exit code 137 after a failed liveness probe, with no OOM",
    not: "oom-killed",
    verdict: "probe-killed",
    make: (world) => {
      mlserverSilent(world, 130);
      ended(world, "mlserver", { exitCode: 137 });
      world.event(P, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500");
    },
  },
  {
    what: "an OOM two hours ago in a pod that is Ready",
    not: "oom-killed",
    make: (world) =>
      ended(world, "mlserver", { reason: "OOMKilled", exitCode: 137, seconds: 7200, restarts: 1, looping: false }),
  },
  {
    what: "a container that ended by itself with exit code 0",
    not: "crashed",
    make: (world) => ended(world, "mlserver", { reason: "Completed", exitCode: 0, looping: false }),
  },
  {
    what: "a failed readiness probe of a pod that is Ready again",
    not: "probe-killed",
    make: (world) => {
      ended(world, "mlserver", { exitCode: 143, looping: false });
      world.event(P, "Unhealthy", "Liveness probe failed: connection refused");
    },
  },
  {
    what: "both sides moved to the same port",
    not: "ports-differ",
    verdict: "mlserver-starting",
    make: (world) => {
      mlserverSilent(world, 20);
      world.env(P, "mlserver", { MLSERVER_GRPC_PORT: "9600" });
      world.env(P, "agent", { SELDON_SERVER_GRPC_PORT: "9600" });
      world.ports(P, { 9600: "refused" });
    },
  },
  {
    what: "a wrong MLSERVER_GRPC_PORT that a later one sets right",
    not: "ports-differ",
    verdict: "mlserver-starting",
    make: (world) => {
      mlserverSilent(world, 20);
      world.container(P, "mlserver").spec.env!.unshift({ name: "MLSERVER_GRPC_PORT", value: "8081" });
    },
  },
  {
    what: "MLSERVER_HOST 0.0.0.0, written out",
    not: "mlserver-host",
    verdict: "mlserver-starting",
    make: (world) => {
      mlserverSilent(world, 20);
      world.env(P, "mlserver", { MLSERVER_HOST: "0.0.0.0" });
    },
  },
  {
    what: "MLSERVER_HOST 127.0.0.1 in a pod whose agent waits for the scheduler",
    not: "mlserver-host",
    verdict: "mlserver-host-loopback",
    make: (world) => {
      world.env(P, "mlserver", { MLSERVER_HOST: "127.0.0.1" });
      world.unready(P, "mlserver", "agent");
      world.ports(P, { 9008: "waiting" });
    },
  },
  {
    what: "MLSERVER_HOST 127.0.0.1 where nobody probes: the container is ready",
    not: "mlserver-host-loopback",
    make: (world) => world.env(P, "mlserver", { MLSERVER_HOST: "127.0.0.1" }),
  },
  {
    what: "a sidecar in the Server's podSpec that ships logs",
    not: "wrong-container-name",
    make: (world) => {
      world.objects.servers[0]!.spec!.podSpec = {
        containers: [
          { name: "fluent-bit", image: "docker.io/fluent/fluent-bit:3", ports: [{ containerPort: 2020 }] },
          { name: "mlserver", resources: { requests: { memory: "2Gi" } } },
        ],
      };
    },
  },
  {
    what: "a headless Service mlserver-metrics beside a crash",
    not: "service-link-env",
    verdict: "crashed",
    make: (world) => {
      world.objects.services.push({
        metadata: { name: "mlserver-metrics", namespace: "financial-ml" },
        spec: { clusterIP: "None", ports: [{ port: 8082 }] },
      });
      ended(world, "mlserver", { exitCode: 1 });
      world.log(P, "mlserver", ["ModuleNotFoundError: No module named 'torch'"], true);
    },
  },
  {
    what: "a Service mlserver-metrics beside a container that sets the port itself",
    not: "service-link-env",
    verdict: "crashed",
    make: (world) => {
      world.env(P, "mlserver", { MLSERVER_METRICS_PORT: "8082" });
      world.objects.services.push({
        metadata: { name: "mlserver-metrics", namespace: "financial-ml" },
        spec: { clusterIP: "10.43.0.99", ports: [{ port: 8082 }] },
      });
      ended(world, "mlserver", { exitCode: 1 });
    },
  },
  {
    what: "proxy variables with 0.0.0.0 in NO_PROXY",
    not: "proxy-env",
    verdict: "unexplained",
    make: (world) => {
      world.env(P, "agent", {
        HTTPS_PROXY: "http://proxy.example.com:3128",
        NO_PROXY: "localhost,0.0.0.0,seldon-scheduler",
      });
      agentWaits(world);
    },
  },
  {
    what: "proxy variables beside an MLServer that is starting",
    not: "proxy-env",
    verdict: "mlserver-starting",
    make: (world) => {
      mlserverSilent(world, 20);
      world.env(P, "agent", { HTTPS_PROXY: "http://proxy.example.com:3128" });
    },
  },
  {
    what: "an agent that still waits: /ready answers 503",
    not: "agent-stuck",
    verdict: "unexplained",
    make: (world) => agentWaits(world),
  },
  {
    what: "an agent that drains because its pod is deleted",
    not: "agent-stuck",
    make: (world) => {
      world.unready(P, "agent");
      world.ports(P, { 9008: "gone" });
      world.pod(P).metadata.deletionTimestamp = ago(5);
    },
  },
  {
    what: "an image that is being pulled for the first time",
    not: "image-pull",
    verdict: "unexplained",
    make: (world) => {
      world.container(P, "mlserver").status.state = { waiting: { reason: "ContainerCreating" } };
      world.unready(P, "mlserver");
      world.pod(P).status!.phase = "Pending";
    },
  },
  {
    what: "a Pending pod that has its node",
    not: "pod-unschedulable",
    verdict: "unexplained",
    make: (world) => {
      world.pod(P).status = { phase: "Pending", conditions: [{ type: "PodScheduled", status: "True" }] };
    },
  },
  {
    what: "a sandbox that failed once, in a pod that runs and starts",
    not: "sandbox-failed",
    verdict: "mlserver-starting",
    make: (world) => {
      mlserverSilent(world, 20);
      world.event(P, "FailedCreatePodSandBox", "Failed to create pod sandbox: context deadline exceeded");
    },
  },
  {
    what: "MLServer that has 90 s of its 100 s behind it",
    not: "mlserver-not-listening",
    verdict: "mlserver-starting",
    make: (world) => mlserverSilent(world, 90),
  },
  {
    what: "a port that refuses",
    not: "mlserver-silent",
    verdict: "mlserver-not-listening",
    make: (world) => mlserverSilent(world, 400),
  },
  {
    what: "a port that answers as it should, under an agent that waits",
    not: "other-protocol",
    verdict: "unexplained",
    make: (world) => agentWaits(world),
  },
  {
    what: "a Pending pod with a node, an hour old",
    not: "pod-creating",
    verdict: "unexplained",
    make: (world) => {
      world.pod(P).status = { phase: "Pending", conditions: [{ type: "PodScheduled", status: "True" }] };
    },
  },
  {
    what: "a Server's pods that start, on a machine with leftovers of Flannel",
    not: "scheduler-policy",
    verdict: "mlserver-starting",
    make: (world) => {
      world.declareMachines({ s1: { chain: ["nat FLANNEL-POSTRTG"] } });
      mlserverSilent(world, 20);
    },
  },
];
