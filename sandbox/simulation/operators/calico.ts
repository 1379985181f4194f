/** What the Tigera operator would make of its resources (operator 1.40, measured with the real one over simulated nodes). */
import { fields, type KubernetesObject } from "../../api/objects";
import { workload } from "./workload";

const NAMESPACE = "calico-system";

/** Generation of the owner that the stage of the status shall say it has seen (stages/calico.yaml). */
const GENERATION = "seldon-k3s/generation";

const tigeraStatus = (name: string, { metadata }: KubernetesObject): KubernetesObject => ({
  apiVersion: "operator.tigera.io/v1",
  kind: "TigeraStatus",
  metadata: { name, annotations: { [GENERATION]: String(metadata.generation ?? 1) } },
});

/** An IPPool of the Installation, in the form that Felix reads. */
function ipPool(entry: unknown): KubernetesObject {
  const pool = fields(entry);
  const encapsulation = typeof pool["encapsulation"] === "string" ? pool["encapsulation"] : "VXLAN";
  const cidr = String(pool["cidr"]);
  return {
    apiVersion: "crd.projectcalico.org/v1",
    kind: "IPPool",
    metadata: { name: typeof pool["name"] === "string" ? pool["name"] : cidr.replace(/[./:]+/g, "-") },
    spec: {
      cidr,
      blockSize: pool["blockSize"] ?? 26,
      ipipMode: "Never",
      vxlanMode: encapsulation === "VXLANCrossSubnet" ? "CrossSubnet" : "Always",
      natOutgoing: pool["natOutgoing"] !== "Disabled",
      nodeSelector: pool["nodeSelector"] ?? "all()",
      allowedUses: ["Workload", "Tunnel"],
      ...(pool["disableNewAllocations"] === true ? { disabled: true } : {}),
    },
  };
}

const calicoWorkload = (kind: "DaemonSet" | "Deployment", name: string, replicas?: number) =>
  workload({
    kind,
    name,
    namespace: NAMESPACE,
    labels: { "k8s-app": name, "app.kubernetes.io/name": name },
    containers: [name],
    replicas,
    hostNetwork: name !== "calico-kube-controllers" && name !== "calico-apiserver",
  });

/** What kube-controllers makes when it starts, and then leaves to whoever configures it. */
const kubeControllersConfiguration: KubernetesObject = {
  apiVersion: "crd.projectcalico.org/v1",
  kind: "KubeControllersConfiguration",
  metadata: { name: "default" },
  spec: { controllers: { node: { syncLabels: "Enabled", leakGracePeriod: "15m0s" } } },
};

/** For `Installation default`. Pools and configuration stay when it is deleted, as the real operator leaves them. */
export function forInstallation(installation: KubernetesObject): readonly KubernetesObject[] {
  const pools = fields(installation.spec?.["calicoNetwork"])["ipPools"];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels: { name: NAMESPACE } } },
    calicoWorkload("DaemonSet", "calico-node"),
    calicoWorkload("Deployment", "calico-typha", 2),
    calicoWorkload("Deployment", "calico-kube-controllers"),
    kubeControllersConfiguration,
    ...(Array.isArray(pools) ? pools.map(ipPool) : []),
    tigeraStatus("calico", installation),
    tigeraStatus("ippools", installation),
  ];
}

/** For `APIServer default`. The aggregated API itself (projectcalico.org/v3) is not served. */
export function forApiServer(apiServer: KubernetesObject): readonly KubernetesObject[] {
  return [calicoWorkload("Deployment", "calico-apiserver", 2), tigeraStatus("apiserver", apiServer)];
}
