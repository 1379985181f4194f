/** The pods that will be recreated: what forbids it, and what will be felt. */
import {
  type Condition,
  controllerOf,
  type KubeObject,
  type LabelSelector,
  type Pod,
  type ScaledWorkload,
  showPod,
} from "../cluster/objects";
import { hostPortsOf, isBare } from "../cluster/select";
import type { Check, Expectation } from "../check";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { fail, pass } from "../verdict";
import { changeOf, movingPods } from "./change";
import { selects } from "../cluster/label-selector";

export const movingChecks = (context: CheckContext): Check[] => [
  barePods(context),
  budgets(context),
  singles(context),
  hostPorts(context),
];

const common = { needs: [CLUSTER_IDENTITY], timeoutMs: 30_000 } as const;

/** One expectation about all of them. */
const about = (target: string, expected: string, repeat: string, probe: Expectation["probe"]): Expectation => ({
  target,
  expected,
  repeat,
  probe,
});

function barePods(context: CheckContext): Check {
  return {
    id: "bare-pods",
    title: "Every pod is made again when it goes",
    proves: "recreating pods loses none: each has a controller",
    ...common,
    expectations: () => {
      changeOf(context);
      return [
        about("pods", "no pod without a controller", context.kubectl("get pods -A -o wide"), async (signal) => {
          const moving = await movingPods(context, signal);
          const bare = moving.filter(isBare).map(showPod);
          if (bare.length === 0) return pass(`${moving.length} pods will be recreated, all have a controller`);
          return fail(`nothing makes ${bare.join(", ")} again`, {
            fix: `let a Deployment or Job own them, or delete them: ${bare.map((pod) => context.kubectl("-n", ...pod.split("/").flatMap((part, index) => (index === 0 ? [part, "delete pod"] : [part])))).join("; ")}`,
          });
        }),
      ];
    },
  };
}

type Budget = KubeObject<
  { readonly selector?: LabelSelector },
  {
    readonly disruptionsAllowed?: number;
    readonly expectedPods?: number;
    readonly currentHealthy?: number;
    readonly desiredHealthy?: number;
    readonly conditions?: readonly Condition[];
  }
>;

function budgets(context: CheckContext): Check {
  return {
    id: "disruption-budgets",
    title: "No disruption budget blocks",
    proves: "every pod that must move may be evicted, one at a time",
    ...common,
    expectations: async (signal) => {
      changeOf(context);
      const all = await context.snapshot.list<Budget>(PATHS.allBudgets, signal);
      const moving = await movingPods(context, signal);
      const held = all.map((budget) => ({
        budget,
        pods: moving.filter(
          (pod) =>
            pod.metadata.namespace === budget.metadata.namespace && selects(budget.spec?.selector, pod.metadata.labels),
        ),
      }));
      const relevant = held.filter(({ pods }) => pods.length > 0);
      if (relevant.length === 0) {
        return [
          about("budgets", "none that allows no disruption", context.kubectl("get pdb -A"), () =>
            Promise.resolve(pass("no budget covers a pod that moves")),
          ),
        ];
      }
      return relevant.map(({ budget, pods }) => {
        const { namespace = "", name } = budget.metadata;
        return about(
          `${namespace}/${name}`,
          "at least one disruption allowed",
          context.kubectl("-n", namespace, "get pdb", name),
          () => {
            const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
            if (disruptionsAllowed > 0) return Promise.resolve(pass(`${disruptionsAllowed} allowed`));
            return Promise.resolve(
              fail(
                `allows no disruption: ${currentHealthy} healthy, ${desiredHealthy} must stay; it covers ${pods.map(showPod).join(", ")}`,
                {
                  fix:
                    currentHealthy < desiredHealthy
                      ? `mend its pods first: ${context.kubectl("-n", namespace, "get pods")}`
                      : "add a replica, or lower minAvailable for the time of the change",
                },
              ),
            );
          },
        );
      });
    },
  };
}

/** Deployments and StatefulSets with one replica that moves: said, not refused. CoreDNS and the ingress get a second one. */
function singles(context: CheckContext): Check {
  return {
    id: "single-replicas",
    title: "What has one replica is known",
    proves: "nobody is surprised by what is away for the seconds in which its only pod is recreated",
    ...common,
    expectations: () => {
      changeOf(context);
      return [
        about(
          "workloads",
          "two replicas, or known to be away for a moment",
          context.kubectl("get deployments,statefulsets -A"),
          async (signal) => {
            const single = await singleReplicas(context, signal);
            const spread = single.filter((one) => SPREAD.includes(one));
            const felt = single.filter((one) => !SPREAD.includes(one));
            const notes = [
              ...(spread.length > 0
                ? [`${spread.join(", ")} will run two replicas on different nodes until the change is over.`]
                : []),
              ...(felt.length > 0
                ? [`With one replica, so away for seconds while its pod is recreated: ${felt.join(", ")}.`]
                : []),
            ];
            return pass(`${single.length} with one replica`, notes.length > 0 ? { note: notes.join(" ") } : {});
          },
        ),
      ];
    },
  };
}

/** What the change itself gives a second replica (rollout step `spread`). */
const SPREAD: readonly string[] = ["Deployment kube-system/coredns", "Deployment kube-system/traefik"];

/** Workloads whose only pod moves, as `Deployment ns/name`. @throws LookError | SkipError */
export async function singleReplicas(context: CheckContext, signal: AbortSignal): Promise<string[]> {
  const moving = await movingPods(context, signal);
  const owners = new Set(moving.map((pod) => `${pod.metadata.namespace}/${workloadName(pod)}`));
  const kinds = [
    ["Deployment", PATHS.allDeployments],
    ["StatefulSet", PATHS.allStatefulSets],
  ] as const;
  const found = await Promise.all(
    kinds.map(async ([kind, path]) =>
      (await context.snapshot.list<ScaledWorkload>(path, signal))
        .filter(
          ({ metadata, spec }) => (spec?.replicas ?? 1) === 1 && owners.has(`${metadata.namespace}/${metadata.name}`),
        )
        .map(({ metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`),
    ),
  );
  return found.flat().sort();
}

/** Name of the workload behind a pod: of a ReplicaSet's the Deployment, whose hash is cut off. */
function workloadName(pod: Pod): string {
  const owner = controllerOf(pod);
  return owner?.kind === "ReplicaSet" ? owner.name.replace(/-[^-]+$/, "") : (owner?.name ?? pod.metadata.name);
}

function hostPorts(context: CheckContext): Check {
  return {
    id: "host-ports",
    title: "Who holds host ports is known",
    proves: "each node's host ports are moved with their pods, and their short gap is expected",
    ...common,
    expectations: () => {
      changeOf(context);
      return [
        about("host ports", "known", context.kubectl("get pods -A -o wide"), async (signal) => {
          const holders = (await movingPods(context, signal)).flatMap((pod) => {
            const ports = hostPortsOf(pod);
            return ports.length === 0 ? [] : [`${showPod(pod)} on ${pod.spec?.nodeName ?? "?"}: ${ports.join(", ")}`];
          });
          if (holders.length === 0) return pass("no pod that moves holds one");
          return pass(`${holders.length} pods hold host ports`, {
            note: `Host ports of a node are away for the seconds in which their pod there is recreated: ${holders.join("; ")}. Clients that use another node's address feel nothing.`,
          });
        }),
      ];
    },
  };
}
