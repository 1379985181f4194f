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

  it.each([
    ["iptables", "Iptables"],
    ["nftables", "Nftables"],
    ["bpf", "BPF"],
  ])("calls the data plane %s as the operator does", (dataplane, name) => {
    expect(installationSpec(networkStack({ calico: { dataplane } })).calicoNetwork.linuxDataplane).toBe(name);
  });

  it.each([
    [{}, {}, 1450],
    [{ hostMtu: 9000 }, {}, 8950],
    [{}, { encapsulation: "VXLANCrossSubnet" }, 1450],
    [{}, { wireguard: true }, 1440],
    [{ hostMtu: 9000 }, { wireguard: true }, 8940],
    [{ hostMtu: 9000, podMtu: 1400 }, { wireguard: true }, 1400],
  ])("derives the MTU of network %j and calico %j", (network, calico, mtu) => {
    expect(installationSpec(networkStack({ network, calico })).calicoNetwork.mtu).toBe(mtu);
  });

  it("names the image path and the pull Secrets, the stack's own first", () => {
    const config = networkStack({ calico: { imagePath: "mirror/calico", imagePullSecrets: ["mine"] } });
    expect(installationSpec(config)).toMatchObject({
      imagePath: "mirror/calico",
      imagePullSecrets: [{ name: "mine" }],
    });
    expect(installationSpec({ ...config, pullSecrets: ["calico-pull", "mine"] }).imagePullSecrets).toEqual([
      { name: "calico-pull" },
      { name: "mine" },
    ]);
  });

  it("asks for resources of each part by the one container that the operator lets override", () => {
    const resources = { node: { cpu: "250m" }, typha: { memory: "128Mi" }, kubeControllers: { memoryLimit: "256Mi" } };
    const spec = installationSpec(networkStack({ calico: { resources } }));
    const containers = (override: typeof spec.typhaDeployment) => override?.spec.template.spec.containers;
    expect(containers(spec.calicoNodeDaemonSet)).toEqual([
      { name: "calico-node", resources: { requests: { cpu: "250m" } } },
    ]);
    expect(containers(spec.typhaDeployment)).toEqual([
      { name: "calico-typha", resources: { requests: { memory: "128Mi" } } },
    ]);
    expect(containers(spec.calicoKubeControllersDeployment)).toEqual([
      { name: "calico-kube-controllers", resources: { limits: { memory: "256Mi" } } },
    ]);
  });

  it("places the controllers and leaves Typha free to run anywhere", () => {
    const spec = installationSpec(
      networkStack({ calico: { controlPlane: { nodeLabels: { tier: "a" }, replicas: 3 } } }),
    );
    expect(spec).toMatchObject({ controlPlaneNodeSelector: { tier: "a" }, controlPlaneReplicas: 3 });
    expect(spec).not.toHaveProperty("controlPlaneTolerations");
    expect(spec).not.toHaveProperty("typhaDeployment");
  });
});
