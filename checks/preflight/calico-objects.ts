/** Calico's own objects: which stand in the way, and whether Calico is complete where it must be. */
import { calicoRanges, flannelRange } from "../../config/derive";
import { overlaps } from "../../config/cidr";
import {
  type Conditioned,
  conditionOf,
  isReady,
  type KubeObject,
  type Node,
  type Pod,
  showCondition,
} from "../cluster/objects";
import type { Check } from "../check";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { fail, type Outcome, pass, SkipError, skipped } from "../verdict";
import { changeOf, isCalicoNode } from "./change";

export const calicoObjectChecks = (context: CheckContext): Check[] => [
  networkPolicies(context),
  calicoKinds(context),
  pools(context),
  deadApi(context),
  calicoOnEveryNode(context),
];

const common = { needs: [CLUSTER_IDENTITY], timeoutMs: 30_000 } as const;

/** Kinds of Calico's own that judge traffic, by plural. */
const JUDGING = ["globalnetworkpolicies", "networkpolicies", "hostendpoints"] as const;
/** Tiers of the operator's own policies, which come and go with Calico. */
const OPERATOR = /^(calico-system|allow-tigera)\./;

/** Objects of Calico's judging kinds that somebody other than the operator made, as `plural namespace/name`. @throws LookError */
async function judgingObjects(context: CheckContext, signal: AbortSignal): Promise<string[]> {
  const lists = await Promise.all(
    JUDGING.map(async (plural) => {
      const objects = await context.snapshot.list<KubeObject>(PATHS.calico(plural), signal);
      // An object of the API group projectcalico.org is stored under this prefix.
      return objects
        .map(({ metadata }) => ({ ...metadata, name: metadata.name.replace(/^default\./, "") }))
        .filter(({ name }) => !OPERATOR.test(name))
        .map(({ namespace, name }) => `${plural} ${namespace === undefined ? "" : `${namespace}/`}${name}`);
    }),
  );
  return lists.flat();
}

function networkPolicies(context: CheckContext): Check {
  return {
    id: "network-policies",
    title: "Existing NetworkPolicies are known",
    proves: "whose policies both CNIs have to enforce during and after the change",
    ...common,
    expectations: () => {
      const { from, to } = changeOf(context);
      return [
        {
          target: "NetworkPolicies",
          expected: "known",
          repeat: context.kubectl("get networkpolicies -A"),
          probe: async (signal) => {
            const all = await context.snapshot.list<KubeObject>(PATHS.allNetworkPolicies, signal);
            if (all.length === 0) return pass("none");
            const namespaces = [...new Set(all.map(({ metadata }) => metadata.namespace))].sort();
            const ignored = await nobodyEnforces(context);
            const note =
              ignored.length === 0
                ? `${all.length} NetworkPolicies (in ${namespaces.join(", ")}) are enforced at every moment: by ${from === "flannel" ? "K3s' policy controller" : "Calico"} now, by both while nodes change, by ${to === "flannel" ? "K3s' policy controller" : "Calico"} afterwards.`
                : `${all.length} NetworkPolicies (in ${namespaces.join(", ")}) are enforced by nobody on ${ignored.join(", ")} today and WILL be enforced after the change: read them first.`;
            return pass(`${all.length} in ${namespaces.length} namespaces`, { note });
          },
        },
      ];
    },
  };
}

/** Machines on Flannel where nobody enforces policies today. */
async function nobodyEnforces(context: CheckContext): Promise<string[]> {
  if (changeOf(context).from !== "flannel") return [];
  const inspections = await context.hosts.lookAtAll();
  return [...inspections].flatMap(([name, { facts }]) =>
    facts.role !== "none" && !facts.chains.some(({ name: chain }) => chain.startsWith("KUBE-ROUTER-")) ? [name] : [],
  );
}

function calicoKinds(context: CheckContext): Check {
  return {
    id: "calico-kinds",
    title: "No policy of Calico's own kinds is lost or springs to life",
    proves:
      "nothing depends on a kind that only Calico understands when Calico goes, and no forgotten one acts when it comes",
    ...common,
    expectations: () => {
      const { from } = changeOf(context);
      return [
        {
          target: JUDGING.join(", "),
          expected: from === "calico" ? "none, because Flannel enforces none of them" : "none that nobody knows of",
          repeat: context.kubectl("get", JUDGING.map((plural) => `${plural}.crd.projectcalico.org`).join(","), "-A"),
          probe: async (signal) => {
            const found = await judgingObjects(context, signal);
            if (found.length === 0) return pass("none");
            if (from === "calico") {
              return fail(`${found.join(", ")} would stop to be enforced`, {
                fix: "rewrite them as Kubernetes NetworkPolicies or delete them, then run this again",
              });
            }
            return pass(`${found.length} exist`, {
              note: `Policies of Calico's own kinds act from the moment in which Felix starts: ${found.join(", ")}.`,
            });
          },
        },
      ];
    },
  };
}

