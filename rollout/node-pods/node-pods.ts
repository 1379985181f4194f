/** `rollout node-pods`: recreates a node's pods after its CNI has changed, and proves the node before and after. */
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { HostPorts } from "../hosts/host-ports";
import { OnHost } from "../hosts/on-host";
import { holderOf, WorkloadLock } from "../pods/lock";
import { Mover } from "../pods/mover";
import { podsOn, recreatePods, type RecreateOptions, refuseBarePods } from "../pods/recreate";
import { placeOf } from "../../checks/cluster/select";
import { Workloads } from "../pods/workload";
import { Prover } from "../proof/prover";
import { proofPlan, readyNode } from "./plan";
import { claimsOf, proofPart, proveOrThrow } from "./proving";
import { type NodePodsSubject, nodePodsSchema, rangesOf } from "./subject";

const REPEAT = "node tools/run.mjs rollout prove < subject.json";

/** The parts of the step, and when it proves. */
const PREPARE = "prepare the proof";
const BEFORE = "before pods are recreated";
const RECREATE = "recreate pods";
const AFTER = "after pods were recreated";

export const NODE_PODS = step<NodePodsSubject>({
  name: "node-pods",
  summary: "Recreate a node's pods after its CNI has changed, and prove the node before and after.",
  details: `Before any pod is taken away, new pods on the node are proven: across nodes both ways with the client's source
address, large requests, DNS, the API server, a way out, a host port. Then every pod with an address of the CNI that is
being left is recreated: by the Eviction API, which honours disruption budgets; DaemonSets' pods by deletion; Jobs' pods
after some time to end. Of each workload one pod at a time in the whole cluster, and none while it lacks replicas.
Host-port entries of dead sandboxes are taken away over SSH. Then the node is proven again.
Pods without a controller are refused with a list, unless allowBarePods is set: then they are deleted.
A second run recreates what is left, and proves.`,
  schema: nodePodsSchema,
  place: ({ node }) => node,
  run: nodePods,
});

export const PROVE = step<NodePodsSubject>({
  name: "prove",
  summary: "Prove a node's pod network, without touching any of its pods.",
  details: "Takes the subject of node-pods. Makes probe pods in a namespace of its own and takes them away again.",
  schema: nodePodsSchema,
  place: ({ node }) => node,
  run: async (run) => {
    const node = await readyNode(run);
    const prover = await Prover.open(run, await proofPlan(run, node), REPEAT);
    const claims = claimsOf(await podsOn(run.cluster, run.subject.node));
    await proveOrThrow(run, prover, "now", { claims });
    return `${run.subject.node}: proven on ${run.subject.to}`;
  },
});

async function nodePods(run: Run<NodePodsSubject>): Promise<string> {
  const { subject, cluster, signal, pace, say } = run;
  const node = await readyNode(run);
  const workloads = new Workloads(cluster);
  const host = new OnHost(subject.target, { signal, say: (line) => say("host", line) });
  run.defer("the SSH connection", () => Promise.resolve(host.close()));
  const hostPorts = new HostPorts(host, subject.from);
  const wait = run.waits("pods");
  const mover = new Mover({
    cluster,
    workloads,
    lock: new WorkloadLock(cluster, holderOf(subject.node)),
    wait,
    pace,
    cleanHostPorts: () => hostPorts.clean(),
    allowIncomplete: subject.allowIncomplete,
    jobMs: subject.jobWaitSeconds * 1000,
  });
  const ranges = rangesOf(subject.from, node, subject.pools);
  const options: RecreateOptions = {
    cluster,
    workloads,
    mover,
    wait,
    pace,
    node: subject.node,
    place: (pod) => placeOf(pod, ranges),
    why: `an address of ${ranges.join(", ")}`,
    allowBarePods: subject.allowBarePods,
    parallel: subject.parallel,
  };

  run.expect([PREPARE, proofPart(BEFORE), RECREATE, proofPart(AFTER)]);
  const { before, prover } = await run.part(PREPARE, async () => {
    const before = await podsOn(cluster, subject.node);
    refuseBarePods(before, options);
    // What an interrupted run left, and what K3s' restart left: a stale entry would hide the probe's own host port.
    await hostPorts.clean();
    return { before, prover: await Prover.open(run, await proofPlan(run, node), REPEAT) };
  });
  const answered = await proveOrThrow(run, prover, BEFORE, { claims: claimsOf(before) });

  const moved = await run.part(RECREATE, async () => {
    const moved = await recreatePods(options);
    await hostPorts.clean();
    return moved;
  });
  if (moved === 0) say("pods", "none is left to be recreated");
  else {
    const claims = claimsOf(await podsOn(cluster, subject.node));
    await proveOrThrow(run, prover, AFTER, { claims, answered });
  }
  return `${subject.node}: pods on ${subject.to}, proven`;
}
