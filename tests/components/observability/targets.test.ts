import { policyContext } from "../../../components/network-policies/context";
import { holds } from "../../../components/network-policies/context";
import { POD_LABELS } from "../../../components/network-policies/endpoints";
import type { Flow } from "../../../components/network-policies/flow";
import { FLOWS } from "../../../components/network-policies/flows";
import { targetsOf } from "../../../components/observability/targets";
import { everything, watchedStack } from "../../support/observability-stack";
import type { StackConfig } from "../../../config/schema";

/** `pod labels: port` of everything that the policies let Prometheus reach. */
function allowed(config: StackConfig): string[] {
  const context = policyContext(config);
  const rows: readonly Flow[] = FLOWS.filter((flow: Flow) => flow.from.includes("prometheus") && holds(flow, context));
  return rows.flatMap(({ to, ports }) =>
    (ports as readonly number[]).map((port) => `${JSON.stringify(POD_LABELS[to as keyof typeof POD_LABELS])}: ${port}`),
  );
}

/** The same of everything of Seldon's that is scraped. */
const scraped = (config: StackConfig): string[] =>
  targetsOf(config)
    .filter(({ namespaces }) => !namespaces.includes("calico-system"))
    .flatMap(({ podLabels, ports }) => ports.map((port) => `${JSON.stringify(podLabels)}: ${port}`));

const TRITON = { servers: [{ name: "mlserver" }, { name: "triton", config: "triton" }] };

describe("what is scraped of Seldon", () => {
  it.each<[string, StackConfig]>([
    ["models only", watchedStack()],
    ["with Triton", watchedStack({ seldon: TRITON })],
    ["pipelines", everything()],
    [
      "an operator apart",
      watchedStack({ seldon: { operatorNamespace: "seldon-system", tenants: [{ namespace: "b" }] } }),
    ],
  ])("is exactly what the policies let Prometheus reach: %s", (_, config) => {
    expect(scraped(config).sort()).toEqual(allowed(config).sort());
    expect(scraped(config).length).toBeGreaterThan(3);
  });

  it("is in every runtime's namespace, and the operator in its own", () => {
    const config = watchedStack({ seldon: { operatorNamespace: "seldon-system", tenants: [{ namespace: "b" }] } });
    const where = Object.fromEntries(targetsOf(config).map(({ id, namespaces }) => [id, namespaces]));
    expect(where["agent"]).toEqual(["financial-ml", "b"]);
    expect(where["envoy"]).toEqual(["financial-ml", "b"]);
    expect(where["seldon-operator"]).toEqual(["seldon-system"]);
  });

  it("counts a tenant's own servers", () => {
    const config = watchedStack({
      seldon: { tenants: [{ namespace: "b", servers: [{ name: "t", config: "triton" }] }] },
    });
    expect(targetsOf(config).find(({ id }) => id === "inference-server")?.ports).toEqual([8082, 8002]);
  });
});

describe("what is scraped of Calico", () => {
  const calico = (config: StackConfig) =>
    targetsOf(config)
      .filter(({ namespaces }) => namespaces.includes("calico-system"))
      .map(({ id, ports }) => `${id}:${ports.join()}`);

  it("has the ports of the Installation", () => {
    expect(calico(watchedStack({ calico: { nodeMetricsPort: 9191, typhaMetricsPort: 9193 } }))).toEqual([
      "felix:9191",
      "typha:9193",
      "kube-controllers:9094",
    ]);
  });

  it("has Goldmane where it is asked for", () => {
    expect(calico(everything({ goldmane: { enabled: true, metricsPort: 9999 } }))).toContain("goldmane:9999");
  });

  it("is nothing without Calico, and nothing while it is being left", () => {
    expect(calico(watchedStack({ cni: { provider: "flannel" } }))).toEqual([]);
    expect(calico(watchedStack({ cni: { provider: "flannel", leaving: "calico" } }))).toEqual([]);
    expect(calico(watchedStack({ cni: { provider: "calico", leaving: "flannel" } }))).toHaveLength(3);
  });
});
