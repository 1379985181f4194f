/** Variables that nobody meant to set. */
import type { Evidence, PodEvidence } from "../../evidence/evidence";
import type { Service } from "../../evidence/objects";
import { inferenceContainer, serverPorts } from "../../evidence/loopback";
import { isReady, serverOf } from "../../evidence/pods";
import { contains } from "../../../config/cidr";
import {
  containerOf,
  editServer,
  forServerPods,
  lastLine,
  lineClue,
  linesOf,
  logsOf,
  podSubject,
  portClue,
  portOf,
} from "../read";
import { type Cause, hint, proof, type Rule, strong } from "../rule";

/** Settings that are numbers and whose variable a Service can bring: `mlserver-metrics` gives MLSERVER_METRICS_PORT. */
const LINKED = [
  { container: "mlserver", variable: "MLSERVER_METRICS_PORT", phrase: "mlserver-settings" },
  { container: "mlserver", variable: "MLSERVER_HTTP_PORT", phrase: "mlserver-settings" },
  { container: "mlserver", variable: "MLSERVER_GRPC_PORT", phrase: "mlserver-settings" },
  { container: "agent", variable: "SELDON_SCHEDULER_PORT", phrase: "agent-parse" },
] as const;

const serviceOf = (variable: string): string =>
  variable
    .replace(/_PORT$/, "")
    .replaceAll("_", "-")
    .toLowerCase();

/** Kubernetes links Services of the pod's namespace that have an address and were there before the container. */
function links({ spec, metadata }: Service, pod: PodEvidence, startedAt: string | undefined): boolean {
  if (metadata.namespace !== pod.namespace || (spec?.clusterIP ?? "None") === "None" || spec?.clusterIP === "")
    return false;
  const [born, started] = [Date.parse(metadata.creationTimestamp ?? ""), Date.parse(startedAt ?? "")];
  return Number.isNaN(born) || Number.isNaN(started) || born <= started;
}

function serviceLinks(evidence: Evidence): Cause[] {
  return forServerPods(evidence, (pod, look): Cause | undefined => {
    if (!pod.serviceLinks || isReady(pod)) return undefined;
    for (const { container: name, variable, phrase } of LINKED) {
      const container = containerOf(pod, name);
      if (container === undefined || container.status?.ready === true || container.env.get(variable) !== undefined)
        continue;
      const { state, lastState } = container.status ?? {};
      const startedAt = state?.running?.startedAt ?? lastState?.terminated?.finishedAt;
      const service = evidence.services?.find(
        (one) => one.metadata.name === serviceOf(variable) && links(one, pod, startedAt),
      );
      if (service === undefined) continue;
      const lines = linesOf(look, name, phrase);
      // The scheduler's own Service is always there; what it brings only harms an agent that was left without its port.
      if (name === "agent" && lines.length === 0) continue;
      const { clusterIP = "?", ports = [] } = service.spec ?? {};
      return {
        subject: podSubject(pod),
        cause: `Service ${service.metadata.name} puts ${variable} into container ${name}, which wants a number there and gets tcp://...`,
        clues: [
          strong(
            `Service ${pod.namespace}/${service.metadata.name} has the address ${clusterIP}, so Kubernetes sets ${variable}=tcp://${clusterIP}:${ports[0]?.port ?? "?"} in every pod of the namespace; the container does not set it itself`,
          ),
          ...lines.slice(-2).flatMap((line) => lineClue(name, line, proof)),
          ...(container.status?.restartCount
            ? [hint(`container ${name} has restarted ${container.status.restartCount} times`)]
            : []),
        ],
        repeat: [
          evidence.kubectl("-n", pod.namespace, "get service", service.metadata.name),
          logsOf(evidence, pod, name, (container.status?.restartCount ?? 0) > 0),
        ],
        mend: `rename Service ${service.metadata.name}, or set enableServiceLinks: false in the Server's podSpec (${editServer(evidence, pod.namespace, serverOf(pod))}); then ${evidence.kubectl("-n", pod.namespace, "delete pod", pod.name)}`,
        clears: ["The CNI is not involved: the process ends while it reads its settings, before it opens any port."],
      };
    }
    return undefined;
  });
}

