import { hardened } from "../../components/seldon/pod-security";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { forApiServer, forInstallation } from "../../sandbox/simulation/operators/calico";
import { forSeldonRuntime, forServer } from "../../sandbox/simulation/operators/seldon";
import { nodes } from "../../sandbox/simulation/nodes";
import { loadStages } from "../../sandbox/simulation/simulator";

const resource = (kind: string, name: string, spec: KubernetesObject["spec"]): KubernetesObject => ({
  apiVersion: "x/v1",
  kind,
  metadata: { name, namespace: "apps" },
  spec,
});

const find = (objects: readonly KubernetesObject[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

test("a SeldonRuntime's components have the replicas and Service types of its overrides", () => {
  const objects = forSeldonRuntime(
    resource("SeldonRuntime", "seldon", {
      overrides: [
        { name: "seldon-modelgateway", replicas: 0 },
        { name: "hodometer", disable: true },
        { name: "seldon-envoy", replicas: 3, serviceType: "NodePort" },
      ],
    }),
  );
  const replicasOf = (kind: string, name: string) => find(objects, kind, name)?.spec?.["replicas"];
  expect(replicasOf("Deployment", "seldon-modelgateway")).toBe(0);
  expect(replicasOf("Deployment", "seldon-envoy")).toBe(3);
  expect(replicasOf("StatefulSet", "seldon-scheduler")).toBe(1);
  expect(find(objects, "Deployment", "hodometer")).toBeUndefined();
  expect(find(objects, "Service", "seldon-mesh")?.spec).toMatchObject({
    type: "NodePort",
    ports: [
      { name: "data", port: 80, targetPort: 9000 },
      { name: "stats", port: 9003, targetPort: 9003 },
    ],
  });
  expect(find(objects, "Service", "seldon-scheduler")?.spec).toMatchObject({ type: "ClusterIP" });
});

test("a Server is a StatefulSet with the real labels and containers, and one headless Service a replica", () => {
  const objects = forServer(resource("Server", "vision", { serverConfig: "triton", replicas: 2 }));
  const labels = { "app.kubernetes.io/name": "seldon-server", "seldon-server-name": "vision" };
  const set = find(objects, "StatefulSet", "vision");
  expect(set?.spec).toMatchObject({
    replicas: 2,
    template: {
      metadata: { labels },
      spec: { containers: [{ name: "rclone" }, { name: "triton" }, { name: "agent" }] },
    },
  });
  expect(find(objects, "Service", "vision-0")?.spec).toMatchObject({ clusterIP: "None" });
  expect(find(objects, "Service", "vision-1")).toBeDefined();
  expect(objects).toHaveLength(3);
});

const CHART = { fsGroup: 1000, runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true };
const podOf = (objects: readonly KubernetesObject[], kind: string, name: string) =>
  (find(objects, kind, name)?.spec?.["template"] as { spec: Record<string, unknown> } | undefined)?.spec;

test("pods have the charts' security context, and what the stack lays over it by the container's name", () => {
  const podSecurity = hardened("restricted", ["scheduler"]);
  const objects = forSeldonRuntime(
    resource("SeldonRuntime", "seldon", { overrides: [{ name: "seldon-scheduler", podSpec: podSecurity }] }),
  );
  expect(podOf(objects, "StatefulSet", "seldon-scheduler")).toMatchObject({
    securityContext: { ...CHART, seccompProfile: { type: "RuntimeDefault" } },
    containers: [{ name: "scheduler", securityContext: podSecurity?.containers[0]?.securityContext }],
  });
  const envoy = podOf(objects, "Deployment", "seldon-envoy");
  expect(envoy?.["securityContext"]).toEqual(CHART);
  expect(envoy?.["containers"]).toEqual([{ name: "envoy", image: "stand-in.invalid/envoy" }]);
});

test("a Server's containers are merged by name, and one that the ServerConfig does not have is a fourth", () => {
  const podSpec = {
    securityContext: { runAsUser: 2000 },
    nodeSelector: { pool: "gpu" },
    containers: [
      { name: "agent", securityContext: { allowPrivilegeEscalation: false }, env: [] },
      { name: "watcher", image: "registry.example.com/watcher:1" },
    ],
  };
  const pod = podOf(forServer(resource("Server", "vision", { podSpec })), "StatefulSet", "vision");
  expect(pod?.["securityContext"]).toEqual({ ...CHART, runAsUser: 2000 });
  expect(pod).not.toHaveProperty("nodeSelector");
  expect(pod?.["containers"]).toEqual([
    { name: "rclone", image: "stand-in.invalid/rclone" },
    { name: "mlserver", image: "stand-in.invalid/mlserver" },
    { name: "agent", image: "stand-in.invalid/agent", securityContext: { allowPrivilegeEscalation: false } },
    { name: "watcher", image: "stand-in.invalid/watcher" },
  ]);
});

test("an Installation's pools become IPPools, as the real operator writes them", () => {
  const ipPools = [
    {
      name: "default-ipv4-ippool",
      cidr: "10.42.128.0/17",
      encapsulation: "VXLAN",
      natOutgoing: "Enabled",
      blockSize: 26,
    },
    { cidr: "10.42.0.0/17", encapsulation: "VXLANCrossSubnet", natOutgoing: "Disabled", disableNewAllocations: true },
  ];
  const objects = forInstallation(resource("Installation", "default", { calicoNetwork: { ipPools } }));
  expect(find(objects, "IPPool", "default-ipv4-ippool")?.spec).toMatchObject({
    cidr: "10.42.128.0/17",
    vxlanMode: "Always",
    natOutgoing: true,
  });
  expect(find(objects, "IPPool", "10-42-0-0-17")?.spec).toMatchObject({
    vxlanMode: "CrossSubnet",
    natOutgoing: false,
    disabled: true,
  });
  expect(find(objects, "KubeControllersConfiguration", "default")).toBeDefined();
  expect(find(objects, "TigeraStatus", "ippools")).toBeDefined();
  expect(find(forApiServer(resource("APIServer", "default", {})), "TigeraStatus", "apiserver")).toBeDefined();
});

test("the operator's word is about the generation that it has seen, so that a gate can wait for the next one", () => {
  const { metadata, ...rest } = resource("Installation", "default", {});
  const objects = forInstallation({ ...rest, metadata: { ...metadata, generation: 3 } });
  for (const name of ["calico", "ippools"]) {
    expect(find(objects, "TigeraStatus", name)?.metadata.annotations).toEqual({ "seldon-k3s/generation": "3" });
  }
});

test("nodes carry what charts, KWOK and the checks look for", () => {
  const [first, second] = nodes(2);
  expect(first?.metadata.annotations).toEqual({ "kwok.x-k8s.io/node": "fake" });
  expect(first?.metadata.labels).toMatchObject({
    "kubernetes.io/os": "linux",
    "node-role.kubernetes.io/control-plane": "true",
  });
  expect(second?.metadata.labels).not.toHaveProperty("node-role.kubernetes.io/control-plane");
});

test("there is a stage for every kind whose status an absent operator would write", () => {
  const kindsOf = (stages: readonly KubernetesObject[]) =>
    stages.map(({ spec }) => (spec?.["resourceRef"] as { kind: string }).kind).sort();
  const { core, custom } = loadStages();
  expect(kindsOf(core)).toEqual(["Node", "Pod", "Pod", "Pod"]);
  expect(kindsOf(custom)).toEqual(["APIServer", "Installation", "Model", "SeldonRuntime", "Server", "TigeraStatus"]);
});
