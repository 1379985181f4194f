/** What somebody once tried against "connection refused" and left behind. */
import type { Evidence } from "../../evidence/evidence";
import type { CalicoPolicy, CalicoRule, NetworkPolicy, PolicyRule } from "../../evidence/objects";
import { containerEvidence, isOf, isReady, serverOf } from "../../evidence/pods";
import { editServer, lineClue, linesOf, lookAt, podSubject } from "../read";
import { type Cause, fact, hint, type Rule } from "../rule";

function hostNetwork(evidence: Evidence): Cause[] {
  return (evidence.pods ?? [])
    .filter((pod) => pod.hostNetwork && !pod.deleting)
    .map((pod): Cause => {
      const look = lookAt(evidence, pod);
      const taken = pod.containers.flatMap(({ name }) =>
        linesOf(look, name, "address-in-use")
          .slice(-1)
          .flatMap((line) => lineClue(name, line)),
      );
      const server = isOf("server", pod);
      return {
        subject: podSubject(pod),
        cause:
          "the pod runs on its node's network: no policy guards it, and its ports collide with every other pod there",
        clues: [
          fact(`pod ${pod.name}: spec.hostNetwork is true (address ${pod.ip ?? "?"})`),
          ...taken,
          ...(taken.length > 0 && !isReady(pod) ? [hint("the pod is not Ready")] : []),
        ],
        repeat: [evidence.kubectl("-n", pod.namespace, "get pod", pod.name, "-o jsonpath={.spec.hostNetwork}")],
        mend: server
          ? `take hostNetwork out of the Server's podSpec: ${editServer(evidence, pod.namespace, serverOf(pod))}`
          : "take hostNetwork out of the SeldonRuntime's or SeldonConfig's podSpec",
        clears: [
          "hostNetwork cures no refused loopback: the containers of a pod share one loopback with and without it.",
        ],
      };
    });
}

const UNREAD = "SELDON_SERVER_HOST";

function serverHost(evidence: Evidence): Cause[] {
  const pods = (evidence.pods ?? []).filter(({ deleting }) => !deleting);
  const inPods = pods.flatMap((pod) =>
    pod.containers.flatMap(({ name, env }) =>
      env.get(UNREAD) === undefined
        ? []
        : [{ subject: podSubject(pod), where: `pod ${pod.name}, container ${name}`, text: env.show(UNREAD) }],
    ),
  );
  const inServers = (evidence.servers ?? []).flatMap(({ metadata, spec }) =>
    (spec?.podSpec?.containers ?? []).map(containerEvidence).flatMap(({ name, env }) =>
      env.get(UNREAD) === undefined || inPods.length > 0
        ? []
        : [
            {
              subject: { kind: "Server" as const, namespace: metadata.namespace, name: metadata.name },
              where: `Server ${metadata.name}, container ${name}`,
              text: env.show(UNREAD),
            },
          ],
    ),
  );
  return [...inPods, ...inServers].map(({ subject, where, text }) => ({
    subject,
    cause: `${UNREAD} is set, and no version of Seldon Core 2 reads it`,
    clues: [fact(`${where}: ${text}`)],
    repeat: [evidence.kubectl("-n", subject.namespace ?? "", "get servers -o yaml")],
    mend: `take ${UNREAD} out of the Server's podSpec; the agent asks 0.0.0.0, which is loopback, and only --inference-host would change that`,
    clears: [`${UNREAD} neither causes nor cures a refused port.`],
  }));
}

/** A rule that admits everybody to everything. */
const opensAll = ({ from, to, ports }: PolicyRule): boolean =>
  [from, to].every((peers) => peers === undefined || peers.length === 0) && (ports ?? []).length === 0;

const policyOpensAll = ({ spec }: NetworkPolicy): boolean =>
  [...(spec?.ingress ?? []), ...(spec?.egress ?? [])].some(opensAll);

const isEmpty = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0;

const calicoOpensAll = ({ action, protocol, source, destination }: CalicoRule): boolean =>
  action === "Allow" && protocol === undefined && isEmpty(source) && isEmpty(destination);

/** Tiers of the operator's own policies. */
const OPERATOR = /^(calico-system|allow-tigera)\./;

function allowAll(evidence: Evidence): Cause[] {
  const { policies = [], calicoPolicies = [], subject } = evidence;
  const ours = new Set(subject.namespaces);
  const plain = policies
    .filter(({ metadata }) => ours.has(metadata.namespace ?? ""))
    .filter(policyOpensAll)
    .map(({ metadata, spec }) => ({
      namespace: metadata.namespace,
      what: `NetworkPolicy ${metadata.namespace}/${metadata.name}`,
      text: `${JSON.stringify(spec)}`,
      remove: evidence.kubectl("-n", metadata.namespace ?? "", "delete networkpolicy", metadata.name),
    }));
  const calico = calicoPolicies
    .filter(
      ({ metadata }) =>
        !OPERATOR.test(metadata.name) && (metadata.namespace === undefined || ours.has(metadata.namespace)),
    )
    .filter(({ spec }: CalicoPolicy) => [...(spec?.ingress ?? []), ...(spec?.egress ?? [])].some(calicoOpensAll))
    .map(({ metadata, spec }) => ({
      namespace: metadata.namespace,
      what: `${metadata.namespace === undefined ? "GlobalNetworkPolicy" : "Calico NetworkPolicy"} ${metadata.name}`,
      text: JSON.stringify(spec),
      remove: evidence.kubectl(
        ...(metadata.namespace === undefined
          ? ["delete globalnetworkpolicies.crd.projectcalico.org", metadata.name]
          : ["-n", metadata.namespace, "delete networkpolicies.crd.projectcalico.org", metadata.name]),
      ),
    }));
  return [...plain, ...calico].map(({ namespace, what, text, remove }) => ({
    subject:
      namespace === undefined
        ? { kind: "cluster" as const, name: "cluster" }
        : { kind: "namespace" as const, namespace, name: namespace },
    cause: "a policy opens everything to everybody, so the ports without authentication are open too",
    clues: [fact(`${what}: ${text.slice(0, 300)}`)],
    repeat: [evidence.kubectl("get networkpolicies -A -o yaml")],
    mend: remove,
    clears: ["A policy never touches loopback: an allow-all cures no refused 127.0.0.1, and its absence causes none."],
  }));
}

export const WORKAROUND_RULES: readonly Rule[] = [
  {
    id: "workaround-host-network",
    reach: "habit",
    title: "a pod of Seldon's runs with hostNetwork",
    notWhen: "it is a pod of the system (CNI, kube-proxy), which belongs there",
    judge: hostNetwork,
  },
  {
    id: "workaround-server-host",
    reach: "habit",
    title: "SELDON_SERVER_HOST is set, which no version reads",
    notWhen: "it is SELDON_SCHEDULER_HOST or MLSERVER_HOST, which are read",
    judge: serverHost,
  },
  {
    id: "workaround-allow-all",
    reach: "habit",
    title: "a policy opens everything",
    notWhen: "it closes everything (no rule at all), or its rules name peers or ports",
    judge: allowAll,
  },
];
