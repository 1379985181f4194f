/** Pods that have not come up yet, or cannot. */
import type { Evidence } from "../../evidence/evidence";
import { inferenceContainer, serverPorts } from "../../evidence/loopback";
import { recentEnd } from "../../evidence/pods";
import {
  askAgain,
  describePod,
  editTemplate,
  eventClues,
  forServerPods,
  lastLine,
  lineClue,
  podSubject,
  portClue,
  portOf,
  secondsSince,
  seldonPods,
} from "../read";
import { type Cause, hint, proof, type Rule, strong } from "../rule";

/** What the upstream ServerConfig gives MLServer to start: ten probes, ten seconds apart. */
export const START_SECONDS = 100;
/** How long containers may take to be created, an image pulled for the first time among it. */
const CREATE_SECONDS = 300;

function starting(evidence: Evidence): Cause[] {
  return forServerPods(evidence, (pod, look): Cause | undefined => {
    const container = inferenceContainer(pod);
    const { status, startSeconds = START_SECONDS } = container ?? {};
    const running = secondsSince(evidence, status?.state?.running?.startedAt);
    if (container === undefined || status?.ready === true || running === undefined || running > startSeconds)
      return undefined;
    const { name } = container;
    // It has said that it listens, or has just died: then something else is wrong.
    if (lastLine(look, name, "mlserver-grpc") !== undefined) return undefined;
    const ended = recentEnd(status, evidence.at);
    if (ended !== undefined && ended.exitCode !== 0) return undefined;
    const ports = serverPorts(pod);
    const asked = portOf(look, ports.agent.grpc) ?? portOf(look, ports.agent.http);
    if (asked?.ok === true) return undefined;
    return {
      subject: podSubject(pod),
      cause: "MLServer is still starting; until it listens, its ports refuse",
      clues: [
        strong(
          `container ${name} has run for ${Math.round(running)} s of the ${startSeconds} s that its start-up probe gives it, without a restart that failed`,
        ),
        ...portClue(asked, ["refused"]),
        ...lineClue("agent", lastLine(look, "agent", "agent-waits-mlserver"), hint),
      ],
      repeat: [...(asked === undefined ? [] : [askAgain(evidence, pod, asked)]), describePod(evidence, pod)],
      mend: evidence.kubectl(
        "-n",
        pod.namespace,
        "wait pod",
        pod.name,
        `--for=condition=Ready --timeout=${startSeconds}s`,
      ),
      clears: ["Nothing is broken: refused ports in the first minute are how a start looks, on every CNI."],
    };
  });
}

function creating(evidence: Evidence): Cause[] {
  return seldonPods(evidence).flatMap((pod): Cause[] => {
    const age = secondsSince(evidence, pod.createdAt);
    if (pod.phase !== "Pending" || pod.node === undefined || age === undefined || age > CREATE_SECONDS) return [];
    if (pod.containers.some(({ status }) => PULL.test(status?.state?.waiting?.reason ?? ""))) return [];
    return [
      {
        subject: podSubject(pod),
        cause: "the pod is new: its containers are being created",
        clues: [
          strong(`pod ${pod.name} is ${Math.round(age)} s old, Pending on node ${pod.node}`),
          strong("no container of it has failed"),
        ],
        repeat: [describePod(evidence, pod)],
        mend: evidence.kubectl(
          "-n",
          pod.namespace,
          "wait pod",
          pod.name,
          `--for=condition=Ready --timeout=${CREATE_SECONDS}s`,
        ),
      },
    ];
  });
}

const PULL = /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/;

function imagePull(evidence: Evidence): Cause[] {
  return seldonPods(evidence).flatMap((pod) => {
    const stuck = pod.containers.find(({ status }) => PULL.test(status?.state?.waiting?.reason ?? ""));
    if (stuck === undefined) return [];
    const { reason = "?", message = "" } = stuck.status?.state?.waiting ?? {};
    return [
      {
        subject: podSubject(pod),
        cause: `the image of container ${stuck.name} cannot be pulled`,
        clues: [
          strong(`container ${stuck.name}: ${reason}: ${stuck.image} ${message.slice(0, 200)}`.trim()),
          ...eventClues(evidence, pod.namespace, pod.name, /pull/i, strong),
        ],
        repeat: [describePod(evidence, pod)],
        mend: `see that the nodes reach the registry of ${stuck.image}, that the tag exists and that an imagePullSecret is there where it is private`,
      },
    ];
  });
}

function unschedulable(evidence: Evidence): Cause[] {
  return seldonPods(evidence).flatMap((pod) => {
    const scheduled = pod.conditions.find(({ type }) => type === "PodScheduled");
    if (pod.phase !== "Pending" || scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return [];
    return [
      {
        subject: podSubject(pod),
        cause: "no node takes the pod",
        clues: [
          strong(`PodScheduled=False: ${scheduled.message ?? "Unschedulable"}`),
          strong("the pod is Pending without a node"),
        ],
        repeat: [describePod(evidence, pod)],
        mend: `give the nodes what the message names, or lower the requests: ${editTemplate(evidence, pod)}`,
      },
    ];
  });
}

function sandboxFailed(evidence: Evidence): Cause[] {
  return seldonPods(evidence).flatMap((pod) => {
    if (pod.phase !== "Pending") return [];
    const events = eventClues(evidence, pod.namespace, pod.name, /^FailedCreatePodSandBox/, proof);
    if (events.length === 0) return [];
    return [
      {
        subject: podSubject(pod),
        cause: "the CNI plugin cannot connect the pod, so no container of it runs",
        clues: events,
        repeat: [describePod(evidence, pod)],
        mend: `look at the CNI on node ${pod.node ?? "?"}: ${evidence.kubectl("-n calico-system get pods -o wide")}; then the plugin's own words: journalctl -u k3s -u k3s-agent | grep -i cni`,
      },
    ];
  });
}

export const STARTING_RULES: readonly Rule[] = [
  {
    id: "mlserver-starting",
    title: "MLServer is still starting",
    notWhen: "it has run for longer than its start-up probe allows, has said that it listens, or has just been killed",
    follows: ["ports-differ", "mlserver-host", "service-link-env", "wrong-container-name"],
    judge: starting,
  },
  {
    id: "pod-creating",
    title: "a pod is new and its containers are being created",
    notWhen: "it is older than five minutes, has no node, or an image or its network has failed",
    follows: ["sandbox-failed", "pending-blocks-scheduler"],
    judge: creating,
  },
  {
    id: "image-pull",
    title: "an image of a pod cannot be pulled",
    notWhen: "the image is being pulled for the first time",
    follows: ["pending-blocks-scheduler"],
    judge: imagePull,
  },
  {
    id: "pod-unschedulable",
    title: "no node takes a pod",
    notWhen: "the pod has a node",
    follows: ["pending-blocks-scheduler"],
    judge: unschedulable,
  },
  {
    id: "sandbox-failed",
    title: "the CNI plugin cannot connect a pod",
    notWhen: "the containers run: what refuses on loopback then is no CNI's doing",
    follows: ["tigera-degraded"],
    judge: sandboxFailed,
  },
];
