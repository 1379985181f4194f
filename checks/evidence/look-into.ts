/** A closer look at one pod: its ports on loopback, and the logs of its containers that are not well. */
import type { Pod } from "../cluster/objects";
import type { CheckContext } from "../context";
import type { PodEvidence, PodLook } from "./evidence";
import type { Gaps } from "./gather";
import { type LogLine, readLog } from "./logs";
import { askPorts } from "./loopback";
import { isOf, isReady } from "./pods";

/** Containers of a server pod whose words explain each other's state. */
const SPEAKERS = ["agent", "mlserver"];

/** @returns What was found; what could not be read is a gap. */
export async function lookInto(
  context: CheckContext,
  pod: PodEvidence,
  gaps: Gaps,
  signal: AbortSignal,
): Promise<PodLook> {
  const ports = isOf("server", pod) ? ((await gaps.or("ports", () => askPorts(context, pod, signal))) ?? []) : [];
  for (const { kind, text } of ports) {
    if (kind !== "unknown") continue;
    // The same reason for every port of every pod is one reason.
    const reason = text.replace(/\S+\/\S+:\d+/g, "a server pod");
    gaps.once("ports on loopback", reason, "see that this user may create pods/portforward and that the pods are real");
  }
  const logs: Record<string, { previous: LogLine[]; current: LogLine[] }> = {};
  const simulation = await context.snapshot.simulation(signal);
  const { namespace, name } = pod;
  const shape: Pod = { metadata: { name, namespace }, spec: { nodeName: pod.node, containers: [] } };
  const simulated = simulation.isSimulated(shape);
  for (const { name: container, status } of pod.containers) {
    const wanted = status?.ready === false || isReady(pod) || SPEAKERS.includes(container);
    if (!wanted || status === undefined || (simulated && !simulation.hasLog(shape, container))) continue;
    const read = (previous: boolean): Promise<LogLine[] | undefined> =>
      gaps.or(`log of ${namespace}/${name}, container ${container}`, () =>
        readLog(context.api, pod, container, previous, signal),
      );
    const before = status.restartCount > 0 ? await read(true) : [];
    const now = status.state?.waiting === undefined ? await read(false) : [];
    logs[container] = { previous: before ?? [], current: now ?? [] };
  }
  return { ports, logs };
}
