import { probeNamespace } from "../../../rollout/proof/namespace";
import { clientManifest, namespaceManifest, serverManifest } from "../../../rollout/proof/manifests";
import { looksOf, type ProofNode, type ProofPlan } from "../../../rollout/proof/plan";

const node = (name: string, cni: "calico" | "flannel", index: number): ProofNode => ({
  name,
  cni,
  ranges: cni === "calico" ? ["10.42.128.0/17"] : [`10.42.${index}.0/24`],
  address: `192.0.2.${index}`,
});

const plan = (more: Partial<ProofPlan> = {}): ProofPlan => ({
  node: node("s1", "calico", 11),
  peers: [node("s2", "calico", 12), node("a1", "flannel", 21)],
  image: "busybox:1",
  hostPort: 28480,
  api: { address: "10.43.0.1", port: 443 },
  dns: true,
  outside: [{ address: "registry.example.com", port: 443 }],
  claims: [{ pod: "kube-system/svclb", port: 80 }],
  ...more,
});
const pods = new Map([
  ["s1", "10.42.128.5"],
  ["s2", "10.42.129.5"],
  ["a1", "10.42.21.5"],
]);
const rows = (given: ProofPlan, hostPort = true) =>
  looksOf(given, { pods, hostPort }).map(
    ({ topic, kind, from, address, port }) => `${topic} ${kind} ${from} ${address}:${port}`,
  );

test("a node is looked at from itself, towards each peer and from each peer", () => {
  expect(rows(plan())).toEqual([
    "pod-to-pod source s1 10.42.128.5:8480",
    "large-requests large s1 10.42.128.5:8480",
    "pod-to-pod source s1 10.42.129.5:8480",
    "large-requests large s1 10.42.129.5:8480",
    "pod-to-pod source s2 10.42.128.5:8480",
    "large-requests large s2 10.42.128.5:8480",
    "pod-to-pod source s1 10.42.21.5:8480",
    "large-requests large s1 10.42.21.5:8480",
    "pod-to-pod source a1 10.42.128.5:8480",
    "large-requests large a1 10.42.128.5:8480",
    "dns dns s1 kubernetes.default:53",
    "api-server tls s1 10.43.0.1:443",
    "way-out tcp s1 192.0.2.12:10250",
    "way-out tcp s1 192.0.2.21:10250",
    "way-out tcp s1 registry.example.com:443",
    "host-port masked s2 192.0.2.11:28480",
    "host-port masked a1 192.0.2.11:28480",
    "claimed-host-ports tcp s2 192.0.2.11:80",
  ]);
});

test("what a cluster does not have is not looked at", () => {
  expect(rows(plan({ peers: [], dns: false, outside: [], claims: [] }), false)).toEqual([
    "pod-to-pod source s1 10.42.128.5:8480",
    "large-requests large s1 10.42.128.5:8480",
    "api-server tls s1 10.43.0.1:443",
  ]);
});

test("namespaces have the node's name, as far as a namespace can", () => {
  expect(probeNamespace("s1")).toBe("seldon-k3s-probe-s1");
  const dotted = probeNamespace("node.example.com");
  expect(dotted).toMatch(/^seldon-k3s-probe-node-example-com-[0-9a-f]{8}$/);
  expect(probeNamespace("node-example-com")).toBe("seldon-k3s-probe-node-example-com");
  const long = probeNamespace(`${"a".repeat(60)}.example`);
  expect(long.length).toBeLessThanOrEqual(63);
  expect(long).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])$/);
});

interface PodSpec {
  spec: {
    nodeName: string;
    tolerations: unknown;
    automountServiceAccountToken: boolean;
    hostNetwork?: boolean;
    securityContext: Record<string, unknown>;
    volumes: Record<string, unknown>[];
    containers: { securityContext: Record<string, unknown>; ports?: { hostPort?: number }[] }[];
  };
}

test("probe pods keep to Pod Security's restricted profile, run on any node, and hold no token", () => {
  const input = { name: "x", node: "s1", image: "busybox:1" };
  for (const manifest of [serverManifest(input), clientManifest({ ...input, tasks: [] })] as PodSpec[]) {
    const { spec } = manifest;
    expect(spec).toMatchObject({
      nodeName: "s1",
      tolerations: [{ operator: "Exists" }],
      automountServiceAccountToken: false,
    });
    expect(spec.hostNetwork).toBeUndefined();
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(spec.volumes.map((volume) => Object.keys(volume))).toEqual([["name", "emptyDir"]]);
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } });
      expect(container.ports?.some(({ hostPort }) => hostPort !== undefined) ?? false).toBe(false);
    }
  }
  expect((serverManifest({ ...input, hostPort: 28480 }) as PodSpec).spec.containers[0]?.ports?.[0]?.hostPort).toBe(
    28480,
  );
  expect(namespaceManifest("x")).toMatchObject({
    metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
  });
});
