/** The simulated nodes, and what every K3s cluster has from the start. */
import type { KubernetesObject } from "../api/objects";
import { service, workload } from "./operators/workload";

/** Marks a node, and with it its pods, as simulated; KWOK and the checks look for it. */
const FAKE = { "kwok.x-k8s.io/node": "fake" };

/** Node objects as kubelets would register them. The first one is labelled as a server. */
export function nodes(count: number): KubernetesObject[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `sandbox-${index + 1}`;
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        annotations: FAKE,
        labels: {
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          ...(index === 0 ? { "node-role.kubernetes.io/control-plane": "true" } : {}),
        },
      },
      spec: { providerID: `kwok://${name}` },
    };
  });
}

/** CoreDNS and the default StorageClass, which K3s brings along. The pods are simulated. */
export function k3sFurniture(clusterDns: string): KubernetesObject[] {
  const labels = { "k8s-app": "kube-dns" };
  const dns = service({
    name: "kube-dns",
    namespace: "kube-system",
    selector: labels,
    ports: { dns: [53, 53], metrics: [9153, 9153] },
  });
  return [
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "local-path", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "rancher.io/local-path",
      volumeBindingMode: "WaitForFirstConsumer",
    },
    workload({ kind: "Deployment", name: "coredns", namespace: "kube-system", labels, containers: ["coredns"] }),
    { ...dns, spec: { ...dns.spec, clusterIP: clusterDns } },
  ];
}
