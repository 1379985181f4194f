import { cniPods, usageBetween, type Counters } from "../../../checks/bench/usage";
import type { Pod } from "../../../checks/cluster/objects";

const pod = (name: string, labels: Record<string, string>): Pod => ({
  metadata: { name, namespace: "calico-system", labels },
  spec: { nodeName: "s1", containers: [] },
});
const node = pod("calico-node-x", { "k8s-app": "calico-node" });
const counters = (seconds: number, cpuSeconds: number, memoryBytes = 2 ** 20): Counters =>
  new Map([["calico-system/calico-node-x", { seconds, cpuSeconds, memoryBytes }]]);

it.each([
  [[node, pod("x", { app: "web" })], "calico", 1],
  [[pod("f", { app: "flannel" })], "flannel", 1],
  [[node, pod("f", { app: "flannel" })], "calico and flannel", 2],
  [[pod("x", {})], "a CNI without pods of its own", 0],
])("finds the pods of the CNI", (pods, cni, count) => {
  const found = cniPods(pods);
  expect([found.cni, found.pods.length]).toEqual([cni, count]);
});

it("the mean CPU is time used by time gone; the memory is that at the end", () => {
  expect(usageBetween(counters(100, 5), counters(120, 5.5, 50 * 2 ** 20), [node])).toEqual([
    { pod: "calico-system/calico-node-x", node: "s1", cpuMillicores: 25, memoryMiB: 50 },
  ]);
});

it.each([
  ["was not counted again", counters(100, 5), counters(100, 5)],
  ["was restarted", counters(100, 5), counters(120, 0.1)],
  ["is new", new Map() as Counters, counters(120, 1)],
  ["is gone", counters(100, 5), new Map() as Counters],
])("a pod that %s has no figure", (_, before, after) => {
  expect(usageBetween(before, after, [node])).toEqual([]);
});
