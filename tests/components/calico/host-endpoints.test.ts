import * as k8s from "@pulumi/kubernetes";
import { subjectOf } from "../../../checks/subject";
import { Calico } from "../../../components/calico/calico";
import { hostPolicy } from "../../../components/calico/host-policy";
import { failsafePorts, hostRules } from "../../../components/calico/host-rules";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const stack = (hostEndpoints: object, calico: object = {}) =>
  networkStack({
    hosts: { ...HOSTS, ssh: { port: 2222 } },
    calico: { ...calico, hostEndpoints: { mode: "declared", ...hostEndpoints } },
  });

const record = (config: ReturnType<typeof networkStack>) =>
  recordComponent(() => {
    const provider = new k8s.Provider("provider", { kubeconfig: "kubeconfig-test.yaml", clusterIdentifier: "test" });
    void new Calico("calico", { ...config, subject: subjectOf("test", config) }, { provider });
  });

/** What has to stay open for a cluster to live and to be mended, with who must get in. */
const LIFELINES = [
  ["kubelet", "tcp", 10250, "192.0.2.0/24"],
  ["etcd clients", "tcp", 2379, "192.0.2.0/24"],
  ["etcd peers", "tcp", 2380, "192.0.2.0/24"],
  ["Typha", "tcp", 5473, "192.0.2.0/24"],
  ["VXLAN", "udp", 4789, "192.0.2.0/24"],
  ["WireGuard", "udp", 51820, "192.0.2.0/24"],
  ["the API server", "tcp", 6443, undefined],
  ["SSH", "tcp", 2222, undefined],
  ["DHCP", "udp", 68, undefined],
] as const;

describe("failsafe ports", () => {
  it.each(LIFELINES)("keep %s open, %s/%d", (_, protocol, port, net) => {
    const ports = failsafePorts(stack({ enforce: true }, { wireguard: true }));
    expect(ports).toContainEqual({ protocol, port, ...(net === undefined ? {} : { net }) });
  });

  it("are these and no others, etcd to nodes only", () => {
    const ports = failsafePorts(stack({ enforce: true }, { wireguard: true }));
    expect(ports).toHaveLength(LIFELINES.length);
    // Without WireGuard there is no tunnel to keep.
    expect(failsafePorts(stack({})).map(({ port }) => port)).not.toContain(51820);
  });

  it("let in by SSH and to the API server whom the stack names", () => {
    const ports = failsafePorts(stack({ sshClients: ["203.0.113.0/28"], apiClients: ["203.0.113.0/28"] }));
    const nets = (port: number) => ports.filter((row) => row.port === port).map(({ net }) => net);
    expect(nets(2222)).toEqual(["203.0.113.0/28"]);
    // Nodes and pods too, always: kubelets and controllers live on it.
    expect(nets(6443)).toEqual(["203.0.113.0/28", "192.0.2.0/24", "10.42.0.0/16"]);
  });

  it("take the SSH port of every machine", () => {
    const servers = [{ ...(HOSTS["servers"] as object[])[0], port: 22 }];
    const config = networkStack({ hosts: { ...HOSTS, servers, ssh: { port: 2222 } } });
    expect(hostRules(config).find(({ reason }) => reason.includes("SSH"))?.ports).toEqual([22, 2222]);
    expect(hostRules(networkStack()).find(({ reason }) => reason.includes("SSH"))?.ports).toEqual([22]);
  });
});

describe("hostPolicy", () => {
  const ingress = (config: ReturnType<typeof networkStack>) =>
    hostPolicy(config).spec["ingress"] as { action: string; source?: object; metadata: { annotations: object } }[];

  it("lets everything through last until it is enforced, and denies it then, in the same object", () => {
    const open = ingress(stack({}));
    const closed = ingress(stack({ enforce: true }));
    expect(open.slice(0, -1)).toEqual(closed.slice(0, -1));
    expect([open.at(-1)?.action, closed.at(-1)?.action]).toEqual(["Allow", "Deny"]);
    expect(open.at(-1)?.source).toBeUndefined();
    expect(open.slice(0, -1).every(({ action }) => action === "Allow")).toBe(true);
  });

  it("opens all between nodes, and every failsafe port by itself too", () => {
    const config = stack({ enforce: true }, { wireguard: true });
    expect(hostRules(config)[0]).toMatchObject({ cidrs: ["192.0.2.0/24"] });
    expect(hostRules(config)[0]).not.toHaveProperty("protocol");
    const open = hostRules(config).flatMap(({ ports }) => ports ?? []);
    expect(open).toEqual(expect.arrayContaining([6443, 2222, 10250]));
  });

  it("judges only what comes in, and gives the reason of each rule", () => {
    const { spec } = hostPolicy(stack({ allow: [{ reason: "scrapes", ports: [9100], cidrs: ["10.42.0.0/16"] }] }));
    expect(spec["types"]).toEqual(["Ingress"]);
    expect(spec).not.toHaveProperty("egress");
    expect(spec["ingress"]).toContainEqual({
      action: "Allow",
      protocol: "TCP",
      source: { nets: ["10.42.0.0/16"] },
      destination: { ports: [9100] },
      metadata: { annotations: { reason: "scrapes" } },
    });
  });

  it("selects the endpoints of its mode and no pod", () => {
    expect(hostPolicy(stack({})).spec["selector"]).toBe("has(seldon-k3s/host-endpoint)");
    expect(hostPolicy(stack({ mode: "automatic" })).spec["selector"]).toBe(
      "projectcalico.org/created-by == 'calico-kube-controllers'",
    );
  });
});

