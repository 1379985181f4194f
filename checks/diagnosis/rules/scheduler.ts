/** Agents that do not reach the scheduler: the four ways in which that happens look different. */
import { DNS_LABELS, DNS_NAMESPACE } from "../../../components/network-policies/endpoints";
import { PORTS } from "../../../components/network-policies/ports";
import type { Evidence, PodEvidence, PodLook, PodSummary } from "../../evidence/evidence";
import type { LogLine } from "../../evidence/logs";
import { isOf, isReady, serverOf } from "../../evidence/pods";
import type { PodEnd } from "../../policy/evaluate/model";
import { podEnd, type PolicyVerdict, policyVerdict } from "../policy";
import { containerOf, editServer, forServerPods, lastLine, lineClue, logsOf, podSubject } from "../read";
import { type Cause, type Clue, hint, proof, type Rule, strong } from "../rule";

const SERVICE = "seldon-scheduler";

/** What the agent's last word about the scheduler shows. */
type Complaint = "dns" | "refused" | "dropped" | "other";

const COMPLAINTS: readonly (readonly [RegExp, Complaint])[] = [
  [
    /no such host|lookup \S+.*(?:timeout|misbehaving|refused|try again)|name resolver error|produced zero addresses/i,
    "dns",
  ],
  [/connection refused/i, "refused"],
  [/i\/o timeout|deadline exceeded|no route to host|network is unreachable/i, "dropped"],
];

interface Waiting {
  readonly pod: PodEvidence;
  readonly look: PodLook | undefined;
  readonly line: LogLine;
  readonly complaint: Complaint;
  readonly host: string;
  readonly port: number;
}

/** Agents whose last word about the scheduler is that it cannot be reached. */
const waiting = (evidence: Evidence, judge: (waiting: Waiting) => Cause | undefined): Cause[] =>
  forServerPods(evidence, (pod, look) => {
    if (isReady(pod)) return undefined;
    const line = lastLine(look, "agent", "agent-no-scheduler", "agent-subscribed");
    if (line === undefined) return undefined;
    const env = containerOf(pod, "agent")?.env;
    const complaint = COMPLAINTS.find(([pattern]) => pattern.test(line.text))?.[1] ?? "other";
    return judge({
      pod,
      look,
      line,
      complaint,
      host: env?.text("SELDON_SCHEDULER_HOST") ?? SERVICE,
      port: env?.port("SELDON_SCHEDULER_PORT", PORTS.scheduler.agent) ?? PORTS.scheduler.agent,
    });
  });

const schedulers = ({ pods = [] }: Evidence, namespace: string): PodEvidence[] =>
  pods.filter((pod) => pod.namespace === namespace && isOf("scheduler", pod) && !pod.deleting);

const serviceOf = (evidence: Evidence, namespace: string, name: string) =>
  evidence.services?.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);

const readyEndpoints = (evidence: Evidence, namespace: string, name: string): number | undefined =>
  evidence.endpoints
    ?.filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.["kubernetes.io/service-name"] === name,
    )
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false).length;

const loopbackIsFine =
  "Loopback, MLServer and rclone are not involved: the agent has them and waits for the scheduler.";

const service = (evidence: Evidence): Cause[] =>
  waiting(evidence, ({ pod, line, host, port }) => {
    if (evidence.services === undefined) return undefined;
    const { namespace } = pod;
    const name = host.split(".")[0]!;
    const found = serviceOf(evidence, namespace, name);
    const running = schedulers(evidence, namespace).some(isReady);
    const problem =
      found === undefined
        ? `there is no Service ${namespace}/${name}`
        : found.spec?.ports?.some((one) => one.port === port) !== true
          ? `Service ${name} has no port ${port} (${found.spec?.ports?.map((one) => one.port).join(", ") ?? "none"})`
          : running && readyEndpoints(evidence, namespace, name) === 0
            ? `Service ${name} selects no ready pod, although the scheduler is Ready (selector ${JSON.stringify(found.spec.selector ?? {})})`
            : undefined;
    if (problem === undefined) return undefined;
    return {
      subject: podSubject(pod),
      cause: `the agent dials ${name}:${port}, and no Service leads there`,
      clues: [strong(problem), strong(`container agent: SELDON_SCHEDULER_HOST is ${host}`), ...lineClue("agent", line)],
      repeat: [evidence.kubectl("-n", namespace, "get service,endpointslices")],
      mend:
        name === SERVICE
          ? `let the operator make it again: ${evidence.kubectl("-n", evidence.subject.operatorNamespace, "rollout restart deployment seldon-v2-controller-manager")}; see ${evidence.kubectl("-n", namespace, "describe seldonruntime")}`
          : `set SELDON_SCHEDULER_HOST to ${SERVICE} and SELDON_SCHEDULER_PORT to ${PORTS.scheduler.agent}: ${editServer(evidence, namespace, serverOf(pod))}`,
      clears: [loopbackIsFine],
    };
  });

