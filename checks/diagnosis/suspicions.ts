/** The usual suspicions, each with the evidence that clears it. Pure. */
import { conditionOf } from "../cluster/objects";
import type { Evidence, PodLook } from "../evidence/evidence";
import { duration } from "../report/layout";
import type { RankedCause } from "./diagnose";
import { linesOf } from "./read";

type Suspicion = (evidence: Evidence, causes: readonly RankedCause[]) => string | undefined;

/** Looks at pods with what was asked on their loopback. */
const asked = ({ looks }: Evidence): [pod: string, look: PodLook][] =>
  [...looks].filter(([, { ports }]) => ports.some(({ kind }) => kind !== "unknown"));

/** The report that blamed Flannel: one port of a pod answers while another refuses, on one and the same loopback. */
const cni: Suspicion = (evidence) => {
  for (const [pod, { ports }] of asked(evidence)) {
    const answered = ports.find(({ kind }) => kind === "answered");
    const refused = ports.find(({ kind }) => kind === "refused");
    if (refused === undefined) continue;
    if (answered === undefined) continue;
    return `The CNI is not involved: in ${pod} 127.0.0.1:${answered.port} answered in ${duration(answered.milliseconds)} while 127.0.0.1:${refused.port} refused. Loopback never leaves the pod; a CNI only configures eth0.`;
  }
  return undefined;
};

/** A refusal is an answer: the kernel's own. */
const policies: Suspicion = (evidence) => {
  const refusals = asked(evidence).flatMap(([pod, { ports }]) =>
    ports.filter(({ kind }) => kind === "refused").map(({ port }) => `${pod}:${port}`),
  );
  if (refusals.length === 0) return undefined;
  return `NetworkPolicies are not involved in "connection refused" (${refusals.slice(0, 3).join(", ")}): what a policy drops gets no answer at all, and none acts on loopback.`;
};

const emptyServer: Suspicion = ({ looks }) => {
  for (const [, look] of looks) {
    for (const container of Object.keys(look.logs)) {
      const line = linesOf(look, container, "empty-server").at(-1);
      const words = /Empty server for \S+ so ignoring[^"]*/.exec(line?.text ?? "")?.[0];
      if (words !== undefined)
        return `"${words.trim()}" accuses no server: it says that the scheduler had placed that Model nowhere at that moment.`;
    }
  }
  return undefined;
};

/** The criterion as first written down; it fails on healthy pods of every CNI. */
const curl: Suspicion = (evidence) => {
  const grpc = asked(evidence)
    .flatMap(([, { ports }]) => ports)
    .find(({ role, ok, port }) => role === "grpc" && ok && port === 9500);
  if (grpc === undefined) return undefined;
  return `\`curl http://127.0.0.1:9500/v2/health\` fails on every healthy pod: 9500 speaks gRPC, and here ServerLive answered in ${duration(grpc.milliseconds)}.`;
};

const CNI_RULES =
  /^(tigera-|network-unavailable|sandbox-failed|pool-outside|pod-address|flannel-|kube-router-|dead-host)/;

const calico: Suspicion = ({ tigera, allPods }, causes) => {
  if (tigera === undefined || tigera.length === 0 || causes.some(({ rule }) => CNI_RULES.test(rule))) return undefined;
  const available = tigera.every((status) => conditionOf(status, "Available")?.status === "True");
  const nodes = allPods?.filter(({ labels }) => labels["k8s-app"] === "calico-node");
  if (!available || nodes === undefined || nodes.some(({ ready }) => !ready)) return undefined;
  return `Calico reports no fault: ${tigera.map(({ metadata }) => metadata.name).join(", ")} Available, ${nodes.length} calico-node pods Ready.`;
};

const SUSPICIONS: readonly Suspicion[] = [cni, policies, emptyServer, curl, calico];

/** What the evidence clears, in the order in which people suspect it. Nothing without a symptom to explain. */
export const clearedSuspicions = (evidence: Evidence, causes: readonly RankedCause[]): string[] =>
  SUSPICIONS.flatMap((suspicion) => suspicion(evidence, causes) ?? []);
