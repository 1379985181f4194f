/** Cases inside a server pod. */
import { DiagnosisWorld } from "../../support/diagnosis-world";
import { agentLine, agentWaits, ended, mlserverSays, mlserverSilent, P, type Reproduction } from "./case";

const { ago } = DiagnosisWorld;

export const SERVER_CASES: readonly Reproduction[] = [
  {
    injected: "MLServer is still starting (40 s)",
    verdict: "mlserver-starting",
    make: (world) => mlserverSilent(world, 40),
    says: [
      /run for 40 s of the 100 s/,
      /127\.0\.0\.1:9500 refused/,
      /NetworkPolicies are not involved/,
      /Nothing is broken/,
    ],
  },
  {
    injected: "MLServer is killed for want of memory",
    verdict: "oom-killed",
    make: (world) => {
      mlserverSilent(world, 5);
      ended(world, "mlserver", { reason: "OOMKilled", exitCode: 137 });
      world.unreadyModel();
    },
    says: [/OOMKilled, exit code 137/, /limit 1Gi/],
  },
  {
    injected: "MLServer crashes while it imports a runtime",
    verdict: "crashed",
    make: (world) => {
      mlserverSilent(world, 5);
      ended(world, "mlserver", { exitCode: 1 });
      world.log(
        P,
        "mlserver",
        ["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'xgboost'"],
        true,
      );
    },
    says: [/No module named 'xgboost'/],
  },
  {
    injected: "the start-up probe ends an MLServer that takes too long",
    verdict: "probe-killed",
    make: (world) => {
      mlserverSilent(world, 20);
      ended(world, "mlserver", { reason: "Error", exitCode: 137, seconds: 20 });
      world.container(P, "mlserver").status.state = { waiting: { reason: "CrashLoopBackOff" } };
      world.event(
        P,
        "Unhealthy",
        'Startup probe failed: Get "http://10.42.128.20:9000/v2/health/live": dial tcp 10.42.128.20:9000: connect: connection refused',
      );
    },
  },
  {
    injected: "only MLSERVER_GRPC_PORT was changed",
    verdict: "ports-differ",
    make: (world) => {
      world.env(P, "mlserver", { MLSERVER_GRPC_PORT: "9600" });
      world.ports(P, { 9500: "refused", 9600: "grpc" });
      agentWaits(world);
      world.log(P, "mlserver", mlserverSays("0.0.0.0", 9000, 9600));
      world.unreadyModel();
    },
    says: [
      /MLSERVER_GRPC_PORT=9600/,
      /127\.0\.0\.1:9600 answered/,
      /The CNI is not involved: in financial-ml\/mlserver-0 127\.0\.0\.1:9000 answered .* while 127\.0\.0\.1:9500 refused/,
    ],
  },
  {
    injected: "the environment was dropped: MLServer takes 8080 and 8081",
    verdict: "ports-differ",
    make: (world) => {
      mlserverSilent(world, 30);
      world.env(P, "mlserver", { MLSERVER_GRPC_PORT: undefined, MLSERVER_HTTP_PORT: undefined });
      world.ports(P, { 8080: "live", 8081: "grpc" });
      world.log(P, "mlserver", mlserverSays("0.0.0.0", 8080, 8081));
    },
    says: [/MLSERVER_GRPC_PORT is not set, so MLServer takes its default 8081/],
  },
  {
    injected: "a second MLSERVER_HTTP_PORT at the end of the list wins",
    verdict: "ports-differ",
    make: (world) => {
      mlserverSilent(world, 400);
      world.container(P, "mlserver").spec.env!.push({ name: "MLSERVER_HTTP_PORT", value: "8000" });
      world.ports(P, { 8000: "live", 9500: "grpc" });
    },
    says: [/MLSERVER_HTTP_PORT=8000 \(stands 2 times; the last one counts\)/],
  },
  {
    injected: "MLSERVER_HOST is the pod's address",
    verdict: "mlserver-host",
    make: (world) => {
      world.env(P, "mlserver", { MLSERVER_HOST: { fieldPath: "status.podIP" } });
      world.ports(P, { 9000: "refused", 9500: "refused" });
      world.log(P, "mlserver", mlserverSays("10.42.128.20", 9000, 9500));
      agentWaits(world);
    },
    says: [
      /running on http:\/\/10\.42\.128\.20:9500/,
      /the kubelet, which asks the pod's address 10\.42\.128\.20, finds container mlserver ready/,
    ],
  },
  {
    injected: "MLSERVER_HOST is 127.0.0.1",
    verdict: "mlserver-host-loopback",
    make: (world) => {
      world.env(P, "mlserver", { MLSERVER_HOST: "127.0.0.1" });
      world.unready(P, "mlserver", "agent");
      ended(world, "mlserver", { exitCode: 137, looping: false });
      world.event(
        P,
        "Unhealthy",
        'Startup probe failed: Get "http://10.42.128.20:9000/v2/health/live": connection refused',
      );
      world.log(P, "mlserver", mlserverSays("127.0.0.1", 9000, 9500));
    },
  },
  {
    injected: "the container of the podSpec is called ml-server",
    verdict: "wrong-container-name",
    make: (world) => {
      const extra = { name: "ml-server", image: "docker.io/seldonio/mlserver:1.7.1-custom" };
      world.objects.servers[0]!.spec!.podSpec = { containers: [extra] };
      for (const name of [P, "mlserver-1"]) {
        world.pod(name).spec!.containers.push(structuredClone(extra));
        world.pod(name).status!.containerStatuses!.push({
          name: "ml-server",
          ready: false,
          restartCount: 4,
          lastState: { terminated: { exitCode: 1, reason: "Error", finishedAt: ago(20) } },
          state: { waiting: { reason: "CrashLoopBackOff" } },
        });
        world.unready(name, "ml-server");
        world.log(
          name,
          "ml-server",
          ["OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8082): address already in use"],
          true,
        );
      }
    },
    says: [/knows rclone, agent, mlserver/, /address already in use/],
  },
  {
    injected: "Service mlserver-metrics sets MLSERVER_METRICS_PORT",
    verdict: "service-link-env",
    make: (world) => {
      mlserverSilent(world, 2);
      world.objects.services.push({
        metadata: { name: "mlserver-metrics", namespace: "financial-ml", creationTimestamp: ago(7200) },
        spec: { clusterIP: "10.43.0.99", ports: [{ port: 8082 }] },
      });
      ended(world, "mlserver", { exitCode: 1 });
      world.log(
        P,
        "mlserver",
        [
          "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings",
          "metrics_port",
          "  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='tcp://10.43.0.99:8082', input_type=str]",
        ],
        true,
      );
    },
    says: [/MLSERVER_METRICS_PORT=tcp:\/\/10\.43\.0\.99:8082/, /1 validation error for Settings/],
  },
  {
    injected: "a ServerConfig without SELDON_SCHEDULER_PORT: Service seldon-scheduler sets it",
    verdict: "service-link-env",
    make: (world) => {
      world.env(P, "agent", { SELDON_SCHEDULER_PORT: undefined });
      ended(world, "agent", { exitCode: 1 });
      world.log(
        P,
        "agent",
        ['time="2026-11-23T01:59:00Z" level=fatal msg="Failed to parse SELDON_SCHEDULER_PORT with value 0"'],
        true,
      );
    },
  },
  {
    injected: "proxy variables without 0.0.0.0 in NO_PROXY",
    verdict: "proxy-env",
    make: (world) => {
      world.env(P, "agent", {
        HTTPS_PROXY: "http://bob:hunter2@proxy.example.com:3128",
        HTTP_PROXY: "http://proxy.example.com:3128",
        NO_PROXY: "localhost,127.0.0.1,10.0.0.0/8,.svc",
      });
      agentWaits(world);
    },
    says: [/HTTPS_PROXY=http:\/\/\[secret\]@proxy/, /127\.0\.0\.1:9500 answered/],
  },
  {
    injected: "the agent is stuck after an outage of 30 s",
    verdict: "agent-stuck",
    make: (world) => {
      world.unready(P, "agent");
      world.ports(P, { 9008: "gone" });
      ended(world, "mlserver", { reason: "OOMKilled", exitCode: 137, seconds: 1200, restarts: 1, looping: false });
      world.log(P, "agent", [
        agentLine("info", "Subscribed to scheduler"),
        agentLine(
          "error",
          "Giving up on waiting for Inference Server service to become ready; service marked as failed",
          "connection refused",
        ),
        agentLine("info", "Shutting down stream to scheduler"),
        agentLine("warning", "Agent readiness HTTP handler failed, target not set"),
      ]);
    },
    says: [
      /answered in .*404/,
      /ServerLive: live = true/,
      /delete pod mlserver-0|MLServer, the scheduler and the CNI are not involved any more/,
    ],
  },
  {
    injected: "the image of MLServer cannot be pulled",
    verdict: "image-pull",
    make: (world) => {
      const { status } = world.container(P, "mlserver");
      status.state = {
        waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "docker.io/seldonio/mlserver:9"' },
      };
      world.unready(P, "mlserver", "agent");
      world.pod(P).status!.phase = "Pending";
    },
  },
  {
    injected: "no node has the memory for a server pod",
    verdict: "pod-unschedulable",
    make: (world) => {
      const pod = world.pod(P);
      pod.spec!.nodeName = undefined;
      pod.status = {
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
    },
    says: [/2 Insufficient memory/],
  },
  {
    injected: "the CNI plugin is missing on the node",
    verdict: "sandbox-failed",
    make: (world) => {
      const pod = world.pod(P);
      pod.status = { phase: "Pending", conditions: [{ type: "PodScheduled", status: "True" }] };
      world.event(
        P,
        "FailedCreatePodSandBox",
        'Failed to create pod sandbox: plugin type="loopback" failed (add): failed to find plugin "loopback" in path [/opt/cni/bin]',
      );
    },
  },
  {
    injected: "MLServer hangs before it listens (400 s of its 100 s)",
    verdict: "mlserver-not-listening",
    make: (world) => {
      mlserverSilent(world, 400);
      world.log(P, "mlserver", ["INFO:     Waiting for application startup."]);
    },
    says: [/has run for 400 s; 100 s are its time to start/, /Waiting for application startup/],
  },
  {
    injected: "MLServer accepts connections and says nothing",
    verdict: "mlserver-silent",
    make: (world) => {
      agentWaits(world);
      world.ports(P, { 9500: "hangsUp" });
    },
  },
  {
    injected: "an HTTP server stands on 9500",
    verdict: "other-protocol",
    make: (world) => {
      agentWaits(world);
      world.ports(P, { 9500: "live" });
    },
    says: [/127\.0\.0\.1:9500 speaks no HTTP\/2/],
  },
  {
    injected: "a pod is a minute old",
    verdict: "pod-creating",
    make: (world) => {
      world.pod(P).metadata.creationTimestamp = ago(60);
      world.pod(P).status = { phase: "Pending", conditions: [{ type: "PodScheduled", status: "True" }] };
    },
  },
];
