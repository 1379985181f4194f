/** The section about Calico: part of `config/schema.ts`. What each option costs: docs/calico.md. */
import { z } from "zod";
import { CALICO_VERSIONS } from "./compatibility";
import { cidr, dnsSubdomain, hostPort, quantity } from "./values";

const blockSize = z
  .int()
  .min(20)
  .max(32)
  .default(26)
  .describe("Prefix length of the blocks that a node takes from the pool. Fixed once the pool exists.");
const natOutgoing = z.boolean().default(true).describe("Masquerade what pods send outside the pools.");
const port = z.int().min(1).max(65535);

/** Name of an IPPool; tools write it into annotations of pods and namespaces. */
const poolName = dnsSubdomain.describe("Name of the IPPool, by which pods and namespaces ask for it.");

const purposePool = z.strictObject({
  name: poolName,
  cidr: cidr.describe("Its range: inside clusterCidr, sharing no address with another pool. Fixed once it exists."),
  blockSize,
  natOutgoing,
  nodeLabels: z
    .record(z.string(), z.string())
    .default({})
    .describe("Nodes with these labels take their pods' addresses from this pool, and not from the main one."),
  onRequest: z
    .boolean()
    .default(false)
    .describe(
      "Give addresses only to pods, or pods of namespaces, whose annotation cni.projectcalico.org/ipv4pools names the pool.",
    ),
});

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, {
  error: "expected sha256: and 64 lower-case hexadecimal digits (`crane digest IMAGE`, or the registry's own page)",
});

const hostEndpoints = z.strictObject({
  mode: z
    .enum(["off", "automatic", "declared"])
    .default("off")
    .describe(
      "`automatic`: Calico's controller makes a HostEndpoint of every node. `declared`: the stack makes one of each machine in hosts.",
    ),
  enforce: z
    .boolean()
    .default(false)
    .describe(
      "Close what no rule allows. Off: the same rules stand, and everything else is let through after them. Turn it on in an update of its own.",
    ),
  apiClients: z.array(cidr).min(1).default(["0.0.0.0/0"]).describe("Who may reach the API server on port 6443."),
  sshClients: z
    .array(cidr)
    .min(1)
    .default(["0.0.0.0/0"])
    .describe("Who may log in by SSH; the runner of the stack, or its bastion, must be among them."),
  allow: z
    .array(
      z.strictObject({
        reason: z.string().min(1).describe("Why; stands in the rule's annotations."),
        protocol: z.enum(["TCP", "UDP"]).default("TCP").describe("Transport protocol."),
        ports: z.array(port).min(1).describe("Ports of the node, such as 9100 for a node exporter."),
        cidrs: z.array(cidr).min(1).describe("Who may reach them."),
      }),
    )
    .default([])
    .describe(
      "What else may reach the nodes' own processes. Pods, NodePorts and host ports of pods are not concerned.",
    ),
});

const resources = z
  .strictObject({
    cpu: quantity.optional().describe("Requested CPU, such as 250m."),
    memory: quantity.optional().describe("Requested memory, such as 256Mi."),
    memoryLimit: quantity
      .optional()
      .describe("Memory at which the kernel ends it. No CPU limit: it would delay packets' rules."),
  })
  .describe("What one pod of it asks the scheduler for.");

export const calico = z.strictObject({
  version: z.enum(CALICO_VERSIONS).default("3.31.7").describe("Calico version; its operator and chart follow from it."),
  pool: z
    .strictObject({
      cidr: cidr
        .optional()
        .describe(
          "Range of Calico's pod addresses. Default: the upper half of clusterCidr, which no node's podCIDR uses.",
        ),
      blockSize,
      natOutgoing,
    })
    .prefault({})
    .describe("The main pool of pod addresses."),
  pools: z
    .array(purposePool)
    .max(20)
    .default([])
    .describe("Further pools, each for nodes with certain labels or for pods that ask for it."),
  encapsulation: z
    .enum(["VXLAN", "VXLANCrossSubnet"])
    .default("VXLAN")
    .describe(
      "`VXLAN` always; `VXLANCrossSubnet` only between subnets, where the network routes pod addresses inside one.",
    ),
  dataplane: z
    .enum(["iptables", "nftables", "bpf"])
    .default("iptables")
    .describe("What carries policies and, with `bpf`, Services too. Goes with k3s.kubeProxy."),
  apiServer: hostPort
    .optional()
    .describe(
      "address:port by which nodes and pods reach the API server without Services and DNS; read with `bpf` only. Default: host and port of cluster.endpoint.",
    ),
  wireguard: z
    .boolean()
    .default(false)
    .describe(
      "Encrypt what pods of different nodes send each other. Costs 10 bytes of MTU more than VXLAN and, measured by others, more than half of the throughput at 40 Gbit/s.",
    ),
  hostEndpoints: hostEndpoints.prefault({}).describe("Policies for the nodes' own processes."),
  registry: z
    .string()
    .optional()
    .describe("Registry of the Calico images instead of quay.io, such as registry.example.com/calico/."),
  imagePath: z
    .string()
    .regex(/^[a-z0-9]+([._/-][a-z0-9]+)*$/, {
      error: "expected a path without a slash at either end, such as mirror/calico",
    })
    .optional()
    .describe("Path instead of `calico` and `tigera` between registry and image name."),
  imagePullSecrets: z
    .array(dnsSubdomain)
    .default([])
    .describe(
      "Names of Secrets in namespace tigera-operator that somebody else makes. For one that the stack makes, set calicoPullSecret.",
    ),
  imageDigests: z
    .strictObject({
      version: z
        .enum(CALICO_VERSIONS)
        .describe("Calico version that the digests are of; compared with calico.version."),
      images: z.record(z.string(), digest).describe("Digest by the image's original name, such as calico/node."),
      operator: digest.optional().describe("Digest of tigera/operator, which no ImageSet covers."),
    })
    .optional()
    .describe("Run exactly these images (an ImageSet). Every image that the version runs must be named."),
  resources: z
    .strictObject({
      node: resources.optional(),
      typha: resources.optional(),
      kubeControllers: resources.optional(),
      operator: resources.optional(),
    })
    .default({})
    .describe("What Calico's parts ask for. Default: nothing, as upstream; they run at system-critical priority."),
  controlPlane: z
    .strictObject({
      nodeLabels: z
        .record(z.string(), z.string())
        .default({})
        .describe("Run kube-controllers and Calico's API server only on nodes with these labels. Typha runs anywhere."),
      replicas: z
        .int()
        .min(1)
        .max(5)
        .optional()
        .describe("Replicas of Calico's API server. Default: the operator's, 2."),
    })
    .prefault({})
    .describe("Where Calico's own controllers run."),
  nodeMetricsPort: z.int().min(1024).max(65535).default(9091).describe("Felix's Prometheus port on every node."),
  typhaMetricsPort: z
    .int()
    .min(1024)
    .max(65535)
    .default(9093)
    .describe("Typha's Prometheus port; differs from nodeMetricsPort (same host network)."),
});
