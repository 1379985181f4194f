import { operatorValues } from "../../../components/calico/operator-values";
import { networkStack } from "../../support/network-stack";

const valuesOf = (calico: Record<string, unknown>) => operatorValues(networkStack({ calico }));

describe("operatorValues", () => {
  it("installs the operator alone", () => {
    expect(valuesOf({ version: "3.31.7" })).toEqual({
      installation: { enabled: false },
      apiServer: { enabled: false },
      goldmane: { enabled: false },
      whisker: { enabled: false },
      manageCRDs: true,
    });
  });

  it("leaves the CRDs of the 3.32 line to their own release", () => {
    expect(valuesOf({ version: "3.32.1" }).manageCRDs).toBe(false);
  });

  it("takes the operator's image from the configured registry", () => {
    expect(valuesOf({ registry: "registry.example.com/" }).tigeraOperator).toEqual({
      registry: "registry.example.com",
    });
  });

  it("takes it from another path, by digest, with pull Secrets", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const calico = {
      imagePath: "mirror/calico",
      imagePullSecrets: ["mine"],
      imageDigests: { version: "3.31.7", images: {}, operator: digest },
    };
    expect(valuesOf(calico)).toMatchObject({
      installation: { enabled: false, imagePullSecrets: [{ name: "mine" }] },
      tigeraOperator: { image: "mirror/calico/operator", version: `v1.40.15@${digest}` },
    });
    expect(operatorValues({ ...networkStack({ calico }), pullSecrets: ["calico-pull", "mine"] }).installation).toEqual({
      enabled: false,
      imagePullSecrets: [{ name: "calico-pull" }, { name: "mine" }],
    });
  });

  it("asks for resources only where the stack does", () => {
    expect(valuesOf({ resources: { operator: { cpu: "50m", memory: "128Mi", memoryLimit: "256Mi" } } })).toMatchObject({
      resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    });
    expect(valuesOf({ resources: { node: { cpu: "50m" } } })).not.toHaveProperty("resources");
  });

  describe("the way to the API server", () => {
    const endpoint = (calico: Record<string, unknown>, cluster: Record<string, unknown> = {}) =>
      operatorValues(networkStack({ calico, cluster })).kubernetesServiceEndpoint;

    it("is given with eBPF only: the others have kube-proxy before Calico", () => {
      expect(endpoint({})).toBeUndefined();
      expect(endpoint({ dataplane: "nftables" })).toBeUndefined();
      expect(endpoint({ dataplane: "bpf" }, { endpoint: "https://192.0.2.11:6443" })).toEqual({
        host: "192.0.2.11",
        port: "6443",
      });
    });

    it("is the configured one, and 443 where the endpoint names no port", () => {
      expect(endpoint({ dataplane: "bpf", apiServer: "192.0.2.10:7443" })).toEqual({
        host: "192.0.2.10",
        port: "7443",
      });
      expect(endpoint({ dataplane: "bpf" }, { endpoint: "https://192.0.2.11" })).toEqual({
        host: "192.0.2.11",
        port: "443",
      });
    });
  });
});