const down = (evidence: Evidence): Cause[] =>
  waiting(evidence, ({ pod, line, complaint }) => {
    if (evidence.pods === undefined || complaint === "dns") return undefined;
    const own = schedulers(evidence, pod.namespace);
    if (own.some(isReady)) return undefined;
    const [first] = own;
    const state =
      first === undefined ? "there is no scheduler pod" : `pod ${first.name} is ${first.phase} and not Ready`;
    return {
      subject: podSubject(pod),
      ...(first === undefined ? {} : { other: podSubject(first) }),
      cause: "the scheduler does not run, so no agent can register with it",
      clues: [proof(state), ...lineClue("agent", line, hint)],
      repeat: [evidence.kubectl("-n", pod.namespace, "describe statefulset seldon-scheduler")],
      mend:
        first === undefined
          ? evidence.kubectl("-n", pod.namespace, "describe seldonruntime")
          : evidence.kubectl("-n", pod.namespace, "describe pod", first.name),
      clears: [loopbackIsFine],
    };
  });

const policy = (evidence: Evidence): Cause[] =>
  waiting(evidence, ({ pod, line, complaint, port }) => {
    if (evidence.policies === undefined || complaint === "dns") return undefined;
    const { namespace } = pod;
    const [scheduler] = schedulers(evidence, namespace);
    if (scheduler === undefined || !isReady(scheduler)) return undefined;
    const { allowed, why } = policyVerdict(evidence.policies, { from: podEnd(pod), to: podEnd(scheduler), port });
    const calico = (evidence.calicoPolicies ?? []).map(({ metadata }) => metadata.name);
    const byCalico = hint(`Calico's own policies exist and are not decided here: ${calico.slice(0, 5).join(", ")}`);
    const dropped = complaint === "dropped" ? lineClue("agent", line) : lineClue("agent", line, hint);
    const common = {
      subject: podSubject(pod),
      other: podSubject(scheduler),
      repeat: [evidence.kubectl("-n", namespace, "get networkpolicies -o yaml"), logsOf(evidence, pod, "agent")],
      mend: `allow server to scheduler on ${port}: where the stack declares the policies, pulumi up -s ${evidence.subject.stack}; else mend ${evidence.kubectl("-n", namespace, "edit networkpolicy")}`,
      clears: [loopbackIsFine, "The scheduler is not involved: its pod is Ready."],
    };
    if (allowed === "no") {
      return {
        ...common,
        cause: `a NetworkPolicy closes the way from the agent to the scheduler on ${port}`,
        clues: [strong(why), ...dropped],
      };
    }
    if (complaint === "refused") {
      return {
        ...common,
        cause: `connections from the agent to the scheduler on ${port} are rejected on their way, although the scheduler runs`,
        clues: [
          ...lineClue("agent", line),
          hint("a policy of Calico's drops silently; rules of kube-router and of most firewalls reject"),
        ],
        mend: `look for rules that reject on nodes ${pod.node ?? "?"} and ${scheduler.node ?? "?"} (iptables-save | grep REJECT), and whether ${scheduler.name} listens on ${port}: ${logsOf(evidence, scheduler, "scheduler")}`,
      };
    }
    if (complaint !== "dropped") return undefined;
    return {
      ...common,
      cause: `packets from the agent to the scheduler on ${port} get no answer`,
      clues: [...dropped, ...(calico.length > 0 ? [byCalico] : []), ...(allowed === "unknown" ? [hint(why)] : [])],
      mend: `see whether a policy of Calico's drops them (${evidence.kubectl("get globalnetworkpolicies.crd.projectcalico.org")}), then the way between nodes ${pod.node ?? "?"} and ${scheduler.node ?? "?"}`,
      clears: [...common.clears, ...(allowed === "yes" ? [`NetworkPolicies are not involved: ${why}.`] : [])],
    };
  });

