/** MLServer runs and listens, but not where it is asked. */
import type { Evidence } from "../../evidence/evidence";
import { MLSERVER_DEFAULTS, serverPorts } from "../../evidence/loopback";
import { isReady, serverOf } from "../../evidence/pods";
import {
  askAgain,
  containerOf,
  editServer,
  forServerPods,
  lastLine,
  lineClue,
  logsOf,
  podSubject,
  portClue,
  portOf,
} from "../read";
import { type Cause, type Clue, hint, type Rule, strong } from "../rule";

const SIDES = [
  { side: "grpc", mlserver: "MLSERVER_GRPC_PORT", agent: "SELDON_SERVER_GRPC_PORT", phrase: "mlserver-grpc" },
  { side: "http", mlserver: "MLSERVER_HTTP_PORT", agent: "SELDON_SERVER_HTTP_PORT", phrase: "mlserver-http" },
] as const;

function portsDiffer(evidence: Evidence): Cause[] {
  return forServerPods(evidence, (pod, look): Cause | undefined => {
    const [mlserver, agent] = [containerOf(pod, "mlserver"), containerOf(pod, "agent")];
    if (mlserver === undefined || agent === undefined || isReady(pod)) return undefined;
    const ports = serverPorts(pod);
    const found = SIDES.flatMap(({ side, mlserver: own, agent: asks, phrase }) => {
      const [listens, dials] = [ports.mlserver[side], ports.agent[side]];
      if (listens === undefined || dials === undefined) return [];
      // The kubelet's probes ask the declared port, whatever the two agree on.
      const undeclared = side === "http" && mlserver.ports.length > 0 && !mlserver.ports.includes(listens);
      if (listens === dials && !undeclared) return [];
      if (portOf(look, dials)?.ok === true && !undeclared) return [];
      const unset = mlserver.env.get(own) === undefined;
      const asked = portOf(look, dials);
      const clues: Clue[] = [
        strong(
          `container mlserver: ${mlserver.env.show(own)}${unset ? `, so MLServer takes its default ${MLSERVER_DEFAULTS[side]}` : ""}; container agent: ${agent.env.show(asks)}${agent.env.get(asks) === undefined ? `, so the agent dials ${dials}` : ""}${undeclared ? `; the kubelet's probes ask the declared ${mlserver.ports.join(", ")}` : ""}`,
        ),
        ...(listens === dials ? [] : portClue(asked, ["refused", "other-protocol"])),
        ...(listens === dials ? [] : portClue(portOf(look, listens), ["answered"])),
        ...lineClue("mlserver", lastLine(look, "mlserver", phrase), strong),
      ];
      return [{ clues, asked, own, asks }];
    });
    const [first] = found;
    if (first === undefined) return undefined;
    return {
      subject: podSubject(pod),
      cause: "MLServer listens on other ports than the agent and the probes ask",
      clues: found.flatMap(({ clues }) => clues),
      repeat: [
        ...(first.asked === undefined ? [] : [askAgain(evidence, pod, first.asked)]),
        evidence.kubectl(
          "-n",
          pod.namespace,
          "get pod",
          pod.name,
          `-o jsonpath='{range .spec.containers[*]}{.name}{": "}{.env}{"\\n"}{end}'`,
        ),
      ],
      mend: `set ${first.own} and ${first.asks} to the same port (upstream: 9000 for HTTP, 9500 for gRPC): ${editServer(evidence, pod.namespace, serverOf(pod))}; of a name that stands twice the last one counts`,
      clears: ["The CNI is not involved: MLServer runs; it was told to listen elsewhere."],
    };
  });
}

const ANYWHERE = new Set(["", "0.0.0.0", "::", "[::]"]);
const LOOPBACK = new Set(["127.0.0.1", "localhost", "::1"]);
const SAID_HOST = /running on https?:\/\/(\[[^\]]+\]|[^\s:/]+)/;

/** The address that MLServer binds to, by its own words or its settings. */
function hostOf({ env }: NonNullable<ReturnType<typeof containerOf>>, said: string | undefined) {
  const value = env.get("MLSERVER_HOST");
  const spoken = SAID_HOST.exec(said ?? "")?.[1];
  if (spoken !== undefined) return { host: spoken, set: value !== undefined };
  if (value === undefined) return { host: MLSERVER_DEFAULTS.host, set: false };
  return { host: value.text ?? value.from ?? "?", set: true };
}

