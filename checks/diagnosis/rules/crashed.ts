/** Containers that ended. */
import type { ContainerEvidence, Evidence, PodEvidence } from "../../evidence/evidence";
import { ASKED, isReady, recentEnd } from "../../evidence/pods";
import {
  describePod,
  editTemplate,
  eventClues,
  lineClue,
  linesOf,
  logsOf,
  lookAt,
  podSubject,
  seldonPods,
} from "../read";
import { type Cause, hint, proof, type Rule, strong } from "../rule";

/** Every container of a pod of ours that ended not long ago, with how. */
function ends(
  evidence: Evidence,
  judge: (
    pod: PodEvidence,
    container: ContainerEvidence,
    ended: NonNullable<ReturnType<typeof recentEnd>>,
  ) => Cause | undefined,
): Cause[] {
  return seldonPods(evidence).flatMap((pod) =>
    pod.containers.flatMap((container) => {
      const ended = recentEnd(container.status, evidence.at);
      const found = ended === undefined ? undefined : judge(pod, container, ended);
      return found === undefined ? [] : [found];
    }),
  );
}

const restarts = ({ status }: ContainerEvidence): string => `${status?.restartCount ?? 0} restarts`;

const oomKilled = (evidence: Evidence): Cause[] =>
  ends(evidence, (pod, container, ended) => {
    if (ended.reason !== "OOMKilled") return undefined;
    const { name, memory } = container;
    return {
      subject: podSubject(pod),
      cause: `container ${name} was killed for want of memory (limit ${memory.limit ?? "of the node"})`,
      clues: [
        proof(
          `container ${name}: last end OOMKilled, exit code ${ended.exitCode ?? "?"}, at ${ended.finishedAt ?? "?"}; ${restarts(container)}`,
        ),
      ],
      repeat: [describePod(evidence, pod), logsOf(evidence, pod, name, true)],
      mend: `raise resources.limits.memory of container ${name}: ${editTemplate(evidence, pod)}, or in the stack file under seldon`,
      clears: ["The network is not involved: the kernel killed the process, and its ports refuse until it runs again."],
    };
  });

const crashed = (evidence: Evidence): Cause[] =>
  ends(evidence, (pod, container, ended) => {
    const { name, status } = container;
    if (ended.reason === "OOMKilled" || ASKED.has(ended.exitCode ?? 0)) return undefined;
    const look = lookAt(evidence, pod);
    const lines = [...linesOf(look, name, "python-error"), ...linesOf(look, name, "address-in-use")].slice(-2);
    const last = lines.length > 0 ? lines : (look?.logs[name]?.previous ?? []).slice(-1);
    return {
      subject: podSubject(pod),
      cause: `container ${name} crashes`,
      clues: [
        strong(
          `container ${name}: last end ${ended.reason ?? "?"}, exit code ${ended.exitCode ?? "?"}, at ${ended.finishedAt ?? "?"}; ${restarts(container)}`,
        ),
        ...last.flatMap((line) => lineClue(name, line, strong)),
        ...(status?.state?.waiting?.reason === "CrashLoopBackOff"
          ? [hint(`container ${name} waits: CrashLoopBackOff`)]
          : []),
      ],
      repeat: [logsOf(evidence, pod, name, true), describePod(evidence, pod)],
      mend: `mend what the last lines of its log say: ${logsOf(evidence, pod, name, true)}`,
      clears: ["The network is not involved: the process ended by itself, and its ports refuse until it runs again."],
    };
  });

/** The kubelet ends a container whose start-up or liveness probe failed too often. */
const probeKilled = (evidence: Evidence): Cause[] =>
  ends(evidence, (pod, container, ended) => {
    if (isReady(pod) || ended.reason === "OOMKilled" || !ASKED.has(ended.exitCode ?? 0)) return undefined;
    const events = eventClues(evidence, pod.namespace, pod.name, /^Unhealthy: (Startup|Liveness) probe failed/, strong);
    if (events.length === 0) return undefined;
    const { name, startSeconds } = container;
    return {
      subject: podSubject(pod),
      cause: `the kubelet ends container ${name}, because its probe gets no answer in time`,
      clues: [
        ...events,
        hint(
          `container ${name}: last end exit code ${ended.exitCode ?? "?"}, ${restarts(container)}${startSeconds === undefined ? "" : `, ${startSeconds} s to start`}`,
        ),
      ],
      repeat: [describePod(evidence, pod), logsOf(evidence, pod, name, true)],
      mend: `see in its log how far it came: ${logsOf(evidence, pod, name, true)}; where it only needs longer, raise startupProbe.failureThreshold in the Server's podSpec`,
    };
  });

/** What makes a container end that is otherwise well. */
const ROOTS = [
  "service-link-env",
  "wrong-container-name",
  "workaround-host-network",
  "ports-differ",
  "mlserver-host-loopback",
  "apiserver-unreachable",
  "agent-rights",
  "kafka-absent",
];

export const CRASHED_RULES: readonly Rule[] = [
  {
    id: "oom-killed",
    title: "a container was killed for want of memory",
    notWhen:
      "exit code 137 without the reason OOMKilled: then the kubelet or a person killed it; or the end is an hour old",
    judge: oomKilled,
  },
  {
    id: "crashed",
    title: "a container crashes",
    notWhen: "it was asked to end (exit code 0, 137, 143), or was killed for want of memory",
    follows: ROOTS,
    judge: crashed,
  },
  {
    id: "probe-killed",
    title: "the kubelet ends a container whose probe gets no answer",
    notWhen: "no probe of the pod failed, or it is Ready again",
    follows: [...ROOTS, "oom-killed", "crashed", "mlserver-host"],
    judge: probeKilled,
  },
];