/** What the policies say of the way to the DNS, where they say the same of all its pods: ranges of addresses may part them. */
function dnsPolicy(
  { policies }: Evidence,
  pod: PodEvidence,
  servers: readonly PodSummary[],
): PolicyVerdict | undefined {
  if (policies === undefined) return undefined;
  const known = servers.filter(({ finished }) => !finished).map(podEnd);
  const ends: readonly PodEnd[] =
    known.length > 0 ? known : [{ kind: "pod", namespace: DNS_NAMESPACE, labels: DNS_LABELS }];
  const port = PORTS.kubernetes.dns;
  const [first, ...more] = ends.map((to) => policyVerdict(policies, { from: podEnd(pod), to, port, protocol: "UDP" }));
  return more.every(({ allowed }) => allowed === first?.allowed) ? first : undefined;
}

const dns = (evidence: Evidence): Cause[] =>
  waiting(evidence, ({ pod, line, complaint, host }) => {
    if (complaint !== "dns") return undefined;
    const { namespace } = pod;
    const servers = evidence.allPods?.filter(
      (one) => one.namespace === DNS_NAMESPACE && one.labels["k8s-app"] === DNS_LABELS["k8s-app"],
    );
    const clues: Clue[] = [...lineClue("agent", line)];
    if (servers !== undefined && !servers.some(({ ready }) => ready)) {
      clues.push(strong(`no cluster DNS pod is ready (${servers.length} exist in ${DNS_NAMESPACE})`));
    }
    const verdict = dnsPolicy(evidence, pod, servers ?? []);
    if (verdict?.allowed === "no") clues.push(strong(verdict.why));
    return {
      subject: podSubject(pod),
      cause: `the agent cannot resolve ${host}`,
      clues,
      repeat: [
        evidence.kubectl("-n", DNS_NAMESPACE, "get pods -l k8s-app=kube-dns -o wide"),
        logsOf(evidence, pod, "agent"),
      ],
      mend:
        verdict?.allowed === "no"
          ? `allow every pod of ${namespace} to cluster DNS on 53 UDP and TCP: pulumi up -s ${evidence.subject.stack}`
          : `${evidence.kubectl("-n", DNS_NAMESPACE, "rollout restart deployment coredns")}; then see its log`,
      clears: [
        loopbackIsFine,
        ...(verdict?.allowed === "yes" ? [`NetworkPolicies are not involved: ${verdict.why}.`] : []),
      ],
    };
  });

const POD_ROOTS = ["proxy-env", "pod-address-outside-pools", "kube-router-leftovers", "flannel-leftovers"];

export const SCHEDULER_RULES: readonly Rule[] = [
  {
    id: "scheduler-service",
    title: "no Service leads the agent to the scheduler",
    notWhen: "the Service has the port and a ready endpoint, or the scheduler itself is not Ready",
    judge: service,
  },
  {
    id: "scheduler-down",
    title: "the scheduler does not run",
    notWhen: "its pod is Ready, or the agent has subscribed since",
    follows: ["oom-killed", "crashed", "image-pull", "pod-unschedulable", "sandbox-failed"],
    judge: down,
  },
  {
    id: "scheduler-policy",
    title: "the agent does not reach the scheduler on 9005: something on the way drops or rejects",
    notWhen: "the scheduler does not run, its name cannot be resolved, or the agent has subscribed since",
    follows: ["scheduler-service", "scheduler-dns", ...POD_ROOTS],
    judge: policy,
  },
  {
    id: "scheduler-dns",
    title: "the agent cannot resolve the scheduler's name",
    notWhen: "there is no such Service: no DNS could know it",
    follows: ["scheduler-service", ...POD_ROOTS],
    judge: dns,
  },
];
