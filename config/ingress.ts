/** What follows from the ingress provider. Pure. */
import type { StackConfig } from "./schema";

/** Pods that may call models. */
export type Client = NonNullable<StackConfig["policies"]["clients"]>[number];

/** Pods of the Traefik that K3s deploys (chart traefik as packaged in K3s v1.32 to v1.36). */
export const TRAEFIK: Client = { namespace: "kube-system", podLabels: { "app.kubernetes.io/name": "traefik" } };

type Provider = StackConfig["ingress"]["provider"];

/** The pods that bring requests, by provider. Without a route of the stack's own, K3s' Traefik may have somebody else's. */
const BRINGERS: Readonly<Record<Provider, (ingress: StackConfig["ingress"]) => Client>> = {
  none: () => TRAEFIK,
  traefik: () => TRAEFIK,
  istio: ({ istio }) => ({ namespace: istio.namespace, podLabels: istio.selector }),
};

/** Who may send inference requests to Envoy: as configured, else the pods of the ingress. */
export const clientsOf = ({ policies, ingress }: Pick<StackConfig, "policies" | "ingress">): readonly Client[] =>
  policies.clients ?? [BRINGERS[ingress.provider](ingress)];
