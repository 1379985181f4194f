/** What to look at when a part of a proof fails. Pure. */
import type { Topic } from "./plan";

export interface HowToMend {
  readonly fix: string;
}

const TEXTS: Readonly<Record<Topic | "probe-pods" | "address", (node: string) => string>> = {
  "probe-pods": (node) =>
    `see why pods do not start on ${node}: its CNI's pods, \`kubectl describe node ${node}\`, and that the probe image can be had there (hosts.probeImage)`,
  address: (node) =>
    `K3s on ${node} still uses the other CNI: see \`flannel-backend\` on the servers and conf_dir in /var/lib/rancher/k3s/agent/etc/containerd/config.toml on ${node}, then run the settings step again`,
  "pod-to-pod": (node) =>
    `another source: on ${node} and its counterpart compare \`iptables -t nat -S POSTROUTING\` with the guard rule (/usr/local/lib/seldon-k3s/pod-source-guard check) and see that Calico has an IPPool for Flannel's range; no answer: UDP 4789 and 8472 between the nodes, \`ip route\`, \`ip -d link show type vxlan\``,
  "large-requests": (node) =>
    `compare the MTU of vxlan.calico, flannel.1 and the pods on ${node} with that of the network between the nodes, which must be 50 bytes larger`,
  dns: (node) =>
    `see that CoreDNS is Ready (kubectl -n kube-system get pods -l k8s-app=kube-dns) and that pods on ${node} reach other nodes`,
  "api-server": (node) =>
    `see kube-proxy's rules for the Service default/kubernetes on ${node} (iptables -t nat -S KUBE-SERVICES)`,
  "way-out": (node) =>
    `see that ${node} masquerades what leaves the pod network: natOutgoing of the IPPools (Calico), FLANNEL-POSTRTG (Flannel)`,
  "host-port": (node) =>
    `see the portmap plugin in the CNI's configuration on the proven node, and whether ${node} reaches that node's address`,
  "claimed-host-ports": () =>
    "on the proven node run /usr/local/lib/seldon-k3s/host-ports for the CNI that was left: an entry of CNI-HOSTPORT-DNAT may lead to a pod that is gone",
};

export const howToMend = (topic: keyof typeof TEXTS, node: string): HowToMend => ({ fix: TEXTS[topic](node) });