function hostElsewhere(evidence: Evidence): Cause[] {
  return forServerPods(evidence, (pod, look): Cause | undefined => {
    const mlserver = containerOf(pod, "mlserver");
    if (mlserver === undefined || isReady(pod)) return undefined;
    const line = lastLine(look, "mlserver", "mlserver-grpc") ?? lastLine(look, "mlserver", "mlserver-http");
    const { host, set } = hostOf(mlserver, line?.text);
    if (ANYWHERE.has(host) || LOOPBACK.has(host)) return undefined;
    const ports = serverPorts(pod);
    const asked = portOf(look, ports.agent.grpc) ?? portOf(look, ports.agent.http);
    if (asked?.ok === true) return undefined;
    return {
      subject: podSubject(pod),
      cause: "MLServer is bound to one address and does not listen on 127.0.0.1, where the agent asks",
      clues: [
        ...(set ? [strong(`container mlserver: ${mlserver.env.show("MLSERVER_HOST")}`)] : []),
        ...lineClue("mlserver", line),
        ...portClue(asked, ["refused"]),
        ...(mlserver.status?.ready === true
          ? [hint(`the kubelet, which asks the pod's address ${pod.ip ?? "?"}, finds container mlserver ready`)]
          : []),
      ],
      repeat: [...(asked === undefined ? [] : [askAgain(evidence, pod, asked)]), logsOf(evidence, pod, "mlserver")],
      mend: `take MLSERVER_HOST out of the Server's podSpec and of the ServerConfig (MLServer's default is 0.0.0.0): ${editServer(evidence, pod.namespace, serverOf(pod))}`,
      clears: [
        "The CNI is not involved: MLServer answers on the pod's address, which is what the CNI gave it; nothing listens on loopback.",
      ],
    };
  });
}

function hostLoopback(evidence: Evidence): Cause[] {
  return forServerPods(evidence, (pod, look): Cause | undefined => {
    const mlserver = containerOf(pod, "mlserver");
    if (mlserver === undefined || mlserver.status?.ready !== false) return undefined;
    const line = lastLine(look, "mlserver", "mlserver-http") ?? lastLine(look, "mlserver", "mlserver-grpc");
    const { host, set } = hostOf(mlserver, line?.text);
    if (!LOOPBACK.has(host)) return undefined;
    const asked = portOf(look, serverPorts(pod).mlserver.http);
    return {
      subject: podSubject(pod),
      cause: "MLServer listens on loopback only, and the kubelet's probes ask the pod's address",
      clues: [
        ...(set ? [strong(`container mlserver: ${mlserver.env.show("MLSERVER_HOST")}`)] : []),
        ...lineClue("mlserver", line),
        ...portClue(asked, ["answered"]),
        hint("the kubelet finds container mlserver not ready"),
      ],
      repeat: [...(asked === undefined ? [] : [askAgain(evidence, pod, asked)]), logsOf(evidence, pod, "mlserver")],
      mend: `take MLSERVER_HOST out of the Server's podSpec and of the ServerConfig (MLServer's default is 0.0.0.0): ${editServer(evidence, pod.namespace, serverOf(pod))}`,
    };
  });
}

export const LISTENING_RULES: readonly Rule[] = [
  {
    id: "ports-differ",
    title: "MLServer listens on other ports than the agent asks",
    notWhen: "both were moved to the same port, the last of several values agrees, or the agent's port answers",
    judge: portsDiffer,
  },
  {
    id: "mlserver-host",
    title: "MLServer is bound to the pod's address and not to loopback",
    notWhen: "MLSERVER_HOST is 0.0.0.0 or loopback, or 127.0.0.1 answers",
    judge: hostElsewhere,
  },
  {
    id: "mlserver-host-loopback",
    title: "MLServer listens on loopback only, so the kubelet's probes fail",
    notWhen: "the kubelet finds the container ready",
    judge: hostLoopback,
  },
];
