/**
 * The agent that gave up for good. After its start it asks MLServer every 30 s; when it gets no answer for 30 s, it ends
 * its control loop and nothing starts that again: /ready answers 404 for ever, the pod stays 2/3, and no liveness probe
 * restarts the container (Seldon Core 2.9.1 and 2.10.2, `agent_svc_manager.go`, `readyservice/server.go`).
 */
import { PORTS } from "../../../components/network-policies/ports";
import type { Evidence } from "../../evidence/evidence";
import { inferenceContainer, serverPorts } from "../../evidence/loopback";
import {
  askAgain,
  containerOf,
  forServerPods,
  lastLine,
  lineClue,
  podSubject,
  portOf,
  secondsSince,
  showPort,
} from "../read";
import { type Cause, hint, type Rule, strong } from "../rule";

function stuck(evidence: Evidence): Cause[] {
  return forServerPods(evidence, (pod, look): Cause | undefined => {
    const agent = containerOf(pod, "agent");
    if (agent === undefined || agent.status?.ready !== false || agent.status.state?.running === undefined)
      return undefined;
    const ready = portOf(look, PORTS.server.readiness);
    const gone = ready?.status === 404;
    const stopped = lastLine(look, "agent", "agent-stopped", "agent-subscribed");
    if (!gone && (stopped === undefined || ready?.kind === "answered")) return undefined;
    const live = portOf(look, serverPorts(pod).agent.grpc);
    const serves = live === undefined ? inferenceContainer(pod)?.status?.ready === true : live.ok;
    // While MLServer itself is away, that is what must be mended first.
    if (!serves) return undefined;
    const running = secondsSince(evidence, agent.status.state.running.startedAt);
    return {
      subject: podSubject(pod),
      cause: "the agent gave up on MLServer after an outage of 30 s and does not come back by itself",
      clues: [
        ...(gone && ready !== undefined
          ? [strong(`${showPort(ready)}: its control loop has ended (while it waits it answers 503)`)]
          : []),
        ...lineClue("agent", stopped),
        ...lineClue("agent", lastLine(look, "agent", "agent-gave-up"), hint),
        ...(live === undefined ? [hint("the kubelet finds the inference server ready")] : [strong(showPort(live))]),
        ...(running === undefined
          ? []
          : [hint(`container agent has run for ${Math.round(running)} s and is not ready`)]),
      ],
      repeat: ready === undefined ? [] : [askAgain(evidence, pod, ready)],
      mend: `${evidence.kubectl("-n", pod.namespace, "delete pod", pod.name)}; against the next time give mlserver more memory and raise SELDON_MAX_TIME_READY_SUB_SERVICE_AFTER_START_SECONDS to 300`,
      clears: [
        "MLServer, the scheduler and the CNI are not involved any more: MLServer answers, and the agent no longer asks anybody.",
      ],
    };
  });
}

export const AGENT_RULES: readonly Rule[] = [
  {
    id: "agent-stuck",
    title: "the agent gave up after a 30 s outage and stays not ready for ever",
    notWhen:
      "/ready answers 503 (it still waits for something), MLServer does not answer either, or the pod is being deleted",
    judge: stuck,
  },
];
