/** `rollout remove-node`: takes a node out of the cluster, its pods first. */
import { z } from "zod";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { baseShape, word } from "../cli/subject";
import { controllerOf, isReady, type Node, type Pod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { done, until, waiting } from "../../checks/cluster/wait";
import { holderOf, WorkloadLock } from "../pods/lock";
import { Mover } from "../pods/mover";
import { recreatePods } from "../pods/recreate";
import { placeOf, type Place } from "../../checks/cluster/select";
import { Workloads } from "../pods/workload";
import { reasonAgainst } from "./quorum";

const schema = z.strictObject({
  ...baseShape,
  node: word.describe("The node to take out."),
  allowBarePods: z.boolean().default(false).describe("Delete pods that no controller makes again."),
  allowIncomplete: z.boolean().default(false).describe("Move pods of workloads that lack replicas anyway."),
});
type Subject = z.infer<typeof schema>;

export const REMOVE_NODE = step<Subject>({
  name: "remove-node",
  summary: "Take a node out of the cluster: cordon, move its pods, delete the Node.",
  details: `Refused where the API server or etcd's quorum would not survive it. Pods are moved as by node-pods, to other nodes;
DaemonSets' pods go with the node. A node that is not Ready cannot say that its pods have ended: nothing is moved, and
Kubernetes makes their replacements when the Node is deleted. K3s takes the member out of etcd when the Node of a server
goes. A node that does not exist is done.`,
  schema,
  place: ({ node }) => node,
  run: removeNode,
});

async function removeNode(run: Run<Subject>): Promise<string> {
  const { cluster, subject, say } = run;
  const line = `${subject.node}: not part of the cluster`;
  const node = await cluster.find<Node>(PATHS.node(subject.node));
  if (node === undefined) return line;
  const others = (await cluster.list<Node>(PATHS.nodes)).filter(({ metadata }) => metadata.name !== subject.node);
  const against = reasonAgainst(node, others);
  if (against !== undefined) {
    throw new ToolError(
      `${subject.node} is not taken out: ${against}; fix: mend or add servers first, then run this again`,
      EXIT.failed,
    );
  }
  if (node.spec?.unschedulable !== true) {
    say("node", "cordoning it");
    await cluster.patch(PATHS.node(subject.node), { spec: { unschedulable: true } });
  }
  if (isReady(node)) await run.part("move its pods", () => drain(run));
  else say("pods", "its kubelet does not answer, so no pod is moved; replacements come when the Node is gone");
  say("node", "deleting it");
  await run.part("delete the Node", () => removeObject(run, node));
  return line;
}

async function removeObject({ cluster, subject, waits }: Run<Subject>, { metadata: { uid } }: Node): Promise<void> {
  await cluster.remove(PATHS.node(subject.node), { uid });
  await until(
    `node ${subject.node} is gone`,
    async () => {
      const found = await cluster.find<Node>(PATHS.node(subject.node));
      if (found === undefined || found.metadata.uid !== uid) return done(undefined);
      return waiting(`finalizers: ${(found.metadata.finalizers ?? []).join(", ") || "none"}`);
    },
    waits("node"),
  );
}

/** Pods of DaemonSets, and those that the kubelet runs from files, belong to the node and go with it. */
function placeOfDrained(pod: Pod): Place {
  if (controllerOf(pod)?.kind === "DaemonSet") return "stay";
  // By the same rules as a change of CNI, but for every address, and also for pods on the node's own network.
  const place = placeOf({ ...pod, spec: { ...pod.spec, containers: [], hostNetwork: false } }, ["0.0.0.0/0"]);
  return place === "unconnected" ? "move" : place;
}

async function drain({ cluster, pace, subject, waits }: Run<Subject>): Promise<void> {
  const workloads = new Workloads(cluster);
  const wait = waits("pods");
  const mover = new Mover({
    cluster,
    workloads,
    lock: new WorkloadLock(cluster, holderOf(subject.node)),
    wait,
    pace,
    cleanHostPorts: () => Promise.resolve(),
    allowIncomplete: subject.allowIncomplete,
    jobMs: 0,
  });
  await recreatePods({
    cluster,
    workloads,
    mover,
    wait,
    pace,
    node: subject.node,
    place: placeOfDrained,
    why: "to go to another node",
    allowBarePods: subject.allowBarePods,
    parallel: 4,
  });
}
