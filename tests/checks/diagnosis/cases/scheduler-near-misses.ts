/** What looks like a broken way between pods, and is another cause or none. */
import { agentLine, P, type NearMiss } from "./case";
import {
  noScheduler,
  apiFails,
  close,
  gateway,
  restarted,
  dialling,
  TIMEOUT,
  API_TIMEOUT,
  CONNECTED,
} from "./connections";

export const SCHEDULER_NEAR_MISSES: readonly NearMiss[] = [
  {
    what: "an old complaint about the scheduler, and a subscription since",
    not: "scheduler-policy",
    verdict: "unexplained",
    make: (world) => {
      noScheduler(world, TIMEOUT);
      world.log(P, "agent", [
        agentLine("error", "Scheduler not ready", dialling(TIMEOUT)),
        agentLine("info", "Subscribed to scheduler"),
      ]);
    },
  },
  {
    what: "a refused scheduler that is down",
    not: "scheduler-policy",
    verdict: "scheduler-down",
    make: (world) => {
      noScheduler(world, "dial tcp 10.43.0.20:9005: connect: connection refused");
      world.unready("seldon-scheduler-0", "scheduler");
    },
  },
  {
    what: "a name that no DNS could know, because its Service is gone",
    not: "scheduler-policy",
    verdict: "scheduler-service",
    make: (world) => {
      noScheduler(world, "dial tcp: lookup seldon-scheduler on 10.43.0.10:53: no such host");
      world.objects.services = [];
    },
  },
  {
    what: "packets to the scheduler that are dropped",
    not: "scheduler-dns",
    verdict: "scheduler-policy",
    make: (world) => {
      noScheduler(world, TIMEOUT);
      close(world, "allow-scheduler", "ingress", 9005);
    },
  },
  {
    what: "a Service that is as it should be before a policy that is not",
    not: "scheduler-service",
    verdict: "scheduler-policy",
    make: (world) => {
      noScheduler(world, TIMEOUT);
      close(world, "allow-scheduler", "ingress", 9005);
    },
  },
  {
    what: "a scheduler that is Ready again, and an agent that has subscribed",
    not: "scheduler-down",
    verdict: "unexplained",
    make: (world) => {
      noScheduler(world, TIMEOUT);
      world.log(P, "agent", [
        agentLine("error", "Scheduler not ready", dialling("connection refused")),
        agentLine("info", "Subscribed to scheduler"),
      ]);
    },
  },
  {
    what: "a wait for the pod's own address that timed out",
    not: "apiserver-unreachable",
    verdict: "unexplained",
    make: (world) => {
      world.unready(P, "agent");
      world.ports(P, { 9008: "waiting" });
      world.log(P, "agent", [
        agentLine("info", "Subscribed to scheduler"),
        agentLine(
          "error",
          "event recv failed",
          "failed waiting to check if pod's IP is published to endpoints: context deadline exceeded",
        ),
      ]);
    },
  },
  {
    what: "an API server that does not answer",
    not: "agent-rights",
    verdict: "apiserver-unreachable",
    make: (world) => apiFails(world, API_TIMEOUT),
  },
  {
    what: "a Pending replica under a scheduler that has run for an hour",
    not: "pending-blocks-scheduler",
    verdict: "pod-unschedulable",
    make: (world) => {
      restarted(world, 3600, [CONNECTED]);
      world.objects.models[0]!.status = { conditions: [{ type: "Ready", status: "True" }] };
    },
  },
  {
    what: "a Pending replica under a young scheduler that already places Models",
    not: "pending-blocks-scheduler",
    verdict: "pod-unschedulable",
    make: (world) => {
      restarted(world, 120, ['time="x" level=info msg="All (num: 1) servers connected"']);
      world.objects.models[0]!.status = { conditions: [{ type: "Ready", status: "True" }] };
    },
  },
  {
    what: "a gateway that crashes for another reason, with no Kafka either",
    not: "kafka-absent",
    verdict: "crashed",
    make: (world) => gateway(world, ["java.lang.OutOfMemoryError: Java heap space"]),
  },
  {
    what: "no gateways and no Kafka: the models profile",
    not: "kafka-absent",
    make: () => undefined,
  },
];
