/** The section about Calico: part of `config/schema.ts`. */
import { z } from "zod";
import { CALICO_VERSIONS } from "./compatibility";
import { cidr } from "./values";

export const calico = z.strictObject({
  version: z.enum(CALICO_VERSIONS).default("3.31.7").describe("Calico version; its operator and chart follow from it."),
  pool: z
    .strictObject({
      cidr: cidr
        .optional()
        .describe(
          "Range of Calico's pod addresses. Default: the upper half of clusterCidr, which no node's podCIDR uses.",
        ),
      blockSize: z
        .int()
        .min(20)
        .max(32)
        .default(26)
        .describe("Prefix length of the blocks that a node takes from the pool."),
      natOutgoing: z.boolean().default(true).describe("Masquerade what pods send outside the pools."),
    })
    .prefault({})
    .describe("The pool of pod addresses."),
  encapsulation: z
    .enum(["VXLAN", "VXLANCrossSubnet"])
    .default("VXLAN")
    .describe(
      "`VXLAN` always; `VXLANCrossSubnet` only between subnets, where the network routes pod addresses inside one.",
    ),
  registry: z
    .string()
    .optional()
    .describe("Registry of the Calico images instead of quay.io, such as registry.example.com/calico/."),
  nodeMetricsPort: z.int().min(1024).max(65535).default(9091).describe("Felix's Prometheus port on every node."),
  typhaMetricsPort: z
    .int()
    .min(1024)
    .max(65535)
    .default(9093)
    .describe("Typha's Prometheus port; differs from nodeMetricsPort (same host network)."),
});