const ZERO = "0.0.0.0";

/** Whether NO_PROXY keeps 0.0.0.0 from the proxy, by the rules of Go's httpproxy. Pure. */
export function exemptsZero(noProxy: string): boolean {
  return noProxy.split(",").some((part) => {
    const entry = part.trim().replace(/:\d+$/, "");
    if (entry === "*" || entry === ZERO) return true;
    return /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(entry) && contains(entry, ZERO);
  });
}

/** A variable by either of its spellings; Go takes the upper-case one first. */
function either(pod: PodEvidence, name: string): { name: string; text: string } | undefined {
  const env = containerOf(pod, "agent")?.env;
  for (const spelling of [name, name.toLowerCase()]) {
    const value = env?.get(spelling);
    if (value !== undefined) return { name: spelling, text: value.text ?? `(from ${value.from ?? "elsewhere"})` };
  }
  return undefined;
}

function proxy(evidence: Evidence): Cause[] {
  return forServerPods(evidence, (pod, look): Cause | undefined => {
    if (isReady(pod)) return undefined;
    const proxies = ["HTTPS_PROXY", "HTTP_PROXY"]
      .flatMap((name) => either(pod, name) ?? [])
      .filter(({ text }) => text !== "");
    const exempt = either(pod, "NO_PROXY");
    if (proxies.length === 0 || exemptsZero(exempt?.text ?? "")) return undefined;
    const own = portOf(look, serverPorts(pod).agent.grpc);
    const inference = inferenceContainer(pod);
    // A server that is not up needs no proxy to be out of reach.
    if (own !== undefined ? !own.ok : inference?.status?.ready === false) return undefined;
    return {
      subject: podSubject(pod),
      cause: "the agent asks MLServer and rclone at 0.0.0.0 by way of a proxy, because NO_PROXY does not name 0.0.0.0",
      clues: [
        strong(
          `container agent: ${proxies.map(({ name, text }) => `${name}=${text}`).join(", ")}; ${exempt === undefined ? "NO_PROXY is not set" : `${exempt.name}=${exempt.text}`} (Go exempts 127.0.0.1 and localhost by itself, 0.0.0.0 not)`,
        ),
        ...(own === undefined ? [] : portClue(own, ["answered"])),
        ...lineClue("agent", lastLine(look, "agent", "agent-proxy"), proof),
        ...lineClue("agent", lastLine(look, "agent", "agent-waits-mlserver"), strong),
      ],
      repeat: [
        evidence.kubectl(
          "-n",
          pod.namespace,
          "get pod",
          pod.name,
          `-o jsonpath='{.spec.containers[?(@.name=="agent")].env}'`,
        ),
        logsOf(evidence, pod, "agent"),
      ],
      mend: `add 0.0.0.0, seldon-scheduler and the Service range to NO_PROXY of container agent: ${editServer(evidence, pod.namespace, serverOf(pod))}`,
      clears: ["MLServer and the CNI are not involved: the same port answers on 127.0.0.1, without the proxy."],
    };
  });
}

export const ENVIRONMENT_RULES: readonly Rule[] = [
  {
    id: "service-link-env",
    title: "a Service named mlserver-* puts a variable into the container that stops it",
    notWhen:
      "the Service is headless, younger than the container or of another namespace, links are off, or the container sets the variable itself",
    judge: serviceLinks,
  },
  {
    id: "proxy-env",
    title: "proxy variables without 0.0.0.0 in NO_PROXY",
    notWhen: "NO_PROXY names 0.0.0.0, the proxy is not the agent's, or MLServer itself does not answer",
    judge: proxy,
  },
];
