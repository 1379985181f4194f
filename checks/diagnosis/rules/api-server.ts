/** Agents that do not reach the Kubernetes API: without it they never become ready (Seldon Core 2.10.2, `extended_client.go`). */
import { PORTS } from "../../../components/network-policies/ports";
import { internalAddress } from "../../cluster/objects";
import type { Evidence, PodEvidence, PodLook } from "../../evidence/evidence";
import type { LogLine } from "../../evidence/logs";
import { isReady } from "../../evidence/pods";
import { podEnd, policyVerdict } from "../policy";
import { forServerPods, linesOf, lineClue, logsOf, podSubject } from "../read";
import { type Cause, type Clue, hint, type Rule, strong } from "../rule";

const REFUSED = /is forbidden|Unauthorized/;
const UNREACHABLE =
  /i\/o timeout|deadline exceeded|connection refused|no route to host|network is unreachable|no such host|EOF/i;

/** The agent's last complaint about the API, whether it still runs or has ended with it. */
const complaint = (look: PodLook | undefined): LogLine | undefined => linesOf(look, "agent", "agent-api").at(-1);

/** Whether the policies let an agent reach the API server: on any server node, for one is enough. */
function apiPolicy(evidence: Evidence, pod: PodEvidence): Clue[] {
  const servers = (evidence.nodes ?? []).filter(
    ({ metadata }) => metadata.labels?.["node-role.kubernetes.io/control-plane"] !== undefined,
  );
  const addresses = servers.flatMap((node) => internalAddress(node) ?? []);
  if (evidence.policies === undefined || addresses.length === 0) return [];
  const verdicts = addresses.map((ip) =>
    policyVerdict(evidence.policies!, {
      from: podEnd(pod),
      to: { kind: "address", ip },
      port: PORTS.kubernetes.apiServer,
    }),
  );
  return verdicts.every(({ allowed }) => allowed === "no")
    ? [strong(`${verdicts[0]!.why} (API server at ${addresses.join(", ")})`)]
    : [];
}

const unreachable = (evidence: Evidence): Cause[] =>
  forServerPods(evidence, (pod, look): Cause | undefined => {
    const line = complaint(look);
    if (line === undefined || isReady(pod) || REFUSED.test(line.text) || !UNREACHABLE.test(line.text)) return undefined;
    const policy = apiPolicy(evidence, pod);
    return {
      subject: podSubject(pod),
      cause: "the agent does not reach the Kubernetes API server, so it cannot become ready",
      clues: [
        ...lineClue("agent", line),
        hint("the agent reads Secrets and EndpointSlices before it reports ready"),
        ...policy,
      ],
      repeat: [logsOf(evidence, pod, "agent"), evidence.kubectl("-n", pod.namespace, "get networkpolicies -o yaml")],
      mend:
        policy.length > 0
          ? `allow server pods to the nodes on ${PORTS.kubernetes.apiServer} (network.nodeCidrs must hold every server node): pulumi up -s ${evidence.subject.stack}`
          : `see that Service kubernetes leads to the server nodes (${evidence.kubectl("-n default get endpointslices -l kubernetes.io/service-name=kubernetes")}) and that node ${pod.node ?? "?"} reaches them on ${PORTS.kubernetes.apiServer}`,
      clears: ["Loopback and MLServer are not involved: the agent asks the API server only after both have answered."],
    };
  });

const rights = (evidence: Evidence): Cause[] =>
  forServerPods(evidence, (pod, look): Cause | undefined => {
    const line = complaint(look);
    if (line === undefined || isReady(pod) || !REFUSED.test(line.text)) return undefined;
    return {
      subject: podSubject(pod),
      cause: "the agent may not read what it needs from the Kubernetes API",
      clues: [
        ...lineClue("agent", line),
        strong("the API server answered, so it is reached: it is the right that is missing"),
      ],
      repeat: [
        logsOf(evidence, pod, "agent"),
        evidence.kubectl(
          "-n",
          pod.namespace,
          "auth can-i list endpointslices.discovery.k8s.io",
          `--as system:serviceaccount:${pod.namespace}:seldon-server`,
        ),
      ],
      mend: `${evidence.kubectl("-n", pod.namespace, "get role,rolebinding")}: bind Role agent-role to ServiceAccount seldon-server; the operator makes both: ${evidence.kubectl("-n", evidence.subject.operatorNamespace, "rollout restart deployment seldon-v2-controller-manager")}`,
      clears: ["Policies and the CNI are not involved: the API server answered."],
    };
  });

export const API_SERVER_RULES: readonly Rule[] = [
  {
    id: "apiserver-unreachable",
    title: "the agent does not reach the Kubernetes API server",
    notWhen: "the API server answered (forbidden), or only the wait for the pod's own address timed out",
    follows: ["proxy-env", "pod-address-outside-pools", "kube-router-leftovers", "flannel-leftovers"],
    judge: unreachable,
  },
  {
    id: "agent-rights",
    title: "the agent lacks a right in the Kubernetes API",
    notWhen: "the API server could not be reached at all",
    judge: rights,
  },
];
