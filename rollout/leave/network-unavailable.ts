/**
 * Nodes that Calico has marked as having no network when it stopped. Calico's node agent sets the condition
 * NetworkUnavailable=True (CalicoIsDown) on its way out, and the Flannel inside K3s never clears it (K3s starts its subnet
 * manager with setNodeNetworkUnavailable off), so the node would stay tainted and unschedulable for ever.
 */
import { z } from "zod";
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { type BaseSubject, baseShape, word } from "../cli/subject";
import type { Node, Pod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { done, until, waiting } from "../../checks/cluster/wait";

const TYPE = "NetworkUnavailable";
/** Set by the node lifecycle controller for as long as the condition is True. */
const TAINT = "node.kubernetes.io/network-unavailable";
/** The reason that Calico gives, and the one that Flannel would give. */
const CALICO_IS_DOWN = "CalicoIsDown";
const FLANNEL_IS_UP = "FlannelIsUp";

const schema = z.strictObject({
  ...baseShape,
  nodes: z.array(word).optional().describe("Nodes to look at. Default: all."),
});

export const CLEAR_NETWORK_UNAVAILABLE = step<z.infer<typeof schema>>({
  name: "clear-network-unavailable",
  summary: "Clear the condition NetworkUnavailable that Calico left on nodes (way back to Flannel).",
  details: `Only where its reason is ${CALICO_IS_DOWN} and Calico's agent does not run on the node any more. Then waits until the
taint that goes with it is gone.`,
  schema,
  run: async (run) => {
    await clearNetworkUnavailable(run, run.subject.nodes);
    return "no node is marked by Calico as having no network";
  },
});

/** Whether Calico has marked a node, and said so as the last one. */
const isMarked = (node: Node): boolean =>
  node.status?.conditions?.some(
    ({ type, status, reason }) => type === TYPE && status === "True" && reason === CALICO_IS_DOWN,
  ) === true;

/**
 * @param names Nodes to look at. @default all
 * @throws ToolError when a taint stays to the end of the time.
 */
export async function clearNetworkUnavailable(run: Run<BaseSubject>, names?: readonly string[]): Promise<void> {
  const { cluster, say } = run;
  const nodes = (await cluster.list<Node>(PATHS.nodes)).filter(
    (node) => isMarked(node) && (names === undefined || names.includes(node.metadata.name)),
  );
  for (const { metadata } of nodes) {
    if (await runsCalico(run, metadata.name)) {
      say("node", `${metadata.name}: Calico's agent still runs there, so the condition is its own to change`);
      continue;
    }
    say("node", `${metadata.name}: clearing ${TYPE} (${CALICO_IS_DOWN})`);
    const at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const condition = {
      type: TYPE,
      status: "False",
      reason: FLANNEL_IS_UP,
      message: "Calico has been removed; the node's network is Flannel's",
      lastHeartbeatTime: at,
      lastTransitionTime: at,
    };
    await cluster.patch(PATHS.nodeStatus(metadata.name), { status: { conditions: [condition] } }, "strategic");
    await untaint(run, metadata.name);
  }
}

async function runsCalico({ cluster }: Run<BaseSubject>, node: string): Promise<boolean> {
  const pods = await cluster.list<Pod>(PATHS.allPods, {
    fieldSelector: `spec.nodeName=${node}`,
    labelSelector: "k8s-app=calico-node",
  });
  return pods.some(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase === "Running");
}

function untaint(run: Run<BaseSubject>, name: string): Promise<void> {
  return until(
    `node ${name} has lost the taint ${TAINT}`,
    async () => {
      const node = await run.cluster.find<Node>(PATHS.node(name));
      const isTainted = node?.spec?.taints?.some(({ key }) => key === TAINT) === true;
      return isTainted ? waiting("the controller manager has not taken it away yet") : done(undefined);
    },
    run.waits("node"),
  );
}
