import { installationSpec } from "../../../components/calico/installation";
import { ipPools } from "../../../components/calico/pools";
import { networkStack } from "../../support/network-stack";

describe("installationSpec", () => {
  it("sets what K3s needs and the operator would get wrong", () => {
    const config = networkStack();
    expect(installationSpec(config)).toEqual({
      variant: "Calico",
      flexVolumePath: "None",
      kubeletVolumePluginPath: "None",
      nodeMetricsPort: 9091,
      typhaMetricsPort: 9093,
      calicoNetwork: {
        bgp: "Disabled",
        linuxDataplane: "Iptables",
        containerIPForwarding: "Enabled",
        hostPorts: "Enabled",
        mtu: 1450,
        nodeAddressAutodetectionV4: { kubernetes: "NodeInternalIP" },
        ipPools: ipPools(config),
        linuxPolicySetupTimeoutSeconds: 10,
      },
    });
  });

  it.each(["registry.example.com/calico", "registry.example.com/calico/", "registry.example.com/calico//"])(
    "ends the registry %s with one slash",
    (registry) => {
      expect(installationSpec(networkStack({ calico: { registry } })).registry).toBe("registry.example.com/calico/");
    },
  );

  it("follows MTU and metrics ports", () => {
    const config = networkStack({
      network: { hostMtu: 9000, podMtu: 8950 },
      calico: { nodeMetricsPort: 19091, typhaMetricsPort: 19093 },
    });
    expect(installationSpec(config)).toMatchObject({
      nodeMetricsPort: 19091,
      typhaMetricsPort: 19093,
      calicoNetwork: { mtu: 8950 },
    });
  });

  it("leaves unset what must be left to the operator", () => {
    const spec = installationSpec(networkStack({ cni: { provider: "calico", leaving: "flannel" } }));
    for (const key of ["kubernetesProvider", "cni", "controlPlaneTolerations", "nonPrivileged", "componentResources"]) {
      expect(spec).not.toHaveProperty(key);
    }
  });
});
