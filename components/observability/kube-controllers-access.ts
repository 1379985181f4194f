/**
 * The way from Prometheus to Calico's kube-controllers in the 3.32 line. Its operator puts a default deny into
 * `calico-system`, in a tier before all Kubernetes NetworkPolicies, and lets nobody but Calico Enterprise's own
 * Prometheus reach the port (operator 1.42, `pkg/render/kubecontrollers`; projectcalico/calico#13370). So the exception
 * must stand in that tier, before the operator's policy, which has order 1. What it does not match goes on to the
 * operator's. In 3.31 the tier is Calico Enterprise's only. Felix and Typha are on the host network, where no policy of
 * that tier applies; Goldmane's own policy opens its port to all.
 */
import { CALICO } from "../../config/compatibility";
import { labels } from "../component";
import { REASONS_ANNOTATION } from "../network-policies/builders";
import { NAMESPACE_LABEL } from "../network-policies/endpoints";
import { CALICO_NAMESPACE, keepsCalico, KUBE_CONTROLLERS_PORT, type ObservabilityConfig } from "./targets";

/** A policy of Calico's own kind, as the operator's CRDs store it. */
export interface CalicoPolicy {
  readonly apiVersion: "crd.projectcalico.org/v1";
  readonly kind: "NetworkPolicy";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly tier: string;
    readonly order: number;
    readonly selector: string;
    readonly types: readonly ["Ingress"];
    readonly ingress: readonly [
      {
        readonly action: "Allow";
        readonly protocol: "TCP";
        readonly source: { readonly namespaceSelector: string };
        readonly destination: { readonly ports: readonly number[] };
      },
    ];
  };
}

/** The exception, where one is needed. */
export function kubeControllersAccess(config: ObservabilityConfig): CalicoPolicy[] {
  const { calico, policies } = config;
  const from = policies.monitoringNamespace;
  const tier = CALICO[calico.version].operatorTier?.name;
  if (from === undefined || !keepsCalico(config) || tier === undefined) return [];
  return [
    {
      apiVersion: "crd.projectcalico.org/v1",
      kind: "NetworkPolicy",
      metadata: {
        // The name begins with its tier, as Calico wants it.
        name: `${tier}.seldon-k3s-metrics`,
        namespace: CALICO_NAMESPACE,
        labels: labels({ "projectcalico.org/tier": tier }),
        annotations: {
          [REASONS_ANNOTATION]: `from Prometheus in ${from}, TCP ${KUBE_CONTROLLERS_PORT}: metrics of kube-controllers, which the operator's default deny closes`,
        },
      },
      spec: {
        tier,
        order: 0,
        selector: "k8s-app == 'calico-kube-controllers'",
        types: ["Ingress"],
        ingress: [
          {
            action: "Allow",
            protocol: "TCP",
            source: { namespaceSelector: `${NAMESPACE_LABEL} == '${from}'` },
            destination: { ports: [KUBE_CONTROLLERS_PORT] },
          },
        ],
      },
    },
  ];
}
