/** The nodes as the cluster knows them: all declared, all Ready, all outside of Calico's pool. */
import { calicoPool, declaredHosts } from "../../config/derive";
import { contains, overlaps } from "../../config/cidr";
import type { Condition, Node } from "../cluster/objects";
import type { Check } from "../check";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { runningCni } from "../hosts/judge-cni";
import { fail, type Outcome, pass } from "../verdict";
import { declaredChange } from "./change";

export const nodeChecks = (context: CheckContext): Check[] => [
  nodesReady(context),
  podRanges(context),
  etcdVoters(context),
];

const condition = (node: Node, type: string): Condition | undefined =>
  node.status?.conditions?.find((one) => one.type === type);

function nodesReady(context: CheckContext): Check {
  return {
    id: "nodes",
    title: "The nodes are those that are declared, and Ready",
    proves: "no node is forgotten on the old CNI, and no node is down before the first one is touched",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: 60_000,
    expectations: async (signal) => {
      const nodes = new Map(
        (await context.snapshot.list<Node>(PATHS.nodes, signal)).map((node) => [node.metadata.name, node]),
      );
      const declared = declaredHosts(context.machines).map(({ host }) => host.name);
      return [...new Set([...declared, ...nodes.keys()])].map((name) => ({
        target: name,
        expected: "declared under hosts, and a Ready node",
        repeat: context.kubectl("get node", name, "-o wide"),
        probe: () => judgeNode(name, nodes.get(name), declared.includes(name), context),
      }));
    },
  };
}

async function judgeNode(
  name: string,
  node: Node | undefined,
  declared: boolean,
  context: CheckContext,
): Promise<Outcome> {
  const describe = context.kubectl("describe node", name);
  if (!declared) {
    return fail(
      "it is a node of the cluster and no declared machine: it would stay on the old CNI and lose the others",
      {
        fix: `declare ${name} under hosts, or remove it: ${context.kubectl("delete node", name)}`,
      },
    );
  }
  if (node === undefined)
    return fail("there is no such node", { fix: `see K3s on ${name}: journalctl -u k3s -u k3s-agent -n 50` });
  const ready = condition(node, "Ready");
  if (ready?.status === "True") return pass(node.spec?.unschedulable === true ? "Ready, cordoned" : "Ready");
  const change = declaredChange(context.machines);
  if (change !== undefined) {
    const { facts } = await context.hosts.look(name);
    // The node at which the last run was interrupted: its own step is what makes it Ready again.
    if (runningCni(facts) === change.to || !facts.k3s.active) {
      return pass(`not Ready (${ready?.message ?? "no word from its kubelet"}); its step was interrupted and goes on`);
    }
  }
  return fail(`not Ready: ${ready?.message ?? "no word from its kubelet"}`, { fix: describe });
}

function podRanges(context: CheckContext): Check {
  return {
    id: "pod-ranges",
    title: "No node's podCIDR lies in Calico's pool",
    proves: "Calico gives no pod an address that another node's Flannel has or will have",
    needs: [CLUSTER_IDENTITY],
    expectations: async (signal) => {
      const nodes = await context.snapshot.list<Node>(PATHS.nodes, signal);
      const pool = calicoPool(context.machines);
      const { clusterCidr } = context.machines.network;
      return nodes.map((node) => ({
        target: node.metadata.name,
        expected: `a podCIDR in ${clusterCidr} and outside of ${pool}`,
        repeat: context.kubectl("get nodes -o custom-columns=NAME:.metadata.name,PODCIDR:.spec.podCIDR"),
        probe: () => Promise.resolve(judgeRange(node.spec?.podCIDR, pool, clusterCidr)),
      }));
    },
  };
}

function judgeRange(range: string | undefined, pool: string, clusterCidr: string): Outcome {
  if (range === undefined) {
    return fail("it has no podCIDR", {
      fix: "let K3s' controller manager allocate node CIDRs (no --allocate-node-cidrs=false)",
    });
  }
  if (overlaps(pool, range)) {
    return fail(`${range} lies in Calico's pool ${pool}: both would give out the same addresses`, {
      fix: "set calico.pool.cidr to a part of the cluster CIDR that no node's podCIDR uses",
      final: true,
    });
  }
  if (contains(clusterCidr, range)) return pass(range);
  return fail(`${range} lies outside of network.clusterCidr ${clusterCidr}`, {
    fix: "set network.clusterCidr to the cluster's own",
    final: true,
  });
}

/** What K3s says of a server whose etcd takes part in votes. */
const VOTER = "EtcdIsVoter";

function etcdVoters(context: CheckContext): Check {
  return {
    id: "etcd-voters",
    title: "Every server votes in etcd",
    proves: "one server at a time can restart without etcd losing its majority",
    needs: [CLUSTER_IDENTITY],
    expectations: async (signal) => {
      const { hosts, k3s } = context.machines;
      const nodes = await context.snapshot.list<Node>(PATHS.nodes, signal);
      return hosts.servers.map(({ name }) => ({
        target: name,
        expected: k3s.datastore === "etcd" ? `${VOTER}=True` : "one server on SQLite: nobody votes",
        repeat: context.kubectl("get node", name, `-o jsonpath='{.status.conditions[?(@.type=="${VOTER}")]}'`),
        probe: () =>
          Promise.resolve(
            judgeVoter(
              nodes.find(({ metadata }) => metadata.name === name),
              k3s.datastore,
            ),
          ),
      }));
    },
  };
}

function judgeVoter(node: Node | undefined, datastore: "sqlite" | "etcd"): Outcome {
  if (datastore === "sqlite") return pass("SQLite");
  const voter = node === undefined ? undefined : condition(node, VOTER);
  if (voter === undefined) return pass("its node says nothing about votes; the step itself asks etcd before and after");
  if (voter.status === "True") return pass("votes");
  return fail(`${VOTER}=${voter.status} (${voter.message ?? voter.reason ?? "no reason"})`, {
    fix: "wait until it has caught up; a learner that stays one: k3s etcd-snapshot save, remove the node and join it again",
  });
}
