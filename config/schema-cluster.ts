/** The sections about the cluster, K3s, its network and which CNI runs: part of `config/schema.ts`. */
import { z } from "zod";
import { K3S_CREATE_DEFAULT } from "./compatibility";
import { hardening, snapshotStore } from "./schema-hardening";
import { k3sInstall } from "./schema-hosts";
import { cidr, cron, dnsLabel, dnsSubdomain, httpsUrl, ipAddress } from "./values";

export const cluster = z.strictObject({
  name: dnsLabel.describe("Name of the cluster; the Kubernetes provider's `clusterIdentifier`, so never change it."),
  kubeconfigFile: z
    .string()
    .min(1)
    .describe(
      "Path of the kubeconfig, relative to the project folder or absolute. The home folder and KUBECONFIG are never read.",
    ),
  uid: z
    .uuid()
    .optional()
    .describe(
      "UID of the namespace kube-system, the cluster's identity: `kubectl get namespace kube-system -o jsonpath={.metadata.uid}`. Compared before the first write. May be left out only where the stack itself makes the cluster on its hosts; add it then.",
    ),
  endpoint: httpsUrl.describe(
    "URL by which clients outside reach the API server; its host must be in the certificate (tlsSans or a server's address).",
  ),
  tlsSans: z
    .array(z.string())
    .default([])
    .describe("Further names and addresses in the API server's certificate (K3s `tls-san`)."),
  takeOver: z
    .boolean()
    .optional()
    .describe(
      "Objects that others made are being taken over (docs/adopt.md): the stack may win fields that other managers hold, leaves the podSpec of existing Servers as it is, and only reports the Pod Security level of its namespaces. Take it out when `npm run adopt` finds nothing left. Default: false.",
    ),
});

export const k3s = z.strictObject({
  version: z
    .string()
    .default(K3S_CREATE_DEFAULT)
    .describe(
      "K3s version with its build suffix, such as v1.33.8+k3s1. See config/compatibility.ts for what goes together.",
    ),
  install: k3sInstall
    .optional()
    .describe(
      "What K3s is installed from, pinned. Needed on empty machines and for another version; a cluster that runs this version needs none.",
    ),
  datastore: z
    .enum(["sqlite", "etcd"])
    .default("etcd")
    .describe(
      "`etcd` is embedded and needs an odd number of servers; `sqlite` allows one server only. Fixed at creation.",
    ),
  secretsEncryption: z
    .boolean()
    .default(true)
    .describe("Encrypt Secrets at rest (K3s `secrets-encryption`). Cannot be turned on later."),
  etcdSnapshots: z
    .strictObject({
      schedule: cron
        .default("0 */6 * * *")
        .describe("When to take snapshots: five cron fields, in the server's time zone."),
      retention: z.int().min(1).max(1000).default(28).describe("How many scheduled snapshots each server keeps."),
      compress: z.boolean().default(true).describe("Compress snapshots (zip)."),
      s3: snapshotStore
        .optional()
        .describe(
          "Bucket that K3s copies every snapshot to, beside the machine's own folder. Needs the secrets etcdS3AccessKey and etcdS3SecretKey. Default: none.",
        ),
    })
    .prefault({})
    .describe("Scheduled snapshots of the embedded etcd; ignored with SQLite."),
  egressSelectorMode: z
    .enum(["disabled", "agent", "pod", "cluster"])
    .default("agent")
    .describe(
      "How the API server reaches kubelets and pods. `pod` needs a CNI that honours the node's podCIDR, so never with Calico.",
    ),
  kubeProxy: z
    .enum(["iptables", "nftables", "disabled"])
    .default("iptables")
    .describe(
      "How Services are carried: by kube-proxy in one of two modes, or, `disabled`, by Calico with calico.dataplane bpf. On a cluster that runs, change it in a maintenance window.",
    ),
  ...hardening,
  disable: z
    .array(z.enum(["coredns", "servicelb", "traefik", "local-storage", "metrics-server", "runtimes"]))
    .default([])
    .describe("Packaged components that K3s shall not deploy (K3s `disable`)."),
});

export const network = z.strictObject({
  clusterCidr: cidr
    .default("10.42.0.0/16")
    .describe("Range of all pod addresses (K3s `cluster-cidr`). Fixed at creation."),
  serviceCidr: cidr
    .default("10.43.0.0/16")
    .describe("Range of Service addresses (K3s `service-cidr`). Fixed at creation."),
  clusterDns: ipAddress
    .default("10.43.0.10")
    .describe("Service address of CoreDNS (K3s `cluster-dns`), inside serviceCidr. Fixed at creation."),
  clusterDomain: dnsSubdomain
    .default("cluster.local")
    .describe("DNS domain of the cluster (K3s `cluster-domain`). Fixed at creation."),
  nodeCidrs: z
    .array(cidr)
    .min(1)
    .describe("Ranges that hold every node's address. API server egress is allowed to these."),
  nodeCidrMaskSize: z
    .int()
    .min(17)
    .max(28)
    .default(24)
    .describe("Prefix length of each node's podCIDR, cut from the cluster CIDR. Fixed at creation."),
  hostMtu: z.int().min(1280).max(9216).default(1500).describe("MTU of the network between the nodes, in bytes."),
  podMtu: z
    .int()
    .min(1230)
    .max(9166)
    .optional()
    .describe(
      "MTU of pod interfaces, in bytes. Default, and at most: hostMtu less what encapsulation adds, 50 for VXLAN, 60 with calico.wireguard.",
    ),
});

export const cni = z.strictObject({
  provider: z.enum(["calico", "flannel"]).default("calico").describe("The CNI that shall run the pod network."),
  leaving: z
    .enum(["calico", "flannel"])
    .optional()
    .describe(
      "The CNI that the cluster is on its way from. Set for one `up`, removed for the next, which takes the old CNI away.",
    ),
  mode: z
    .enum(["live", "window"])
    .default("live")
    .describe(
      "How a change goes: `live` node by node without losing a request; `window` all nodes at once in a maintenance window, with an outage.",
    ),
  upTo: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Convert only the first N nodes (servers first); the mixed state is stable. Only together with `leaving`.",
    ),
});
