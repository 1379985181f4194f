/** `rollout leave-flannel`: takes away what Flannel left in the API, when no pod has an address of it any more. */
import { z } from "zod";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import { step } from "../cli/command";
import { baseShape } from "../cli/subject";
import { type Node, type Pod, showPod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { placeOf } from "../../checks/cluster/select";
import { removeNodeAnnotations } from "./node-annotations";

/** Beginning of the annotations by which Flannel finds its peers. */
const NODE_ANNOTATIONS = "flannel.alpha.coreos.com/";

const schema = z.strictObject({ ...baseShape });

export const LEAVE_FLANNEL = step<z.infer<typeof schema>>({
  name: "leave-flannel",
  summary: "Take away what Flannel left in the API, when no pod has an address of it any more.",
  details: `Refused with a list while any pod has an address of its node's podCIDR. Goes: Flannel's annotations of nodes.
The podCIDRs stay: they are Kubernetes' own, and the way back needs them.`,
  schema,
  run: async (run) => {
    const nodes = new Map((await run.cluster.list<Node>(PATHS.nodes)).map((node) => [node.metadata.name, node]));
    const pods = (await run.cluster.list<Pod>(PATHS.allPods)).filter((pod) => {
      const range = nodes.get(pod.spec?.nodeName ?? "")?.spec?.podCIDR;
      return range !== undefined && placeOf(pod, [range]) === "move";
    });
    if (pods.length > 0) {
      const list = pods.map((pod) => `- ${showPod(pod)} on ${pod.spec?.nodeName}: ${pod.status?.podIP}`);
      throw new ToolError(
        [
          "pods still have addresses of Flannel:",
          ...list,
          "fix: rollout node-pods for their nodes, then this again",
        ].join("\n"),
        EXIT.failed,
      );
    }
    await run.part("annotations of nodes", () => removeNodeAnnotations(run, NODE_ANNOTATIONS));
    return "nothing of Flannel is left in the API";
  },
});
