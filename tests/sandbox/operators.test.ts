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
  expect(find(forApiServer(), "TigeraStatus", "apiserver")).toBeDefined();
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
