/** Evidence about pods that are not as they should be: what Kubernetes itself already knows. */
import { messageOf } from "../../config/thrown";
import type { CheckContext } from "../context";
import { conditionOf, type ContainerStatus, type Event, type Pod, showCondition } from "./objects";
import { PATHS } from "./paths";

/** A report quotes this many pods and events; more would hide the first. */
const MAX_PODS = 3;
const MAX_EVENTS = 3;

/** A pod's state on a few lines: phase, conditions that are not True, containers that are not ready. Pure. */
export function podLines(pod: Pod): string[] {
  const name = pod.metadata.name;
  const deleting = pod.metadata.deletionTimestamp === undefined ? "" : ", being deleted";
  const lines = [
    `pod ${name}: ${pod.status?.phase ?? "no status"}${deleting} on ${pod.spec?.nodeName ?? "no node yet"}`,
  ];
  for (const type of ["PodScheduled", "Ready"]) {
    const condition = conditionOf(pod, type);
    if (condition !== undefined && condition.status !== "True")
      lines.push(`pod ${name}: ${showCondition(type, condition)}`);
  }
  return [...lines, ...(pod.status?.containerStatuses ?? []).flatMap((status) => containerLines(name, status))];
}

function containerLines(pod: string, status: ContainerStatus): string[] {
  const { waiting, terminated } = status.state ?? {};
  const last = status.lastState?.terminated;
  const parts = [
    ...(status.ready ? [] : ["not ready"]),
    ...(waiting === undefined
      ? []
      : [`waiting: ${waiting.reason ?? "?"}${waiting.message ? ` (${waiting.message})` : ""}`]),
    ...(terminated === undefined
      ? []
      : [`ended: ${terminated.reason ?? "?"}, exit code ${terminated.exitCode ?? "?"}`]),
    ...(status.restartCount === 0 ? [] : [`${status.restartCount} restarts`]),
    ...(last === undefined ? [] : [`last end: ${last.reason ?? "?"}, exit code ${last.exitCode ?? "?"}`]),
  ];
  return parts.length === 0 ? [] : [`pod ${pod}, container ${status.name}: ${parts.join(", ")}`];
}

/** Warning events on one line each, the newest last. Pure. */
export function eventLines(events: readonly Event[], names: (name: string) => boolean): string[] {
  return events
    .filter(({ type, involvedObject }) => type === "Warning" && names(involvedObject?.name ?? ""))
    .sort((a, b) => (a.lastTimestamp ?? "").localeCompare(b.lastTimestamp ?? ""))
    .slice(-MAX_EVENTS)
    .map(({ involvedObject, reason, message, count }) => {
      const times = count === undefined || count < 2 ? "" : ` (${count} times)`;
      return `event ${involvedObject?.kind ?? "object"}/${involvedObject?.name ?? "?"}: ${reason ?? "?"}: ${(message ?? "").replace(/\s+/g, " ").trim()}${times}`;
    });
}

/** Whether an object's name is that of a workload or of one of its pods and ReplicaSets. */
export const belongsTo =
  (workload: string) =>
  (name: string): boolean =>
    name === workload || name.startsWith(`${workload}-`);

/** Evidence about a workload: its pods that are not ready, and its last warnings. Never fails: it is only evidence. */
export async function workloadEvidence(
  context: CheckContext,
  namespace: string,
  workload: string,
  signal: AbortSignal,
): Promise<string[]> {
  const belongs = belongsTo(workload);
  try {
    const pods = (await context.snapshot.pods(namespace, signal)).filter(({ metadata }) => belongs(metadata.name));
    const unready = pods.filter((pod) => conditionOf(pod, "Ready")?.status !== "True");
    const more = unready.length > MAX_PODS ? [`and ${unready.length - MAX_PODS} more pods that are not ready`] : [];
    const events = await context.api.list<Event>(PATHS.events(namespace), signal, { fieldSelector: "type=Warning" });
    const none = pods.length === 0 ? [`no pod of ${workload} exists in ${namespace}`] : [];
    return [...none, ...unready.slice(0, MAX_PODS).flatMap(podLines), ...more, ...eventLines(events, belongs)];
  } catch (error) {
    return [`no evidence: ${messageOf(error)}`];
  }
}
