/**
 * The exception beside what the operator itself puts into its tier: read by the evaluator of policies. The operator's two
 * policies are those of 1.42.3 as far as they concern kube-controllers' ingress (`pkg/render/kubecontrollers`,
 * `pkg/render/common/networkpolicy`).
 */
import { Evaluator } from "../../../checks/policy/evaluate/evaluate";
import type { CalicoPolicy, PodEnd } from "../../../checks/policy/evaluate/model";
import { kubeControllersAccess } from "../../../components/observability/kube-controllers-access";
import { watchedStack } from "../../support/observability-stack";

const TIER = { metadata: { name: "calico-system" }, spec: { order: 100 } };

const operators: readonly CalicoPolicy[] = [
  {
    metadata: { name: "calico-system.kube-controller-access", namespace: "calico-system" },
    spec: {
      tier: "calico-system",
      order: 1,
      selector: "k8s-app == 'calico-kube-controllers'",
      types: ["Egress", "Ingress"],
      ingress: [
        {
          action: "Allow",
          protocol: "TCP",
          source: {
            namespaceSelector: "name == 'tigera-prometheus'",
            selector: "k8s-app == 'tigera-prometheus'",
          },
          destination: { ports: [9094] },
        },
      ],
    },
  },
  {
    metadata: { name: "calico-system.default-deny", namespace: "calico-system" },
    spec: {
      tier: "calico-system",
      order: 10000,
      selector: "k8s-app != 'calico-apiserver'",
      types: ["Ingress", "Egress"],
    },
  },
];

const pod = (namespace: string, labels: Record<string, string>, ip: string): PodEnd => ({
  kind: "pod",
  namespace,
  labels,
  ip,
});
const PROMETHEUS = pod("monitoring", { app: "prometheus" }, "10.42.128.1");
const STRANGER = pod("shop", { app: "prometheus" }, "10.42.128.2");
const KUBE_CONTROLLERS = pod("calico-system", { "k8s-app": "calico-kube-controllers" }, "10.42.128.3");
const OTHER = pod("calico-system", { "k8s-app": "goldmane" }, "10.42.128.4");

const judge = (own: readonly CalicoPolicy[]) => {
  const namespaces = { monitoring: {}, shop: {}, "calico-system": {} };
  const evaluator = new Evaluator({ namespaces, policies: [], calicoPolicies: [...operators, ...own], tiers: [TIER] });
  return (from: PodEnd, to: PodEnd, port: number) => evaluator.verdict(from, to, port).allowed;
};

describe("beside the operator's default deny of Calico 3.32", () => {
  it("nobody scrapes kube-controllers without the exception", () => {
    expect(judge([])(PROMETHEUS, KUBE_CONTROLLERS, 9094)).toBe("no");
  });

  it("Prometheus' namespace reaches the metrics of kube-controllers with it, and nobody else anything more", () => {
    const allowed = judge(kubeControllersAccess(watchedStack({ calico: { version: "3.32.1" } })));
    expect(allowed(PROMETHEUS, KUBE_CONTROLLERS, 9094)).toBe("yes");
    expect(allowed(PROMETHEUS, KUBE_CONTROLLERS, 9095)).toBe("no");
    expect(allowed(PROMETHEUS, OTHER, 9094)).toBe("no");
    expect(allowed(STRANGER, KUBE_CONTROLLERS, 9094)).toBe("no");
  });

  it("the operator's own rule still decides for those that it is about", () => {
    const allowed = judge(kubeControllersAccess(watchedStack({ calico: { version: "3.32.1" } })));
    expect(allowed(KUBE_CONTROLLERS, PROMETHEUS, 80)).toBe(judge([])(KUBE_CONTROLLERS, PROMETHEUS, 80));
  });
});