type Pool = KubeObject<{ readonly cidr?: string; readonly disabled?: boolean }>;

/** Address pools that the stack does not declare would give out addresses of their own. */
function pools(context: CheckContext): Check {
  return {
    id: "address-pools",
    title: "Calico has no other address pools",
    proves: "Calico gives out addresses of the declared pool only",
    ...common,
    expectations: () => {
      const { to } = changeOf(context);
      if (to !== "calico") throw new SkipError("Calico is being left");
      const declared = [...calicoRanges(context.machines), flannelRange(context.machines)];
      return [
        {
          target: "IPPools",
          expected: `none but ${declared.join(" and ")}`,
          repeat: context.kubectl("get ippools.crd.projectcalico.org"),
          probe: async (signal) => {
            const found = await context.snapshot.list<Pool>(PATHS.ipPools, signal);
            const foreign = found.filter(({ spec }) => spec?.disabled !== true && !declared.includes(spec?.cidr ?? ""));
            if (foreign.length === 0) return pass(found.map(({ spec }) => spec?.cidr ?? "?").join(", ") || "none yet");
            const shown = foreign.map(({ metadata, spec }) => `${metadata.name} (${spec?.cidr ?? "?"})`);
            const overlap = foreign.some(({ spec }) =>
              overlaps(spec?.cidr ?? "0.0.0.0/32", flannelRange(context.machines)),
            );
            return fail(
              `${shown.join(", ")} ${overlap ? "overlaps Flannel's range" : "is not declared"}: left by an earlier Calico`,
              {
                fix: foreign
                  .map(({ metadata }) => context.kubectl("delete ippools.crd.projectcalico.org", metadata.name))
                  .join("; "),
              },
            );
          },
        },
      ];
    },
  };
}

/** An aggregated API that nobody serves keeps namespaces from being deleted and the garbage collector from working. */
function deadApi(context: CheckContext): Check {
  return {
    id: "calico-api",
    title: "No dead Calico API is registered",
    proves: "namespaces can be deleted and owners' objects collected while the change is under way",
    ...common,
    expectations: () => [
      {
        target: "APIService v3.projectcalico.org",
        expected: "absent, or Available=True",
        repeat: context.kubectl("get apiservice v3.projectcalico.org"),
        probe: async (signal) => {
          const found = await context.api.find<Conditioned>(PATHS.apiService("v3.projectcalico.org"), signal);
          if (found === undefined) return pass("absent");
          const available = conditionOf(found, "Available");
          if (available?.status === "True") return pass("Available=True");
          return fail(showCondition("Available", available), {
            fix: `mend Calico's API server, or, where Calico is gone: ${context.kubectl("delete apiservice v3.projectcalico.org")}`,
          });
        },
      },
    ],
  };
}

/** Calico runs beside Flannel on every node before the first node changes: a pod that is Ready is not proof, but its absence is. */
function calicoOnEveryNode(context: CheckContext): Check {
  return {
    id: "calico-on-every-node",
    title: "Calico runs on every node",
    proves: "a node that restarts early finds its new CNI complete",
    ...common,
    expectations: async (signal) => {
      changeOf(context);
      const pods = (await context.snapshot.list<Pod>(PATHS.allPods, signal)).filter(isCalicoNode);
      if (pods.length === 0)
        throw new SkipError("Calico is not installed yet; the stack installs it beside Flannel first");
      const nodes = await context.snapshot.list<Node>(PATHS.nodes, signal);
      return nodes.map(({ metadata: { name } }) => ({
        target: name,
        expected: "a calico-node pod that is Ready",
        repeat: context.kubectl("-n calico-system get pods -l k8s-app=calico-node -o wide"),
        probe: () =>
          Promise.resolve(
            judgeCalicoPod(
              pods.find((pod) => pod.spec?.nodeName === name),
              context,
            ),
          ),
      }));
    },
  };
}

function judgeCalicoPod(pod: Pod | undefined, context: CheckContext): Outcome {
  const fix = context.kubectl("-n calico-system describe daemonset calico-node");
  if (pod === undefined) return fail("no calico-node pod on it", { fix });
  if (pod.status?.phase === undefined) return skipped("the pod has no status yet");
  if (isReady(pod)) return pass("Ready");
  return fail(`${pod.metadata.name} is ${pod.status.phase} and not Ready`, {
    fix: context.kubectl("-n calico-system logs", pod.metadata.name, "-c calico-node --tail 50"),
  });
}
