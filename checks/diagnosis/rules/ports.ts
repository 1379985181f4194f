/** MLServer's container runs, and its port does not do what the agent needs: nothing listens, nothing answers, another speaks. */
import type { ContainerEvidence, Evidence, PodEvidence, PortEvidence } from "../../evidence/evidence";
import { inferenceContainer, serverPorts } from "../../evidence/loopback";
import { isReady, recentEnd } from "../../evidence/pods";
import {
  askAgain,
  editTemplate,
  forServerPods,
  lineClue,
  logsOf,
  podSubject,
  portOf,
  secondsSince,
  showPort,
} from "../read";
import { type Cause, type Clue, hint, type Rule, strong } from "../rule";
import { START_SECONDS } from "./starting";

interface Asked {
  readonly pod: PodEvidence;
  readonly container: ContainerEvidence;
  /** Seconds that the container has run. */
  readonly running: number;
  readonly port: PortEvidence;
}

/** Server pods that are not Ready, whose inference container runs, by what a port of theirs does. */
const running = (
  evidence: Evidence,
  kinds: readonly PortEvidence["kind"][],
  judge: (
    asked: Asked,
  ) => { readonly cause: string; readonly clues: readonly Clue[]; readonly mend: string } | undefined,
): Cause[] =>
  forServerPods(evidence, (pod, look) => {
    const container = inferenceContainer(pod);
    const seconds = secondsSince(evidence, container?.status?.state?.running?.startedAt);
    const { agent } = serverPorts(pod);
    const port = [portOf(look, agent.grpc), portOf(look, agent.http)].find(
      (one) => one !== undefined && kinds.includes(one.kind),
    );
    if (container === undefined || seconds === undefined || port === undefined || isReady(pod)) return undefined;
    const words = judge({ pod, container, running: seconds, port });
    if (words === undefined) return undefined;
    const { name } = container;
    const last = look?.logs[name]?.current.at(-1);
    return {
      subject: podSubject(pod),
      cause: words.cause,
      clues: [strong(showPort(port)), ...words.clues, ...lineClue(name, last, hint)],
      repeat: [askAgain(evidence, pod, port), logsOf(evidence, pod, name)],
      mend: words.mend,
      clears: ["The CNI is not involved: the question was asked on loopback, inside the pod."],
    };
  });

const notListening = (evidence: Evidence): Cause[] =>
  running(evidence, ["refused"], ({ pod, container, running: seconds, port }) => {
    const { status, startSeconds = START_SECONDS, name } = container;
    if (seconds <= startSeconds || recentEnd(status, evidence.at) !== undefined) return undefined;
    return {
      cause: `MLServer runs, and nothing listens on port ${port.port}, which the agent asks`,
      clues: [
        strong(`container ${name} has run for ${Math.round(seconds)} s; ${startSeconds} s are its time to start`),
      ],
      mend: `its log says how far it came: ${logsOf(evidence, pod, name)}; then ${evidence.kubectl("-n", pod.namespace, "delete pod", pod.name)}`,
    };
  });

const silent = (evidence: Evidence): Cause[] =>
  running(evidence, ["silent", "closed"], ({ pod, container }) => ({
    cause: "MLServer takes connections and does not answer them",
    clues: [hint(`container ${container.name} runs`)],
    mend: `it hangs, mostly in a model: see ${logsOf(evidence, pod, container.name)}; then ${evidence.kubectl("-n", pod.namespace, "delete pod", pod.name)}`,
  }));

const otherProtocol = (evidence: Evidence): Cause[] =>
  running(evidence, ["other-protocol"], ({ pod, container, port }) => ({
    cause: `another server than MLServer's listens on port ${port.port}`,
    clues: [strong(`${container.env.show("MLSERVER_HTTP_PORT")}, ${container.env.show("MLSERVER_GRPC_PORT")}`)],
    mend: `give each port to one server: HTTP 9000, gRPC 9500: ${editTemplate(evidence, pod)}`,
  }));

/** Causes that say more of the same port. */
const BETTER = [
  "ports-differ",
  "mlserver-host",
  "mlserver-host-loopback",
  "wrong-container-name",
  "service-link-env",
  "oom-killed",
  "crashed",
  "probe-killed",
];

export const PORT_RULES: readonly Rule[] = [
  {
    id: "mlserver-not-listening",
    title: "MLServer runs and does not listen on its ports",
    notWhen: "it is within its time to start, or ended lately",
    follows: BETTER,
    judge: notListening,
  },
  {
    id: "mlserver-silent",
    title: "MLServer takes connections and does not answer",
    notWhen: "the port refuses: then nobody listens at all",
    follows: BETTER,
    judge: silent,
  },
  {
    id: "other-protocol",
    title: "another server than MLServer's listens on its port",
    notWhen: "the port speaks what it should, or refuses",
    follows: BETTER,
    judge: otherProtocol,
  },
];
