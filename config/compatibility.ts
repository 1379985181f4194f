/**
 * What goes together. Data, not code: a version that is not here is refused with this table in the message.
 * Sources: Calico's tested Kubernetes versions (docs "System requirements" of 3.31 and 3.32), the operator version pinned
 * in each chart's values.yaml, Seldon Core's docs table (Kubernetes 1.27 to 1.33).
 */
export const CALICO_VERSIONS = ["3.31.7", "3.32.1"] as const;
export type CalicoVersion = (typeof CALICO_VERSIONS)[number];

export const SELDON_VERSIONS = ["2.9.1", "2.10.2"] as const;
export type SeldonVersion = (typeof SELDON_VERSIONS)[number];

/** Versions of cert-manager that the stack can install; API `cert-manager.io/v1` is the same in all later ones. */
export const CERT_MANAGER_VERSIONS = ["1.21.2"] as const;
export type CertManagerVersion = (typeof CERT_MANAGER_VERSIONS)[number];

/** Versions of Strimzi that the stack can install. */
export const STRIMZI_VERSIONS = ["0.47.0"] as const;
export type StrimziVersion = (typeof STRIMZI_VERSIONS)[number];

/**
 * The Kafka that each Strimzi runs here: 3.9 is the newest line that Seldon documents (docs of 2.10, self-hosted Kafka),
 * and 0.47 the last Strimzi with it (its `kafka-versions.yaml`).
 */
export const STRIMZI_KAFKA: Readonly<Record<StrimziVersion, string>> = { "0.47.0": "3.9.1" };

/** The K3s version that new clusters are made with. */
export const K3S_CREATE_DEFAULT = "v1.33.8+k3s1";

interface CalicoRow {
  /** Version of the Tigera operator that the chart pins. */
  readonly operator: string;
  /** Kubernetes minors that Tigera tests, both included. */
  readonly kubernetes: readonly [number, number];
  /** Where the CRDs come from: the operator chart's own `crds/` folder, or a chart that must be installed first. */
  readonly crds: "operator-chart" | "crd-chart";
  /**
   * Images that the operator resolves for what the stack declares, by their original names: all that an ImageSet must hold,
   * CSI and FlexVolume too, which are turned off (operator `ResolveImages` of node, csi, typha, kube-controllers, apiserver).
   */
  readonly images: readonly string[];
  /** Tier that the operator itself puts policies into; absent where it makes none in the open-source variant. */
  readonly operatorTier?: { readonly name: string; readonly order: number };
  /** Cluster-wide policies of Kubernetes' network-policy-api that this line understands. The next line knows the other kind only. */
  readonly clusterPolicies: "AdminNetworkPolicy" | "ClusterNetworkPolicy";
}

const CALICO_IMAGES: readonly string[] = [
  "calico/apiserver",
  "calico/cni",
  "calico/csi",
  "calico/kube-controllers",
  "calico/node",
  "calico/node-driver-registrar",
  "calico/pod2daemon-flexvol",
  "calico/typha",
];

export const CALICO: Readonly<Record<CalicoVersion, CalicoRow>> = {
  "3.31.7": {
    operator: "1.40.15",
    kubernetes: [32, 35],
    crds: "operator-chart",
    images: CALICO_IMAGES,
    clusterPolicies: "AdminNetworkPolicy",
  },
  "3.32.1": {
    operator: "1.42.3",
    kubernetes: [34, 36],
    crds: "crd-chart",
    // `calico/webhooks` runs with native v3 CRDs only, which this stack does not install.
    images: CALICO_IMAGES,
    operatorTier: { name: "calico-system", order: 100 },
    clusterPolicies: "ClusterNetworkPolicy",
  },
};

/**
 * How K3s' kube-proxy must run for each data plane of Calico. Felix marks and accepts packets for the kube-proxy whose rules come
 * after its own, so both use the same tables (docs "Nftables data plane"); with eBPF Felix carries Services itself, and a
 * kube-proxy beside it would fight for them (docs "Install in eBPF mode").
 */
export const KUBE_PROXY_OF = { iptables: "iptables", nftables: "nftables", bpf: "disabled" } as const;

/** Newest Kubernetes minor that Seldon Core documents; newer ones need `seldon.allowUntestedKubernetes`. */
export const SELDON_KUBERNETES: Readonly<Record<SeldonVersion, readonly [number, number]>> = {
  "2.9.1": [27, 33],
  "2.10.2": [27, 33],
};

/** K3s minors that the stack installs or takes over, both included. */
export const K3S_MINORS: readonly [number, number] = [32, 36];

/**
 * First patch of each minor whose K3s has `etcd-s3-retention` (docs.k3s.io `cli/etcd-snapshot`, "S3 Retention"); newer
 * minors have it from their beginning. Without the flag `etcd-snapshot-retention` counts for the bucket too; with it,
 * and without a value, K3s keeps 5.
 */
const S3_RETENTION_SINCE: Readonly<Record<number, number>> = { 32: 8, 33: 4 };

/** Whether a K3s version keeps another number of snapshots in a bucket than on the machine. */
export function hasS3Retention(k3sVersion: string): boolean {
  const [, minor = "0", patch = "0"] = /^v1\.(\d+)\.(\d+)/.exec(k3sVersion) ?? [];
  return Number(minor) >= 32 && Number(patch) >= (S3_RETENTION_SINCE[Number(minor)] ?? 0);
}

/** What a model can ask of a server of each ServerConfig (`serverCapabilities` of the setup chart, same in 2.9.1 and 2.10.2). */
export const SERVER_CAPABILITIES: Readonly<Record<"mlserver" | "triton", readonly string[]>> = {
  mlserver: [
    "mlserver",
    "alibi-detect",
    "alibi-explain",
    "huggingface",
    "lightgbm",
    "mlflow",
    "python",
    "sklearn",
    "spark-mlib",
    "xgboost",
  ],
  triton: ["triton", "dali", "fil", "onnx", "openvino", "python", "pytorch", "tensorflow", "tensorrt"],
};
