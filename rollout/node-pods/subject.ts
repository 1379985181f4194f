/** What `node-pods` and `prove` work on. */
import { z } from "zod";
import { CNI } from "../../components/k3s/cni";
import type { Cni } from "../../config/schema";
import { ToolError } from "../../tools/cli";
import { EXIT } from "../../checks/exit-codes";
import { baseShape, cidr, cniSchema, ipAddress, sshTargetSchema, word } from "../cli/subject";
import type { Node } from "../../checks/cluster/objects";

const port = z.int().min(1).max(65535);

export const nodePodsSchema = z.strictObject({
  ...baseShape,
  node: word.describe("The node whose K3s has the new CNI already."),
  role: z.enum(["server", "agent"]),
  from: cniSchema.describe("CNI that is being left: pods with its addresses are recreated."),
  to: cniSchema.describe("CNI that new pods of the node must get their addresses from."),
  pools: z.array(cidr).min(1).describe("Ranges that Calico gives addresses from."),
  probeImage: word.describe("Image with busybox."),
  apiServer: z.strictObject({
    address: ipAddress.describe("Address of the Service kubernetes.default."),
    port,
    nodePort: port.describe("Port of the API server on a server's own address."),
  }),
  podMtu: z.int().positive().optional().describe("MTU that the stack declares for pods, for messages."),
  target: sshTargetSchema.describe("The node as SSH reaches it, to take host-port entries away."),
  peers: z
    .array(z.strictObject({ node: word, address: ipAddress.optional(), cni: cniSchema }))
    .describe("Nodes to prove against, in order of preference; the first one that is Ready of each CNI is used."),
  hostPort: port.default(28480).describe("Port of the node that the probe claims; nothing else may use it."),
  outside: z
    .array(z.strictObject({ address: word, port }))
    .default([])
    .describe("Further destinations outside the pod network that must accept connections from the node's pods."),
  allowBarePods: z.boolean().default(false).describe("Delete pods that no controller makes again."),
  allowIncomplete: z.boolean().default(false).describe("Move pods of workloads that lack replicas anyway."),
  parallel: z.int().min(1).max(32).default(4).describe("Workloads that are worked on at the same time."),
  jobWaitSeconds: z
    .number()
    .min(0)
    .default(120)
    .describe("How long a Job's pod may go on before it is evicted; the Job then starts another."),
});
export type NodePodsSubject = z.infer<typeof nodePodsSchema>;

/**
 * Ranges that a CNI gives addresses from on a node.
 * @throws ToolError where Flannel's is not known.
 */
export function rangesOf(cni: Cni, node: Node, pools: readonly string[]): readonly string[] {
  if (CNI[cni].addresses === "pool") return pools;
  const range = node.spec?.podCIDR;
  if (range !== undefined) return [range];
  throw new ToolError(
    `node ${node.metadata.name} has no podCIDR, so ${cni}'s addresses cannot be told; fix: see that the controller manager allocates node CIDRs`,
    EXIT.failed,
  );
}
