import { type JudgedResource, kindOf, listAt, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type Fault, type ResourceRule } from "../rule";
import { isTree, type Tree } from "../../config/tree";

type Opens = "all" | "unknown" | "some";

/** Ranges that are every address. */
const EVERYWHERE = new Set<unknown>(["0.0.0.0/0", "::/0"]);

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) ? value.length === 0 : isBare(value));
const isBare = (value: unknown): boolean => isTree(value) && Object.keys(value).length === 0;

const worst = (rulings: readonly Opens[]): Opens =>
  rulings.includes("all") ? "all" : rulings.includes("unknown") ? "unknown" : "some";

/** Whether a peer of a Kubernetes NetworkPolicy is everybody: every address, or every pod of every namespace. */
function peerOpens(peer: unknown): Opens {
  if (peer === UNKNOWN) return "unknown";
  if (!isTree(peer)) return "some";
  const { ipBlock, namespaceSelector, podSelector } = peer;
  if (ipBlock !== undefined) {
    const [cidr, except] = [valueAt(ipBlock, "cidr"), valueAt(ipBlock, "except")];
    if (cidr === UNKNOWN || except === UNKNOWN) return "unknown";
    return EVERYWHERE.has(cidr) && isEmpty(except) ? "all" : "some";
  }
  if (namespaceSelector === UNKNOWN || podSelector === UNKNOWN) return "unknown";
  return isBare(namespaceSelector) && isEmpty(podSelector) ? "all" : "some";
}

function portsOpen(ports: unknown): Opens {
  if (ports === UNKNOWN) return "unknown";
  if (isEmpty(ports)) return "all";
  const every = (port: unknown): boolean =>
    isTree(port) && (port["port"] === undefined || (port["port"] === 1 && port["endPort"] === 65535));
  return (ports as unknown[]).some(every) ? "all" : "some";
}

const both = (left: Opens, right: Opens): Opens =>
  left === "some" || right === "some" ? "some" : left === "unknown" || right === "unknown" ? "unknown" : "all";

function kubernetesRule(rule: Tree, peers: "from" | "to"): Opens {
  const list = rule[peers];
  const who: Opens =
    list === UNKNOWN ? "unknown" : isEmpty(list) ? "all" : worst((list as unknown[]).map((peer) => peerOpens(peer)));
  return both(who, portsOpen(rule["ports"]));
}

const LIMITS = ["selector", "namespaceSelector", "serviceAccounts", "services", "notSelector", "notNets", "domains"];

/** Whether one side of a Calico rule leaves every peer, or every port, open. */
function calicoSide(side: unknown): { readonly peers: Opens; readonly ports: Opens } {
  if (side === UNKNOWN) return { peers: "unknown", ports: "unknown" };
  if (!isTree(side)) return { peers: "all", ports: "all" };
  const unknown = [...LIMITS, "nets"].some((key) => side[key] === UNKNOWN);
  const limited = LIMITS.some((key) => !isEmpty(side[key]) && !["all()", "", UNKNOWN].includes(side[key] as string));
  const nets = Array.isArray(side["nets"]) ? side["nets"] : [];
  const narrow = nets.length > 0 && !nets.some((net) => EVERYWHERE.has(net));
  const peers = limited || (narrow && !nets.includes(UNKNOWN)) ? "some" : unknown || narrow ? "unknown" : "all";
  return { peers, ports: side["ports"] === UNKNOWN ? "unknown" : isEmpty(side["ports"]) ? "all" : "some" };
}

function calicoRule(rule: Tree, direction: "ingress" | "egress"): Opens {
  const { action, protocol } = rule;
  if (action !== UNKNOWN && action !== "Allow") return "some";
  // A rule about ICMP alone opens no port.
  const icmp = typeof protocol === "string" && protocol.startsWith("ICMP");
  const limitedByProtocol = icmp || !isEmpty(rule["icmp"]) || !isEmpty(rule["http"]);
  if (limitedByProtocol) return "some";
  const [source, destination] = [calicoSide(rule["source"]), calicoSide(rule["destination"])];
  const peers = direction === "ingress" ? source.peers : destination.peers;
  const opens = both(peers, destination.ports);
  return action === UNKNOWN ? both(opens, "unknown") : opens;
}

/** Whether a Calico policy is about the nodes themselves, which `calico.hostEndpoints.enforce` opens on purpose. */
function isForNodes(resource: JudgedResource): boolean {
  return valueAt(resource.inputs, "spec.tier") === "nodes";
}

function* judgePolicy(resource: JudgedResource, calico: boolean): Generator<Fault> {
  const staged = kindOf(resource)?.startsWith("Staged") === true;
  const spec = resource.inputs["spec"];
  for (const direction of ["ingress", "egress"] as const) {
    const rules = listAt({ spec }, `spec.${direction}`);
    if (rules === UNKNOWN) {
      yield cannotJudge(`spec.${direction}`, "whom the policy lets through");
      continue;
    }
    for (const [index, rule] of rules.entries()) {
      const at = `spec.${direction}[${index}]`;
      const opens: Opens =
        rule === UNKNOWN
          ? "unknown"
          : !isTree(rule)
            ? "some"
            : calico
              ? calicoRule(rule, direction)
              : kubernetesRule(rule, direction === "ingress" ? "from" : "to");
      if (opens === "unknown") yield cannotJudge(at, "whom the rule lets through");
      if (opens !== "all") continue;
      const problem = `lets ${direction === "ingress" ? "everybody in to" : "its pods out to"} every port`;
      const nodes = calico && isForNodes(resource);
      if (nodes)
        yield { at, problem: `${problem} of the nodes: calico.hostEndpoints is not enforced`, enforcement: "advisory" };
      else if (staged) yield { at, problem: `${problem}, once it is no longer staged`, enforcement: "advisory" };
      else yield { at, problem };
    }
  }
}

const POLICIES = /^(Staged)?(Global|Kubernetes)?NetworkPolicy(Patch)?$/;

/** No rule opens every port to, or for, everybody. */
export const noAllowAllPolicy: ResourceRule = {
  id: "no-allow-all-policy",
  what: "No NetworkPolicy, of Kubernetes or of Calico, has a rule that is open to everybody on every port.",
  why: "Policies add up: one such rule undoes every other policy of the pods that it selects, default deny too. Seldon's control plane asks nobody who he is. Between two containers of one pod no policy stands, so that opening all cures nothing there.",
  fix: "Name who may come and on which port: a row in components/network-policies/flows.ts, or policies.clients and policies.storage. For the nodes: set calico.hostEndpoints.enforce once `npm run policies -- <stack>` shows nothing that it would cut.",
  enforcement: "mandatory",
  *judge(resource) {
    const kind = kindOf(resource);
    if (kind === undefined || !POLICIES.test(kind)) return;
    const calico = resource.type.includes("projectcalico.org/") && !kind.startsWith("StagedKubernetes");
    yield* judgePolicy(resource, calico);
  },
};