describe("HostEndpoints", () => {
  it("declares nothing where nodes have no endpoints", async () => {
    const recording = await record(networkStack({ hosts: HOSTS }));
    expect(recording.ofType("seldon-k3s:index:HostEndpoints")).toEqual([]);
  });

  it("opens before it closes: failsafe ports, Calico everywhere, tier, policy, and only then an endpoint of each machine", async () => {
    const recording = await record(stack({ enforce: true }));
    const endpoints = recording.ofType("HostEndpoint");
    expect(endpoints.map(({ inputs }) => (inputs["spec"] as { node: string }).node).sort()).toEqual([
      "agent-1",
      "agent-2",
      "server-1",
      "server-2",
      "server-3",
    ]);
    expect(endpoints[0]?.inputs).toMatchObject({
      spec: { interfaceName: "*", profiles: ["projectcalico-default-allow"] },
    });
    const order = [
      recording.named("calico-felix-configuration"),
      recording.named("calico-ready"),
      recording.named("calico-hosts-tier"),
      recording.named("calico-hosts-policy"),
    ];
    for (const [index, later] of [...order.slice(1)].entries()) {
      expect(recording.isAfter(later, order[index]!)).toBe(true);
    }
    const policy = recording.named("calico-hosts-policy");
    // By dependencies of their own, not only by their parent's: a deletion goes the same way back.
    expect(endpoints.every(({ dependencies }) => dependencies.includes(policy.urn))).toBe(true);
  });

  it("asks kube-controllers for endpoints by a patch, after the policy", async () => {
    const recording = await record(stack({ mode: "automatic" }));
    expect(recording.ofType("HostEndpoint")).toEqual([]);
    const patch = recording.one("KubeControllersConfigurationPatch");
    expect(patch.inputs).toMatchObject({
      kind: "KubeControllersConfiguration",
      metadata: { name: "default", annotations: { "pulumi.com/patchForce": "true" } },
      spec: { controllers: { node: { hostEndpoint: { autoCreate: "Enabled" } } } },
    });
    expect(recording.isAfter(patch, recording.named("calico-hosts-policy"))).toBe(true);
  });
});

describe("the order of destruction", () => {
  const digests = `sha256:${"0".repeat(64)}`;

  it.each(["3.31.7", "3.32.1"])(
    "of Calico %s ends with the operator and its CRDs: whatever it cleans up after goes while it lives",
    async (version) => {
      const config = stack({}, { version, imageDigests: { version, images: { "calico/node": digests } } });
      const recording = await record(config);
      // The engine deletes a resource after everything that depends on it.
      const deletedBefore = (first: string, then: string) =>
        expect([first, then, recording.isAfter(recording.named(first), recording.named(then))]).toEqual([
          first,
          then,
          true,
        ]);
      deletedBefore("calico-hosts-server-1-node", "calico-hosts-policy");
      deletedBefore("calico-hosts-policy", "calico-hosts-tier");
      deletedBefore("calico-hosts-tier", "calico-api-server");
      deletedBefore("calico-api-server", "calico-installation");
      deletedBefore("calico-installation", "calico-image-set");
      deletedBefore("calico-installation", "calico-felix-configuration");
      for (const object of ["calico-api-server", "calico-installation", "calico-image-set"]) {
        deletedBefore(object, "calico-operator");
      }
      deletedBefore("calico-felix-configuration", "calico-operator");
      if (version === "3.32.1") deletedBefore("calico-operator", "calico-crds");
      deletedBefore("calico-operator", "calico-namespace");
    },
  );
});
