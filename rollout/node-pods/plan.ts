/** From a subject and the cluster as it is to the plan of a proof. */
import { EXIT } from "../../checks/exit-codes";
import { podLines } from "../../checks/cluster/pod-evidence";
import { internalAddress, isReady, type KubeObject, type Node } from "../../checks/cluster/objects";
import { ToolError } from "../../tools/cli";
import type { Run } from "../cli/run";
import { PATHS } from "../../checks/cluster/paths";
import { done, forAWhile, waiting } from "../../checks/cluster/wait";
import { podsOn } from "../pods/recreate";
import type { Destination, ProofNode } from "../proof/plan";
import type { NodePlan } from "../proof/prover";
import { type NodePodsSubject, rangesOf } from "./subject";

/**
 * The node when it is Ready: its K3s may have been restarted a moment ago.
 * @throws ToolError with the pods of the node's own network that are not Ready, the CNI's among them.
 */
export async function readyNode({ cluster, pace, subject, waits }: Run<NodePodsSubject>): Promise<Node> {
  const look = await forAWhile(
    `node ${subject.node} is Ready`,
    pace.nodeMs,
    async () => {
      const node = await cluster.find<Node>(PATHS.node(subject.node));
      if (node === undefined) return waiting("there is no such node");
      const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
      return isReady(node) ? done(node) : waiting(ready?.message ?? "its kubelet has said nothing yet");
    },
    waits("node"),
  );
  if ("done" in look) return look.done;
  const pods = (await podsOn(cluster, subject.node)).filter((pod) => pod.spec?.hostNetwork === true && !isReady(pod));
  throw new ToolError(
    [
      `node ${subject.node} is not Ready: ${look.waiting}`,
      ...pods.flatMap(podLines).map((line) => `- ${line}`),
      `fix: see the pods of ${subject.to} on that node and its K3s' log, then run this again; Kubernetes evicts the node's pods when it has not been Ready for 5 minutes`,
    ].join("\n"),
    EXIT.failed,
  );
}

/** What is to be proven, against which nodes. @throws ToolError | LookError */
export async function proofPlan(run: Run<NodePodsSubject>, node: Node): Promise<NodePlan> {
  const { subject, cluster } = run;
  const proven = proofNode(node, subject.to, subject);
  const peers = await readyPeers(run);
  const dns = await cluster.find<KubeObject>(PATHS.service("kube-system", "kube-dns"));
  const { address, port, nodePort } = subject.apiServer;
  // A node alone has only itself to reach outside the pod network.
  const alone: Destination[] =
    peers.length === 0 && subject.role === "server" ? [{ address: proven.address, port: nodePort }] : [];
  return {
    node: proven,
    peers,
    image: subject.probeImage,
    hostPort: subject.hostPort,
    podMtu: subject.podMtu,
    api: { address, port },
    dns: dns !== undefined,
    outside: [...alone, ...subject.outside],
  };
}

/** Of each CNI the first named node that is Ready. */
async function readyPeers({ subject, cluster, say }: Run<NodePodsSubject>): Promise<ProofNode[]> {
  const peers = new Map<string, ProofNode>();
  for (const { node: name, cni } of subject.peers) {
    if (peers.has(cni) || name === subject.node) continue;
    const node = await cluster.find<Node>(PATHS.node(name));
    if (node !== undefined && isReady(node)) peers.set(cni, proofNode(node, cni, subject));
    else say("proof", `${name} is ${node === undefined ? "no node" : "not Ready"}, so nothing is proven against it`);
  }
  return [...peers.values()];
}

function proofNode(node: Node, cni: NodePodsSubject["to"], { pools }: NodePodsSubject): ProofNode {
  const { name } = node.metadata;
  const address = internalAddress(node);
  if (address === undefined) {
    throw new ToolError(`node ${name} has no InternalIP; fix: see its kubelet`, EXIT.failed);
  }
  return { name, cni, ranges: rangesOf(cni, node, pools), address };
}
