/**
 * A scheduler that waits for a server replica which does not come: until all expected replicas have connected, or its
 * time-out is over, it places no Model and gives Envoy no configuration (Seldon Core 2.9.1 and 2.10.2,
 * `synchroniser/servers_sync.go`, `cmd/scheduler/main.go`).
 */
import { conditionOf } from "../../cluster/objects";
import type { Evidence } from "../../evidence/evidence";
import { isOf, isReady } from "../../evidence/pods";
import { describePod, lineClue, linesOf, logsOf, lookAt, podSubject, secondsSince, serverPods } from "../read";
import { type Cause, type Clue, hint, type Rule, strong } from "../rule";

const CONTAINER = "scheduler";
/** Value of the chart, and what the scheduler waits beyond it, in seconds. */
const TIMEOUT_SECONDS = 600;
const EXTRA_SECONDS = 10;

function judge(evidence: Evidence): Cause[] {
  return (evidence.pods ?? [])
    .filter((pod) => isOf("scheduler", pod) && !pod.deleting)
    .flatMap((scheduler): Cause[] => {
      const { namespace } = scheduler;
      const container = scheduler.containers.find(({ name }) => name === CONTAINER) ?? scheduler.containers[0];
      const running = secondsSince(evidence, container?.status?.state?.running?.startedAt);
      const timeout = Number(container?.env.text("SCHEDULER_READY_TIMEOUT_SECONDS")) || TIMEOUT_SECONDS;
      const look = lookAt(evidence, scheduler);
      const name = container?.name ?? CONTAINER;
      const going =
        linesOf(look, name, "servers-connected").length > 0 || linesOf(look, name, "schedule-failed").length > 0;
      if (running === undefined || running > timeout + EXTRA_SECONDS || going) return [];
      const missing = serverPods(evidence).filter(
        (pod) => pod.namespace === namespace && !isReady(pod) && (pod.phase === "Pending" || hasNotRun(pod)),
      );
      const waiting = (evidence.models ?? []).filter(
        (model) => model.metadata.namespace === namespace && conditionOf(model, "Ready")?.status !== "True",
      );
      if (missing.length === 0 || waiting.length === 0) return [];
      const connected = serverPods(evidence).filter((pod) => pod.namespace === namespace && isReady(pod));
      return missing.map((pod) => ({
        subject: podSubject(pod),
        cause: `the scheduler waits for a server replica that is not there, and places nothing until it comes or ${timeout} s are over`,
        clues: [
          strong(
            `${scheduler.name} has run for ${Math.round(running)} s of the ${timeout} s that it waits for all expected replicas`,
          ),
          strong(`pod ${pod.name} is ${pod.phase}${reasonOf(pod)}; ${connected.length} other replicas are Ready`),
          ...(look?.logs[name] === undefined
            ? []
            : [strong(`the log of ${name} has no "All (num: ...) servers connected" yet`)]),
          hint(`${waiting.length} Models wait, such as ${waiting[0]!.metadata.name}`),
          ...linesOf(look, name, "agent-connected")
            .slice(-1)
            .flatMap((line): Clue[] => lineClue(name, line, hint)),
        ],
        repeat: [describePod(evidence, pod), logsOf(evidence, scheduler, name)],
        mend: `make ${pod.name} start (${describePod(evidence, pod)}), or take the replica away so that nobody waits for it: ${evidence.kubectl("-n", namespace, "scale server", pod.labels["seldon-server-name"] ?? "NAME", `--replicas ${connected.length}`)}`,
        clears: [
          "The replicas that are Ready and the network between them are not involved: the scheduler has not begun to place anything.",
        ],
      }));
    });
}

/** No container of it has ever run: an image that cannot be pulled keeps a pod with a node in this state. */
const hasNotRun = ({
  containers,
}: {
  containers: readonly { status?: { state?: { running?: object }; lastState?: { terminated?: object } } }[];
}) =>
  containers.some(
    ({ status }) =>
      status === undefined || (status.state?.running === undefined && status.lastState?.terminated === undefined),
  );

function reasonOf({ conditions, containers }: Parameters<typeof describePod>[1]): string {
  const scheduled = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
  const waiting = containers.map(({ status }) => status?.state?.waiting?.reason).find((reason) => reason !== undefined);
  const why = scheduled?.message ?? waiting;
  return why === undefined ? "" : ` (${why})`;
}

export const PENDING_RULES: readonly Rule[] = [
  {
    id: "pending-blocks-scheduler",
    title: "a server replica that does not start keeps the scheduler from placing anything",
    notWhen:
      "the scheduler has run for longer than its time-out, says that all servers are connected, or already refuses Models by name",
    judge,
  },
];
