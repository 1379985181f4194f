/** Every combination of what a stack of production chooses: 48 configurations. */
import type { StackFile } from "../../config/stack-file";

const AXES = {
  calico: ["3.31.7", "3.32.1"],
  profile: ["models", "pipelines"],
  tls: [false, true],
  tenants: [1, 3],
  ingress: ["traefik", "istio", "none"],
} as const;

/** One value of each axis. */
export interface Combination {
  readonly calico: (typeof AXES.calico)[number];
  readonly profile: (typeof AXES.profile)[number];
  readonly tls: boolean;
  readonly tenants: (typeof AXES.tenants)[number];
  readonly ingress: (typeof AXES.ingress)[number];
}

/** All of them. */
export const COMBINATIONS: readonly Combination[] = AXES.calico.flatMap((calico) =>
  AXES.profile.flatMap((profile) =>
    AXES.tls.flatMap((tls) =>
      AXES.tenants.flatMap((tenants) => AXES.ingress.map((ingress) => ({ calico, profile, tls, tenants, ingress }))),
    ),
  ),
);

/** Such as `Calico 3.31.7, pipelines, TLS on, 3 tenants, Traefik`. */
export const titleOf = ({ calico, profile, tls, tenants, ingress }: Combination): string =>
  `Calico ${calico}, ${profile}, TLS ${tls ? "on" : "off"}, ${tenants} tenants, ingress ${ingress}`;

/** K3s that each line of Calico is tested with. */
const K3S = { "3.31.7": "v1.33.8+k3s1", "3.32.1": "v1.34.4+k3s1" } as const;

/** The stack file of a combination: what it chooses, and defaults for the rest. */
export function stackOf({ calico, profile, tls, tenants, ingress }: Combination): StackFile {
  const host = (name: string) => (ingress === "none" ? {} : { host: `${name}.example.com` });
  const pipelines = profile === "pipelines";
  return {
    project: "seldon-k3s",
    stack: "matrix",
    values: {
      cluster: {
        name: "matrix",
        kubeconfigFile: "kubeconfig-matrix.yaml",
        uid: "00000000-0000-4000-8000-00000000f009",
        endpoint: "https://192.0.2.10:6443",
      },
      network: { nodeCidrs: ["192.0.2.0/24"] },
      k3s: { version: K3S[calico] },
      calico: { version: calico },
      seldon: {
        namespace: "models",
        ...host("models"),
        tenants: ["fraud-ml", "risk-ml"].slice(0, tenants - 1).map((namespace) => ({ namespace, ...host(namespace) })),
        allowUntestedKubernetes: calico === "3.32.1",
        profile,
        ...(pipelines ? { kafka: { strimzi: {} } } : {}),
        tls: { controlPlane: tls, dataPlane: tls },
      },
      ingress: { provider: ingress, ...(tls && ingress !== "none" ? { tls: {} } : {}) },
      ...(pipelines ? { kafkaPassword: "no-password" } : {}),
    },
    secretKeys: pipelines ? ["kafkaPassword"] : [],
    other: { "pulumi:disable-default-providers": JSON.stringify(["kubernetes"]) },
  };
}
